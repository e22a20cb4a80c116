//! `tracestate`: which list goes on, and that the trace goes on without it.

use super::harness::{Harness, TRACE};

const PARENT: (&str, &str) = (
    "traceparent",
    "00-12345678901234567890123456789012-1234567890123456-00",
);

/// Headers beside a valid `traceparent`, and the list that goes on.
type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);

async fn check(cases: &[Case<'_>]) {
    let harness = Harness::start().await;
    for (headers, expected) in cases {
        let mut headers = headers.to_vec();
        headers.push(PARENT);
        let call = harness.call(&headers).await;
        assert_eq!(call.parent().trace, TRACE, "the trace goes on: {headers:?}");
        assert_eq!(call.state(), *expected, "{headers:?}");
    }
    harness.stop().await;
}

/// Single values that go on, or do not.
async fn values(cases: &[(&str, Option<&str>)]) {
    let cases: Vec<_> = cases
        .iter()
        .map(|(value, expected)| ([("tracestate", *value)], *expected))
        .collect();
    let cases: Vec<Case<'_>> = cases.iter().map(|(h, e)| (h.as_slice(), *e)).collect();
    check(&cases).await;
}

async fn dropped(cases: &[&str]) {
    let cases: Vec<_> = cases.iter().map(|value| (*value, None)).collect();
    values(&cases).await;
}

#[tokio::test]
async fn without_a_traceparent_it_is_dropped() {
    let harness = Harness::start().await;
    for value in ["foo=1", "foo=1,bar=2"] {
        let call = harness.call(&[("tracestate", value)]).await;
        assert_eq!(call.state(), None, "{value}");
        assert_ne!(call.parent().trace, TRACE);
    }
    harness.stop().await;
}

#[tokio::test]
async fn with_a_traceparent_it_goes_on() {
    values(&[
        ("foo=1,bar=2", Some("foo=1,bar=2")),
        ("foo=1", Some("foo=1")),
    ])
    .await;
}

#[tokio::test]
async fn the_name_has_no_hyphen_and_any_case() {
    check(&[
        (&[("trace-state", "foo=1")], None),
        (&[("trace.state", "foo=1")], None),
        (&[("TraceState", "foo=1")], Some("foo=1")),
        (&[("TrAcEsTaTe", "foo=1")], Some("foo=1")),
        (&[("TRACESTATE", "foo=1")], Some("foo=1")),
    ])
    .await;
}

#[tokio::test]
async fn empty_headers_and_members_are_skipped() {
    check(&[
        (&[("tracestate", "")], None),
        (
            &[("tracestate", "foo=1"), ("tracestate", "")],
            Some("foo=1"),
        ),
        (
            &[("tracestate", ""), ("tracestate", "foo=1")],
            Some("foo=1"),
        ),
        (&[("tracestate", "foo=1,")], Some("foo=1")),
        (&[("tracestate", ",foo=1, ,bar=2")], Some("foo=1,bar=2")),
        (&[("tracestate", ",,")], None),
    ])
    .await;
}

#[tokio::test]
async fn several_headers_are_one_list_in_order() {
    let headers = [
        ("tracestate", "foo=1,bar=2"),
        ("tracestate", "rojo=1,congo=2"),
        ("tracestate", "baz=3"),
    ];
    check(&[(&headers, Some("foo=1,bar=2,rojo=1,congo=2,baz=3"))]).await;
}

#[tokio::test]
async fn a_repeated_key_does_not_end_the_trace() {
    // The specification lets either go on; ours passes the list as it came.
    check(&[
        (&[("tracestate", "foo=1,foo=1")], Some("foo=1,foo=1")),
        (&[("tracestate", "foo=1,foo=2")], Some("foo=1,foo=2")),
        (
            &[("tracestate", "foo=1"), ("tracestate", "foo=2")],
            Some("foo=1,foo=2"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn every_allowed_character_goes_on() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let allowed = |b: &u8| !matches!(b, b',' | b'=');
    let value: Vec<u8> = (b' '..=b'~').filter(allowed).collect();
    let value = String::from_utf8(value).unwrap();
    let member = format!("{key}={value}");
    let tenant = format!("{key}@a-z0-9_-*/={value}");
    // A blank at the beginning of a value is part of it.
    values(&[(&member, Some(&member)), (&tenant, Some(&tenant))]).await;
}

#[tokio::test]
async fn blanks_around_members_are_allowed() {
    let list = Some("foo=1,bar=2,baz=3");
    values(&[
        ("foo=1 \t , \t bar=2, \t baz=3", list),
        ("foo=1\t \t,\t \tbar=2,\t \tbaz=3", list),
        (" foo=1", Some("foo=1")),
        ("\tfoo=1", Some("foo=1")),
        ("foo=1 ", Some("foo=1")),
        ("foo=1\t", Some("foo=1")),
        ("\t foo=1 \t", Some("foo=1")),
    ])
    .await;
}

#[tokio::test]
async fn a_bad_key_drops_the_list() {
    dropped(&[
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "@foo=1,bar=2",
        "_foo=1",
        "-foo=1",
        "*foo=1",
        "/foo=1",
        "=1",
        "bar=2,foo",
    ])
    .await;
}

#[tokio::test]
async fn an_at_sign_may_stand_anywhere_after_the_first_character() {
    let cases = [
        "foo@=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "0@=1",
    ];
    values(&cases.map(|case| (case, Some(case)))).await;
}

#[tokio::test]
async fn at_most_32_members() {
    let list = |count: usize| {
        let members: Vec<_> = (1..=count).map(|n| format!("bar{n:02}={n:02}")).collect();
        members.join(",")
    };
    let (full, over) = (list(32), list(33));
    let (first, last) = (list(31), list(2));
    check(&[
        (&[("tracestate", &full)], Some(&full)),
        (&[("tracestate", &over)], None),
        (&[("tracestate", &first), ("tracestate", &last)], None),
    ])
    .await;
}

#[tokio::test]
async fn at_most_256_characters_in_a_key() {
    let long = |length| format!("{}=1", "z".repeat(length));
    let tenant = format!("{}@{}=1", "t".repeat(241), "v".repeat(14));
    let other = ("tracestate", "foo=1");
    let both = |member: &str| format!("foo=1,{member}");
    check(&[
        (
            &[other, ("tracestate", &long(256))],
            Some(&both(&long(256))),
        ),
        (&[other, ("tracestate", &tenant)], Some(&both(&tenant))),
        (&[other, ("tracestate", &long(257))], None),
        (&[("tracestate", &long(257)), other], None),
    ])
    .await;
}

#[tokio::test]
async fn one_to_256_characters_in_a_value() {
    let value = |length| format!("foo={}", "v".repeat(length));
    values(&[
        (&value(1), Some(&value(1))),
        (&value(256), Some(&value(256))),
        (&value(257), None),
        ("foo=", None),
        ("foo= ", None),
        ("foo=,bar=3", None),
    ])
    .await;
}

#[tokio::test]
async fn a_bad_value_drops_the_list() {
    dropped(&["foo=bar=baz", "bar=2,foo=bar=baz", "foo=\u{fc}", "foo=a\tb"]).await;
}
