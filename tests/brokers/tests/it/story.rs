//! What must be true of spans, counts and log lines, whichever broker the jobs went over.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use xtask::{
    otlp::{Kind, Span},
    promtext::Page,
};

use crate::site::Site;

pub(crate) const IN_FLIGHT: &str = "bench_jobs_in_flight";

/// What became of the first attempt at the stuck benchmark.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It died with its process: whoever took the job over counts it, and it has no span.
    Killed,
    /// It was dropped in a process that lives on.
    Dropped,
}

/// All that the processes emitted.
pub(crate) struct Story<'a> {
    spans: Vec<Span>,
    pages: &'a [Page],
    said: &'a [Value],
    relation: &'a str,
    lost: Lost,
    /// How long what is sent again is held back.
    later: Duration,
    /// The ids of the messages, in the order in which they were scheduled: steady, flaky, poison,
    /// stuck, steady.
    messages: Vec<String>,
}

impl<'a> Story<'a> {
    pub(crate) fn of(site: &'a Site, relation: &'a str, lost: Lost, later: Duration) -> Self {
        let said = site.said();
        let scheduled = said.iter().filter(|line| line["message"] == "scheduled");
        let id = |line: &Value| line["message_id"].as_str().expect("it has one").to_owned();
        Self {
            spans: site.receiver.spans(),
            pages: site.pages(),
            said,
            relation,
            lost,
            later,
            messages: scheduled.map(id).collect(),
        }
    }

    pub(crate) fn check(&self) {
        self.counts();
        self.ids();
        self.traces();
    }

    /// Each attempt is counted once, whoever counted it.
    fn counts(&self) {
        let mut ended = BTreeMap::new();
        for sample in self.samples("bench_jobs_total") {
            let label = |name| sample.label(name).unwrap_or("?").to_owned();
            assert_eq!(label("job_type"), "bench");
            let key = [label("attempt"), label("trigger"), label("outcome")].join(" ");
            *ended.entry(key).or_insert(0.0) += sample.value;
        }
        let lost = match self.lost {
            Lost::Killed => "first message abandoned",
            Lost::Dropped => "first message cancelled",
        };
        // What was held back was set off by its delay; the stuck one's second attempt was not.
        let again = if self.later.is_zero() {
            "message"
        } else {
            "delay"
        };
        let all = [
            ("first message ok".to_owned(), 2.0),
            ("first message retry".to_owned(), 2.0),
            (lost.to_owned(), 1.0),
            ("retry message ok".to_owned(), 1.0),
            (format!("retry {again} ok"), 1.0),
            (format!("retry {again} retry"), 1.0),
            (format!("final {again} dead_letter"), 1.0),
            ("first redrive ok".to_owned(), 1.0),
        ];
        let mut expected = BTreeMap::new();
        for (key, count) in all {
            *expected.entry(key).or_insert(0.0) += count;
        }
        assert_eq!(ended, expected);
        assert_eq!(self.sum("bench_jobs_started_total"), 10.0);
        assert_eq!(self.sum("task_retry_count"), 4.0);
        assert_eq!(self.sum("bench_dead_letters_total"), 1.0);
        // Scheduled, sent again, dead, sent once more.
        assert_eq!(self.sum("bench_messages_sent_total"), 5.0 + 3.0 + 1.0 + 1.0);
        // An attempt whose worker was killed began to wait, and did not end.
        assert_eq!(self.sum("scheduling_delay_seconds_count"), 10.0);
        let timed = if self.lost == Lost::Killed { 9.0 } else { 10.0 };
        assert_eq!(self.sum("execution_duration_seconds_count"), timed);
        assert_eq!(self.sum("throughline_job_context_rejected_total"), 0.0);
    }

    fn samples(&self, name: &str) -> impl Iterator<Item = &xtask::promtext::Sample> {
        let samples = self
            .pages
            .iter()
            .flat_map(Page::families)
            .flat_map(|family| &family.samples);
        samples.filter(move |sample| sample.name == name)
    }

    fn sum(&self, name: &str) -> f64 {
        self.pages.iter().map(|page| page.sum(name, &[])).sum()
    }

    /// The ids that the scheduler gave are those of every runner, two processes on.
    fn ids(&self) {
        for message in &self.messages {
            let of = |text: &str| {
                let lines = self.said.iter();
                let lines = lines.filter(|line| line["message_id"] == **message);
                lines
                    .filter(|line| line["message"] == text)
                    .collect::<Vec<_>>()
            };
            let scheduled = of("scheduled")[0];
            let running = of("running");
            assert!(!running.is_empty(), "{message}");
            for line in running {
                for id in ["job_id", "request_id"] {
                    assert!(line[id].is_string(), "{line}");
                    assert_eq!(line[id], scheduled[id], "{message}");
                }
                assert_eq!(line["service"], "runner");
            }
        }
    }

    fn traces(&self) {
        let [steady, flaky, poison, stuck, last] = &self.messages[..] else {
            panic!("five were scheduled: {:?}", self.messages);
        };
        for message in [steady, last] {
            assert_eq!(self.attempts(message).len(), 1);
            self.first(message);
        }

        self.first(flaky);
        let again = self.later(flaky, 2);
        self.sent_again(flaky, 1, again);

        self.first(poison);
        for attempt in [2, 3] {
            let span = self.later(poison, attempt);
            self.sent_again(poison, attempt - 1, span);
        }
        self.redriven(poison);

        let taken = self.later(stuck, 2);
        assert_eq!(outcome(taken), "ok");
        match self.lost {
            Lost::Killed => assert_eq!(self.attempts(stuck).len(), 1, "the other died unseen"),
            Lost::Dropped => assert_eq!(outcome(self.first(stuck)), "cancelled"),
        }
    }

    /// The span in which the scheduler sent the message.
    fn sent(&self, message: &str) -> &Span {
        let found = self.spans.iter().filter(|span| span.name == "send bench");
        let mut found = found.filter(|span| span.text("messaging.message.id") == Some(message));
        let is_first = |span: &&Span| {
            self.parent(span)
                .is_some_and(|up| up.name == "schedule bench")
        };
        let sent = found.find(is_first).expect("it was sent");
        assert_eq!(sent.kind, Kind::Producer);
        sent
    }

    fn parent(&self, of: &Span) -> Option<&Span> {
        let id = of.parent_id.as_ref()?;
        self.spans
            .iter()
            .find(|span| span.span_id == *id && span.trace_id == of.trace_id)
    }

    fn children(&self, of: &Span) -> impl Iterator<Item = &Span> {
        self.spans
            .iter()
            .filter(move |span| span.parent_id.as_ref() == Some(&of.span_id))
    }

    /// The attempts at a message's job that nobody redrove.
    fn attempts(&self, message: &str) -> Vec<&Span> {
        let found = self
            .spans
            .iter()
            .filter(|span| span.name == "process bench");
        let found = found.filter(|span| span.text("messaging.message.id") == Some(message));
        found
            .filter(|span| span.text("throughline.job.trigger") != Some("redrive"))
            .collect()
    }

    fn attempt(&self, message: &str, number: i64) -> &Span {
        let mut found = self.attempts(message).into_iter();
        let is_it = |span: &&Span| number_of(span) == Some(number);
        let span = found
            .find(is_it)
            .unwrap_or_else(|| panic!("attempt {number} at {message}"));
        assert_eq!(span.kind, Kind::Consumer);
        assert!(
            links_to(span, self.sent(message)),
            "it links to where it was made: {span:?}"
        );
        self.worked(span);
        span
    }

    /// A first attempt is part of the scheduler's trace, unless links alone are wanted.
    fn first(&self, message: &str) -> &Span {
        let (span, sent) = (self.attempt(message, 1), self.sent(message));
        match self.relation {
            "link" => apart(span, sent),
            _ => below(span, sent),
        }
        span
    }

    /// A later attempt has a trace of its own, unless children are wanted.
    fn later(&self, message: &str, number: i64) -> &Span {
        let (span, sent) = (self.attempt(message, number), self.sent(message));
        match self.relation {
            "parent" => below(span, sent),
            _ => apart(span, sent),
        }
        span
    }

    /// The phases are under the job's span, and the runner's span, of another process, under its phase.
    fn worked(&self, job: &Span) {
        let phases = self
            .children(job)
            .filter(|span| span.name.starts_with("stage "));
        let names = phases.map(|span| span.name.as_str()).collect::<Vec<_>>();
        let all = ["provision", "run_test", "collect_artifacts", "teardown"];
        let all = all.map(|name| format!("stage {name}"));
        let known = if outcome(job) == "ok" { 4 } else { 2 };
        assert_eq!(names, all[..known], "{job:?}");
        let run = self
            .children(job)
            .find(|span| span.name == "stage run_test");
        let mut runners = self.children(run.expect("it ran"));
        if outcome(job) == "cancelled" {
            return;
        }
        let runner = runners
            .find(|span| span.name == "run bench")
            .expect("a runner ran");
        assert_eq!(runner.service, "runner");
        assert_eq!(runner.trace_id, job.trace_id);
        for id in ["job_id", "message_id", "request_id"] {
            assert!(job.text(id).is_some(), "{id}: {job:?}");
            assert_eq!(runner.text(id), job.text(id));
        }
        assert_eq!(runner.is_error(), outcome(job) != "ok");
    }

    /// The message was sent again within the attempt that failed, and that links to where it was made.
    fn sent_again(&self, message: &str, failed: i64, next: &Span) {
        let failed = self.attempt(message, failed);
        assert_eq!(outcome(failed), "retry");
        assert!(!failed.is_error(), "it is not over yet");
        let again = self.children(failed).find(|span| span.name == "send bench");
        let again = again.expect("it was sent again");
        assert!(links_to(again, self.sent(message)));
        assert_eq!(number_of(again), number_of(next));
        self.held_back(again, next);
    }

    /// Nobody got the message before it was due, and only what came after that is a delay.
    fn held_back(&self, sent: &Span, next: &Span) {
        let took = next.start_ns.checked_sub(sent.start_ns);
        let took = Duration::from_nanos(took.expect("it was sent before"));
        let beyond = took.checked_sub(self.later);
        let beyond = beyond.unwrap_or_else(|| panic!("too early, after {took:?}: {next:?}"));
        let delay = next.attributes["throughline.job.queue_delay_seconds"].as_f64();
        // Both are of the same two moments, but for what lies between a message and its span.
        let slack = Duration::from_millis(500);
        let difference = delay.expect("it is a number") - beyond.as_secs_f64();
        assert!(
            difference.abs() < slack.as_secs_f64(),
            "{delay:?}, {took:?}"
        );
    }

    fn redriven(&self, message: &str) {
        let last = self.attempt(message, 3);
        assert_eq!(outcome(last), "dead_letter");
        assert!(last.is_error(), "there is no further attempt");
        let dead = self
            .children(last)
            .find(|span| span.name == "send bench-dead");
        let dead = dead.expect("it went to the dead-letter queue");
        let is_redrive = |span: &&Span| span.text("throughline.job.trigger") == Some("redrive");
        let redriven = self.spans.iter().filter(is_redrive).collect::<Vec<_>>();
        let of = |name| {
            *redriven
                .iter()
                .find(|span| span.name == name)
                .expect("it was redriven")
        };
        let (sent, processed) = (of("send bench"), of("process bench"));
        assert_eq!(redriven.len(), 2);
        assert!(links_to(sent, dead) && links_to(sent, self.sent(message)));
        assert!(links_to(processed, sent) && links_to(processed, self.sent(message)));
        assert_eq!(number_of(processed), Some(1));
        assert_eq!(outcome(processed), "ok");
        match self.relation {
            "parent" => below(processed, sent),
            _ => apart(processed, sent),
        }
        self.worked(processed);
    }
}

#[track_caller]
fn below(span: &Span, sent: &Span) {
    assert_eq!(span.trace_id, sent.trace_id, "{span:?}");
    assert_eq!(span.parent_id.as_ref(), Some(&sent.span_id), "{span:?}");
}

#[track_caller]
fn apart(span: &Span, sent: &Span) {
    assert_ne!(span.trace_id, sent.trace_id, "{span:?}");
    assert_eq!(span.parent_id, None, "{span:?}");
}

fn links_to(span: &Span, other: &Span) -> bool {
    let is_it =
        |link: &xtask::otlp::Link| link.trace_id == other.trace_id && link.span_id == other.span_id;
    span.links.iter().any(is_it)
}

fn outcome(span: &Span) -> &str {
    span.text("throughline.job.outcome").unwrap_or("?")
}

fn number_of(span: &Span) -> Option<i64> {
    span.attributes.get("throughline.job.attempt")?.as_i64()
}
