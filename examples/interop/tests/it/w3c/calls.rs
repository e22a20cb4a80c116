//! What the service does with a list of calls.

use std::collections::BTreeSet;

use serde_json::json;

use super::harness::{Call, Harness, TRACE};

fn spans(calls: &[Call]) -> BTreeSet<String> {
    calls.iter().map(|call| call.parent().span).collect()
}

#[tokio::test]
async fn each_call_has_a_span_of_its_own_in_the_callers_trace() {
    let harness = Harness::start().await;
    let parent = format!("00-{TRACE}-1234567890123456-01");
    let calls = harness.calls(&[("traceparent", &parent)], 3).await;
    assert!(
        calls.iter().all(|call| call.parent().trace == TRACE),
        "{calls:#?}"
    );
    let spans = spans(&calls);
    assert!(
        spans.len() == 3 && !spans.contains("1234567890123456"),
        "{calls:#?}"
    );
    harness.stop().await;
}

#[tokio::test]
async fn without_a_valid_parent_the_calls_share_a_new_trace() {
    let harness = Harness::start().await;
    let zeros = "00-00000000000000000000000000000000-1234567890123456-01";
    let mut traces = BTreeSet::new();
    for headers in [&[][..], &[("traceparent", zeros)]] {
        let calls = harness.calls(headers, 3).await;
        let own: BTreeSet<_> = calls.iter().map(|call| call.parent().trace).collect();
        assert_eq!((own.len(), spans(&calls).len()), (1, 3), "{calls:#?}");
        traces.extend(own);
    }
    assert_eq!(traces.len(), 2, "each request has a trace of its own");
    harness.stop().await;
}

#[tokio::test]
async fn arguments_go_along_and_the_answer_comes_last() {
    let harness = Harness::start().await;
    // `calls` compares what has arrived when the answer is there with what was asked for.
    let calls = harness.calls(&[], 16).await;
    for (n, call) in calls.iter().enumerate() {
        assert_eq!(call.body, json!([n]));
    }
    assert_eq!(harness.send(&[], &json!([])).await, 200, "nobody to call");
    harness.stop().await;
}
