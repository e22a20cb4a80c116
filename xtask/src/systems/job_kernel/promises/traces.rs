//! Traces: one over all four processes, in one piece.

use std::collections::BTreeSet;

use super::{Held, all, ensure};
use crate::otlp::{Kind, Receiver, Span};
use crate::report::Report;
use crate::systems::job_kernel::calls::{SECRET, SENT};
use crate::systems::job_kernel::workload::{Run, Workload};
use crate::systems::job_kernel::{Role, SETTLE, Stack};
use crate::tree;

/// Who calls whom.
const CALLS: [(Role, Role); 3] = [
    (Role::SystemApi, Role::Kernel),
    (Role::Kernel, Role::Compiler),
    (Role::Kernel, Role::DriverManager),
];

pub(super) async fn check(stack: &Stack, workload: &Workload, report: &mut Report) {
    // Without a receiver there is nothing to be said about spans.
    let Some(receiver) = stack.receiver() else {
        return;
    };
    let Workload { plain, traced, .. } = workload;
    let (spans, held) = whole(receiver, plain, None).await;
    let text = "a job is one trace over all four processes, with the right parents";
    report.promise(&["K2", "K8"], text, held);
    report.trace = spans;
    let (_, held) = whole(receiver, traced, Some(SENT.span_id)).await;
    report.promise(
        &["K2"],
        "a caller's trace goes on below the caller's own span",
        held,
    );
    report.promise(&["K7"], "credentials are in no span", no_secret(receiver));
}

/// Waits until the trace is whole; returns what came and what is wrong with it.
async fn whole(receiver: &Receiver, run: &Run, caller: Option<&str>) -> (Vec<Span>, Held) {
    let Some(trace) = run.trace_id.as_deref() else {
        return (Vec::new(), Err("the answer told no trace id".to_owned()));
    };
    receiver
        .wait_until(SETTLE, |spans| {
            let spans = spans.iter().filter(|span| span.trace_id == trace);
            shape(&spans.cloned().collect::<Vec<_>>(), caller).is_ok()
        })
        .await;
    let spans = receiver.trace(trace);
    let known = caller.into_iter().collect::<Vec<_>>();
    let held =
        shape(&spans, caller).map_err(|why| format!("{why}\n{}", tree::render(&spans, &known)));
    (spans, held)
}

/// Whether these spans are one tree over the four services, its root the API's, below `caller`.
fn shape(spans: &[Span], caller: Option<&str>) -> Held {
    let by_id = |id: &str| spans.iter().find(|span| span.span_id == id);
    let of = |role: Role| spans.iter().filter(move |span| span.service == role.name());
    let mut wrong = Vec::new();
    for role in Role::ALL {
        if of(role).next().is_none() {
            wrong.push(format!("{} has no span", role.name()));
        }
    }
    let ids = spans
        .iter()
        .map(|span| &span.span_id)
        .collect::<BTreeSet<_>>();
    if ids.len() != spans.len() {
        wrong.push("two spans have one id".to_owned());
    }
    let is_root = |span: &&Span| span.parent_id.as_deref() == caller;
    let roots = spans.iter().filter(is_root).collect::<Vec<_>>();
    match roots.as_slice() {
        [root] if root.service == Role::SystemApi.name() && root.kind == Kind::Server => {}
        [root] => wrong.push(format!(
            "the root is {}: {} [{}]",
            root.service, root.name, root.kind
        )),
        other => wrong.push(format!("{} spans are roots", other.len())),
    }
    for span in spans.iter().filter(|span| !is_root(span)) {
        if span.parent_id.as_deref().and_then(by_id).is_none() {
            wrong.push(format!(
                "{}: {} has a parent that did not come",
                span.service, span.name
            ));
        }
    }
    for (from, to) in CALLS {
        let called = of(to)
            .filter(|span| span.kind == Kind::Server)
            .any(|server| {
                server
                    .parent_id
                    .as_deref()
                    .and_then(by_id)
                    .is_some_and(|parent| {
                        parent.service == from.name() && parent.kind == Kind::Client
                    })
            });
        if !called {
            let (from, to) = (from.name(), to.name());
            wrong.push(format!(
                "no server span of {to} lies below a client span of {from}"
            ));
        }
    }
    all(&wrong)
}

fn no_secret(receiver: &Receiver) -> Held {
    let hit = receiver
        .spans()
        .into_iter()
        .find(|span| format!("{span:?}").contains(SECRET));
    ensure(hit.is_none(), || format!("it is in {hit:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::Status;

    fn span(role: Role, kind: Kind, id: &str, parent: Option<&str>) -> Span {
        Span {
            service: role.name().to_owned(),
            resource: std::collections::BTreeMap::new(),
            scope: String::new(),
            name: "work".to_owned(),
            kind,
            trace_id: "t".to_owned(),
            span_id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            trace_state: String::new(),
            flags: 1,
            start_ns: 0,
            end_ns: 1,
            attributes: std::collections::BTreeMap::new(),
            events: Vec::new(),
            links: Vec::new(),
            status: Status::Unset,
        }
    }

    fn good() -> Vec<Span> {
        vec![
            span(Role::SystemApi, Kind::Server, "a", None),
            span(Role::SystemApi, Kind::Client, "b", Some("a")),
            span(Role::Kernel, Kind::Server, "c", Some("b")),
            span(Role::Kernel, Kind::Client, "d", Some("c")),
            span(Role::Compiler, Kind::Server, "e", Some("d")),
            span(Role::Kernel, Kind::Client, "f", Some("c")),
            span(Role::DriverManager, Kind::Server, "g", Some("f")),
        ]
    }

    #[test]
    fn a_trace_in_pieces_is_no_trace() {
        assert_eq!(shape(&good(), None), Ok(()));

        #[track_caller]
        fn check(change: impl Fn(&mut Vec<Span>), expected: &str) {
            let mut spans = good();
            change(&mut spans);
            let why = shape(&spans, None).expect_err(expected);
            assert!(why.contains(expected), "{why}");
        }
        check(|spans| spans.clear(), "compiler has no span");
        check(|spans| drop(spans.remove(6)), "driver-manager has no span");
        check(|spans| spans[2].parent_id = None, "2 spans are roots");
        check(
            |spans| spans[2].parent_id = Some("lost".into()),
            "a parent that did not come",
        );
        check(
            |spans| spans[2].parent_id = Some("a".into()),
            "below a client span of system-api",
        );
        check(
            |spans| spans[5].kind = Kind::Internal,
            "below a client span of kernel",
        );
        check(
            |spans| spans[0].kind = Kind::Internal,
            "the root is system-api",
        );
        check(
            |spans| spans[6].span_id = "e".into(),
            "two spans have one id",
        );
    }

    #[test]
    fn a_callers_trace_has_its_root_below_the_caller() {
        let mut spans = good();
        spans[0].parent_id = Some("caller".to_owned());
        assert_eq!(shape(&spans, Some("caller")), Ok(()));
        assert!(shape(&spans, None).is_err());
        assert!(shape(&good(), Some("caller")).is_err());
    }
}
