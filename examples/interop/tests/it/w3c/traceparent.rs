//! `traceparent`: what is a parent, and what means a new trace.

use super::harness::{Harness, SPAN, TRACE};

/// Headers after which the trace goes on.
async fn kept(cases: &[&[(&str, &str)]]) {
    let harness = Harness::start().await;
    for headers in cases {
        let parent = harness.call(headers).await.parent();
        assert_eq!(parent.trace, TRACE, "{headers:?}");
        assert_ne!(parent.span, SPAN, "{headers:?}");
    }
    harness.stop().await;
}

/// Headers after which there is a new trace, which has nothing of what was sent.
async fn new(cases: &[&[(&str, &str)]]) {
    let harness = Harness::start().await;
    for headers in cases {
        let mut headers = headers.to_vec();
        headers.push(("tracestate", "foo=1"));
        let call = harness.call(&headers).await;
        let trace = call.parent().trace;
        let sent = |(_, value): &(&str, &str)| value.contains(&trace);
        assert!(!headers.iter().any(sent), "{headers:?}");
        assert_ne!(trace, TRACE, "{headers:?}");
        assert_eq!(
            call.state(),
            None,
            "the state belongs to another trace: {headers:?}"
        );
    }
    harness.stop().await;
}

fn one(value: &str) -> [(&str, &str); 1] {
    [("traceparent", value)]
}

async fn values_kept(values: &[&str]) {
    let cases: Vec<_> = values.iter().map(|value| one(value)).collect();
    let cases: Vec<&[_]> = cases.iter().map(|case| case.as_slice()).collect();
    kept(&cases).await;
}

async fn values_new(values: &[&str]) {
    let cases: Vec<_> = values.iter().map(|value| one(value)).collect();
    let cases: Vec<&[_]> = cases.iter().map(|case| case.as_slice()).collect();
    new(&cases).await;
}

#[tokio::test]
async fn missing_is_a_new_trace() {
    new(&[&[]]).await;
}

#[tokio::test]
async fn valid_goes_on_under_a_new_span() {
    values_kept(&["00-12345678901234567890123456789012-1234567890123456-01"]).await;
}

#[tokio::test]
async fn two_headers_are_a_new_trace() {
    let value = "00-12345678901234567890123456789012-1234567890123456-01";
    let other = "00-12345678901234567890123456789011-1234567890123456-01";
    new(&[
        &[("traceparent", value), ("traceparent", other)],
        &[("traceparent", other), ("traceparent", value)],
        &[("traceparent", value), ("traceparent", value)],
        &[("traceparent", value), ("traceparent", "")],
        &[("traceparent", value), ("TraceParent", "junk")],
    ])
    .await;
}

#[tokio::test]
async fn the_name_has_no_hyphen_and_any_case() {
    let value = "00-12345678901234567890123456789012-1234567890123456-01";
    new(&[&[("trace-parent", value)], &[("trace.parent", value)]]).await;
    kept(&[
        &[("TraceParent", value)],
        &[("TrAcEpArEnT", value)],
        &[("TRACEPARENT", value)],
    ])
    .await;
}

#[tokio::test]
async fn version_00_ends_after_the_flags() {
    values_new(&[
        "00-12345678901234567890123456789012-1234567890123456-01.",
        "00-12345678901234567890123456789012-1234567890123456-01-",
        "00-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
    ])
    .await;
}

#[tokio::test]
async fn a_higher_version_is_read_as_00_up_to_a_hyphen() {
    values_kept(&[
        "cc-12345678901234567890123456789012-1234567890123456-01",
        "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like",
        "01-12345678901234567890123456789012-1234567890123456-01",
        "fe-12345678901234567890123456789012-1234567890123456-01-",
    ])
    .await;
    values_new(&[
        "cc-12345678901234567890123456789012-1234567890123456-01.what-the-future-will-be-like",
    ])
    .await;
}

#[tokio::test]
async fn version_ff_is_a_new_trace() {
    values_new(&["ff-12345678901234567890123456789012-1234567890123456-01"]).await;
}

#[tokio::test]
async fn the_version_is_two_lower_case_digits() {
    values_new(&[
        ".0-12345678901234567890123456789012-1234567890123456-01",
        "0.-12345678901234567890123456789012-1234567890123456-01",
        "CC-12345678901234567890123456789012-1234567890123456-01",
        "000-12345678901234567890123456789012-1234567890123456-01",
        "0000-12345678901234567890123456789012-1234567890123456-01",
        "0-12345678901234567890123456789012-1234567890123456-01",
        "-12345678901234567890123456789012-1234567890123456-01",
    ])
    .await;
}

#[tokio::test]
async fn the_trace_id_is_32_lower_case_digits_not_all_zero() {
    values_new(&[
        "00-00000000000000000000000000000000-1234567890123456-01",
        "00-.2345678901234567890123456789012-1234567890123456-01",
        "00-1234567890123456789012345678901.-1234567890123456-01",
        "00-ABCDEF78901234567890123456789012-1234567890123456-01",
        "00-123456789012345678901234567890123-1234567890123456-01",
        "00-1234567890123456789012345678901-1234567890123456-01",
    ])
    .await;
}

#[tokio::test]
async fn the_parent_id_is_16_lower_case_digits_not_all_zero() {
    values_new(&[
        "00-12345678901234567890123456789012-0000000000000000-01",
        "00-12345678901234567890123456789012-.234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345.-01",
        "00-12345678901234567890123456789012-ABCDEF7890123456-01",
        "00-12345678901234567890123456789012-12345678901234567-01",
        "00-12345678901234567890123456789012-123456789012345-01",
    ])
    .await;
}

#[tokio::test]
async fn the_flags_are_two_lower_case_digits() {
    values_new(&[
        "00-12345678901234567890123456789012-1234567890123456-.0",
        "00-12345678901234567890123456789012-1234567890123456-0.",
        "00-12345678901234567890123456789012-1234567890123456-0A",
        "00-12345678901234567890123456789012-1234567890123456-001",
        "00-12345678901234567890123456789012-1234567890123456-1",
        "00-12345678901234567890123456789012-1234567890123456-",
        "00-12345678901234567890123456789012-1234567890123456",
    ])
    .await;
}

#[tokio::test]
async fn blanks_around_it_are_allowed_and_inside_are_not() {
    values_kept(&[
        " 00-12345678901234567890123456789012-1234567890123456-01",
        "\t00-12345678901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012-1234567890123456-01 ",
        "00-12345678901234567890123456789012-1234567890123456-01\t",
        "\t 00-12345678901234567890123456789012-1234567890123456-01 \t",
    ])
    .await;
    values_new(&[
        "00 -12345678901234567890123456789012-1234567890123456-01",
        "00-12345678901234567890123456789012-1234567890123456- 1",
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_text_at_all_is_a_new_trace() {
    values_new(&[
        "",
        "-",
        "---",
        "00-ü2345678901234567890123456789012-1234567890123456-01",
    ])
    .await;
}

#[tokio::test]
async fn the_random_flag_of_the_parent_is_kept_sampled_or_not() {
    let harness = Harness::start().await;
    for (sent, expected) in [(0, 0), (1, 1), (2, 2), (3, 3), (0xff, 3), (0xfc, 0)] {
        let value = format!("00-{TRACE}-{SPAN}-{sent:02x}");
        let parent = harness.call(&one(&value)).await.parent();
        assert_eq!(
            (parent.trace.as_str(), parent.flags),
            (TRACE, expected),
            "{sent:02x}"
        );
    }
    harness.stop().await;
}
