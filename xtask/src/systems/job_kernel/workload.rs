//! What the runner asks of the system, and everything that it answered.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::calls::{SECRET, SENT, trace_of};
use super::{Role, Stack};
use crate::error::Result;
use crate::http::{Request, Response};
use crate::promtext::Page;
use crate::report::Report;

/// Two entangled qubits: only 00 and 11 can come out.
pub(super) const BELL: &str = "qreg q[2]; h q[0]; cx q[0],q[1]; measure q;";

/// A request that was answered: method, route and status, as the counter should have them.
pub type Call = (&'static str, &'static str, u16);

/// One submission and what became of it.
#[derive(Clone, Debug)]
pub struct Run {
    /// A word for it, for texts.
    pub name: &'static str,
    /// The answer to the submission.
    pub response: Response,
    /// The trace id that the answer told.
    pub trace_id: Option<String>,
    /// The job's id, if there is a job.
    pub job_id: Option<String>,
    /// The job's events up to its end.
    pub events: Vec<Value>,
    /// The job as it was told after its end.
    pub job: Value,
}

/// The whole run.
#[derive(Debug)]
pub struct Workload {
    /// The pages before it, by service.
    pub before: BTreeMap<Role, Page>,
    /// A good job, sent without ids.
    pub plain: Run,
    /// A good job, sent with a trace, a request id and credentials.
    pub traced: Run,
    /// A circuit that is no circuit.
    pub malformed: Run,
    /// A job whose driver fails.
    pub faulty: Run,
    /// A circuit with more qubits than there are.
    pub too_large: Run,
    /// The question for a job that nobody submitted.
    pub unknown: Response,
    /// How often each answer came.
    pub calls: BTreeMap<Call, u64>,
}

impl Workload {
    /// The submissions.
    #[must_use]
    pub const fn runs(&self) -> [&Run; 5] {
        [
            &self.plain,
            &self.traced,
            &self.malformed,
            &self.faulty,
            &self.too_large,
        ]
    }
}

pub(super) async fn drive(stack: &Stack, report: &mut Report) -> Result<Workload> {
    let mut before = BTreeMap::new();
    for role in Role::MEASURED {
        // A page that cannot be read is told by its own promise.
        before.insert(role, stack.page(role).await.unwrap_or_default());
    }
    let mut driver = Driver {
        stack,
        report,
        calls: BTreeMap::new(),
    };
    let good = json!({"circuit": BELL, "shots": 1000, "driver": "statevector", "options": {}});
    let with = |key: &str, value: Value| {
        let mut job = good.clone();
        job[key] = value;
        job
    };

    let plain = driver.run("plain job", driver.post(&good)).await?;
    let traced = driver
        .post(&good)
        .header(
            "traceparent",
            format!("00-{}-{}-01", SENT.trace_id, SENT.span_id),
        )
        .header("x-request-id", SENT.request_id)
        .header("authorization", format!("Bearer {SECRET}"))
        .header("cookie", format!("session={SECRET}"));
    let traced = driver.run("job with ids", traced).await?;
    let malformed = driver.post(&with("circuit", json!("qreg q[2]; h q[; measure q;")));
    let malformed = driver.run("malformed circuit", malformed).await?;
    let mut faulty = with("driver", json!("faulty"));
    faulty["options"] = json!({"mode": "fail"});
    let faulty = driver.run("failing driver", driver.post(&faulty)).await?;
    let wide = driver.post(&with("circuit", json!("qreg q[17]; h q[0]; measure q;")));
    let too_large = driver.run("17 qubits", wide).await?;
    let unknown = stack.job("no-such-job").await?;
    driver.count(("GET", "/v1/jobs/{id}", unknown.status.as_u16()));

    let calls = driver.calls;
    Ok(Workload {
        before,
        plain,
        traced,
        malformed,
        faulty,
        too_large,
        unknown,
        calls,
    })
}

struct Driver<'a> {
    stack: &'a Stack,
    report: &'a mut Report,
    calls: BTreeMap<Call, u64>,
}

impl Driver<'_> {
    fn post(&self, job: &Value) -> Request {
        Request::post_json(self.stack.url("/v1/jobs"), job)
    }

    fn count(&mut self, call: Call) {
        *self.calls.entry(call).or_default() += 1;
    }

    /// Submits a job and follows it to its end.
    async fn run(&mut self, name: &'static str, request: Request) -> Result<Run> {
        let begun = Instant::now();
        let response = request.send().await?;
        self.report
            .took(format!("{name}: answered"), begun.elapsed());
        self.count(("POST", "/v1/jobs", response.status.as_u16()));
        let job_id = response
            .json()
            .ok()
            .and_then(|body| Some(body["job_id"].as_str()?.to_owned()));
        let mut run = Run {
            name,
            trace_id: trace_of(&response),
            response,
            job_id,
            events: Vec::new(),
            job: Value::Null,
        };
        if run.response.status.is_success()
            && let Some(id) = &run.job_id
        {
            run.events = self.stack.events(id).await?;
            self.report.took(format!("{name}: ended"), begun.elapsed());
            self.count(("GET", "/v1/jobs/{id}/events", 200));
            let job = self.stack.job(id).await?;
            self.count(("GET", "/v1/jobs/{id}", job.status.as_u16()));
            run.job = job.json()?;
        }
        Ok(run)
    }
}
