//! What must hold at each service of a chain.

use std::collections::BTreeSet;

use serde_json::Value;
use xtask::otlp::{Kind, Span};

use crate::harness::{Chain, LONG, Language};

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(crate) const CALLER: &str = "b7ad6b7169203331";
const STATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
const BAGGAGE: &str = "tenant=acme,build=7";
const REQUEST: &str = "r-4711";

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// Calls a chain in the middle of a trace and checks every hop.
pub(crate) async fn check(chain: &Chain, flags: u8) {
    let parent = format!("00-{TRACE}-{CALLER}-{flags:02x}");
    let sent = [
        ("traceparent", parent.as_str()),
        ("tracestate", STATE),
        ("baggage", BAGGAGE),
        ("x-request-id", REQUEST),
        ("x-multi", "a"),
        ("x-multi", "b"),
    ];
    let answers = chain.call(&sent).await;
    let hops = Hops::new(chain, &answers);
    hops.one_trace(TRACE);
    hops.parents(Some(CALLER)).await;
    hops.flags(flags);
    hops.values("tracestate", STATE, 0);
    hops.values("x-request-id", REQUEST, 0);
    hops.baggage();
    let multi = members(&answers[0], "x-multi");
    assert_eq!(multi, ["a", "b"], "both values, in order: {}", answers[0]);
}

/// Calls a chain without a trace: the first service begins one, which goes through all.
pub(crate) async fn check_from_the_root(chain: &Chain) {
    let answers = chain.call(&[("tracestate", STATE)]).await;
    let hops = Hops::new(chain, &answers);
    let trace = text(&answers[0], "trace_id").to_owned();
    hops.one_trace(&trace);
    hops.parents(None).await;
    hops.values("tracestate", "", 1);
    for (language, answer) in hops.after(Language::Rust) {
        let state = &answer["metadata"]["tracestate"];
        assert!(
            state.is_null(),
            "ours sends no empty list to {language:?}: {state}"
        );
    }
    if chain.languages[0] == Language::Rust {
        // Made at the first service, and the same at all that follow.
        let made = members(&answers[0], "x-request-id");
        assert!(made.len() == 1 && made[0] != REQUEST, "{}", answers[0]);
        hops.values("x-request-id", made[0], 0);
    }
}

/// The answers of a chain, beside who gave them.
struct Hops<'a> {
    chain: &'a Chain,
    answers: &'a [Value],
}

impl<'a> Hops<'a> {
    fn new(chain: &'a Chain, answers: &'a [Value]) -> Self {
        Self { chain, answers }
    }

    fn each(&self) -> impl Iterator<Item = (Language, &'a Value)> {
        self.chain.languages.iter().copied().zip(self.answers)
    }

    /// The services that one of this language calls.
    fn after(&self, language: Language) -> impl Iterator<Item = (Language, &'a Value)> {
        let callers = self.chain.languages.iter();
        let called = callers.zip(self.each().skip(1));
        called.filter_map(move |(by, hop)| (*by == language).then_some(hop))
    }

    fn one_trace(&self, trace: &str) {
        let mut spans = BTreeSet::new();
        for (language, answer) in self.each() {
            assert_eq!(text(answer, "trace_id"), trace, "{language:?}: {answer}");
            let own = spans.insert(text(answer, "span_id"));
            assert!(
                own,
                "{language:?} has a span of its own: {:#?}",
                self.answers
            );
        }
    }

    /// Each service's parent is the span that its caller sent, and that is its caller's client span.
    async fn parents(&self, caller: Option<&str>) {
        let mut before: Option<(Language, &Value)> = None;
        for (language, answer) in self.each() {
            let told = answer["parent_id"].as_str();
            let sent = traceparent(answer);
            if let Some(sent) = &sent {
                assert_eq!(
                    sent.trace,
                    text(answer, "trace_id"),
                    "{language:?}: {answer}"
                );
                // One that records nothing may not know its parent.
                assert!(
                    told.is_none_or(|told| told == sent.span),
                    "{language:?}: {answer}"
                );
            }
            match before {
                None => assert_eq!(sent.map(|sent| sent.span).as_deref(), caller),
                Some((by, answer)) => {
                    let sent = sent.expect("its caller sent a trace").span;
                    self.called_by(by, answer, &sent).await;
                }
            }
            before = Some((language, answer));
        }
    }

    /// `span` is the client span under which `by` called, a child of its server's span.
    async fn called_by(&self, by: Language, answer: &Value, span: &str) {
        if let Some(client) = answer["client_id"].as_str() {
            assert_eq!(client, span, "{by:?}: {answer}");
            return;
        }
        let server = text(answer, "span_id");
        if by == Language::Rust {
            let Some(receiver) = &self.chain.receiver else {
                // Nothing is recorded, and the call has an id of its own all the same.
                return assert_ne!(span, server, "{answer}");
            };
            let is = |found: &Span, id: &str, kind| found.span_id == id && found.kind == kind;
            let exported = receiver
                .wait_until(LONG, |spans| {
                    let client = spans.iter().find(|found| is(found, span, Kind::Client));
                    let server = spans.iter().find(|found| is(found, server, Kind::Server));
                    client.is_some() && server.is_some()
                })
                .await;
            let spans = receiver.trace(text(answer, "trace_id"));
            assert!(exported, "client {span} of server {server} in {spans:#?}");
            let find = |id: &str| spans.iter().find(|found| found.span_id == id).unwrap();
            assert_eq!(find(span).parent_id.as_deref(), Some(server), "{spans:#?}");
            assert_eq!(
                find(server).parent_id.as_deref(),
                answer["parent_id"].as_str(),
                "{spans:#?}"
            );
        } else {
            let recorded = traceparent(answer).is_none_or(|sent| sent.flags & SAMPLED == SAMPLED);
            assert!(!recorded, "{by:?} has recorded no client span: {answer}");
        }
    }

    /// Flags are compared bit by bit: which languages set the random bit differs.
    fn flags(&self, sent: u8) {
        let mut before: Option<(Language, u8)> = None;
        for (language, answer) in self.each() {
            let flags = traceparent(answer).expect("a trace was sent").flags;
            let recording = self.chain.receiver.is_some();
            let expected = match before {
                // Ours records for itself when it exports, and says so.
                Some((Language::Rust, _)) if recording => SAMPLED,
                Some((_, flags)) => flags & SAMPLED,
                None => sent & SAMPLED,
            };
            assert_eq!(flags & SAMPLED, expected, "{language:?}: {answer}");
            if let Some((Language::Rust, before)) = before {
                assert_eq!(flags & RANDOM, before & RANDOM, "ours relays it: {answer}");
            }
            before = Some((language, flags));
        }
    }

    /// A list that is the same at every service from the `from`th on, in one value or in several.
    fn values(&self, key: &str, sent: &str, from: usize) {
        for (language, answer) in self.each().skip(from) {
            assert_eq!(
                members(answer, key).join(","),
                sent,
                "{language:?}: {answer}"
            );
        }
    }

    /// Baggage arrives whole at every service.
    fn baggage(&self) {
        for (language, answer) in self.each() {
            let mut found = members(answer, "baggage");
            let mut sent: Vec<_> = BAGGAGE.split(',').collect();
            // The specification lets its order change.
            found.sort_unstable();
            sent.sort_unstable();
            assert_eq!(found, sent, "{language:?}: {answer}");
        }
    }
}

/// A `traceparent` as a service got it.
pub(crate) struct Parent {
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) flags: u8,
}

impl Parent {
    /// Reads what one of the four languages sends: version 00 in lower-case hex.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let hex = |part: &&str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        assert!(
            lengths == [2, 32, 16, 2] && parts.iter().all(hex),
            "{text:?}"
        );
        assert_eq!(parts[0], "00", "{text:?}");
        let zeros = |part: &str| part.bytes().all(|b| b == b'0');
        assert!(!zeros(parts[1]) && !zeros(parts[2]), "{text:?}");
        Self {
            trace: parts[1].to_owned(),
            span: parts[2].to_owned(),
            flags: u8::from_str_radix(parts[3], 16).unwrap(),
        }
    }
}

#[track_caller]
fn traceparent(answer: &Value) -> Option<Parent> {
    match members(answer, "traceparent").as_slice() {
        [] => None,
        [one] => Some(Parent::read(one)),
        more => panic!("one traceparent, not {more:?}"),
    }
}

/// All members of all values of a key, in order. Empty ones are skipped, as the specification asks:
/// over gRPC Node sends an empty list where none came.
fn members<'a>(answer: &'a Value, key: &str) -> Vec<&'a str> {
    let values = answer["metadata"][key].as_array();
    let values = values
        .into_iter()
        .flatten()
        .map(|value| value.as_str().unwrap());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .collect()
}

#[track_caller]
fn text<'a>(answer: &'a Value, key: &str) -> &'a str {
    let text = answer[key].as_str();
    text.unwrap_or_else(|| panic!("no text `{key}`: {answer}"))
}
