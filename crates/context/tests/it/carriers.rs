//! Carriers: what each does with what was there before.

use std::{collections::BTreeMap, process::Command};

use throughline_context::{
    AnnotationKeys, Annotations, Environment, Extract, Fields, Inject, Scope, extract, inject,
};
use throughline_correlation::{Ids, JobId, Key};

use crate::support::{headers, parent};

fn scope() -> Scope {
    let map = headers(&[("traceparent", parent("01"))]).unwrap();
    Scope::new(
        extract(&map),
        Ids::empty().with(&JobId::parse("j-1").unwrap()),
    )
}

#[test]
fn pairs_of_bytes_keep_what_is_not_ours_and_replace_every_copy() {
    let pair = |key: &str, value: &[u8]| (key.to_owned(), value.to_vec());
    let mut record = vec![
        pair("traceparent", b"old"),
        pair("schema", b"\xff\x00"),
        pair("traceparent", b"older"),
        pair("schema", b"2"),
        pair("baggage", b"old=1"),
    ];
    scope().inject(&mut record);
    let parent = parent("01");
    assert_eq!(
        record,
        [
            pair("schema", b"\xff\x00"),
            pair("schema", b"2"),
            pair("traceparent", parent.as_bytes()),
            pair("x-job-id", b"j-1"),
        ]
    );
    assert_eq!(Scope::extract(&record, [Key::Job]).ids(), scope().ids());
    let mut texts: Vec<(String, String)> = Vec::new();
    scope().inject(&mut texts);
    assert_eq!(texts.len(), 2);
}

#[test]
fn annotations_read_both_forms_and_leave_one() {
    let mut map = BTreeMap::from([
        ("traceparent".to_owned(), parent("00")),
        ("tracing.k8s.io/traceparent".to_owned(), parent("01")),
        ("tracing.k8s.io/tracestate".to_owned(), "a=1".to_owned()),
        ("app".to_owned(), "agent".to_owned()),
    ]);
    let cx = extract(&Annotations::new(&map));
    for (keys, prefix) in [
        (AnnotationKeys::Plain, ""),
        (AnnotationKeys::Kubernetes, "tracing.k8s.io/"),
    ] {
        let mut annotations = Annotations::new(&mut map).written_as(keys);
        Scope::new(cx.clone(), scope().ids().clone()).inject(&mut annotations);
        assert!(!format!("{annotations:?}").contains("agent"));
        let expected = BTreeMap::from([
            ("app".to_owned(), "agent".to_owned()),
            (format!("{prefix}traceparent"), parent("01")),
            (format!("{prefix}tracestate"), "a=1".to_owned()),
            ("x-job-id".to_owned(), "j-1".to_owned()),
        ]);
        assert_eq!(map, expected);
    }
    let mut owned = Annotations::new(map);
    inject(&opentelemetry::Context::new(), &mut owned);
    assert_eq!(owned.into_inner().len(), 2);
}

#[test]
fn the_environment_is_read_by_its_own_names_and_a_child_gets_no_stale_one() {
    let mut variables = Environment::new();
    scope().inject(&mut variables);
    assert_eq!(
        variables.iter().collect::<Vec<_>>(),
        [("TRACEPARENT", parent("01").as_str()), ("X_JOB_ID", "j-1")]
    );
    assert!(!format!("{variables:?}").contains("j-1"));
    let mut command = Command::new("child");
    variables.apply(&mut command);
    let set: Vec<_> = command
        .get_envs()
        .filter(|(_, value)| value.is_some())
        .collect();
    let removed = command
        .get_envs()
        .filter(|(_, value)| value.is_none())
        .count();
    assert_eq!((set.len(), removed), (2, 7));
    // This process was started with none, or with some; either way reading does not fail.
    let mut seen = 0;
    Environment::read().values("traceparent", |_| seen += 1);
    assert!(seen <= 1);
    variables.remove("traceparent");
    assert_eq!(variables.iter().count(), 1);
}

#[test]
fn fields_hold_a_scope_and_print_no_value() {
    let fields = Fields::of(&scope());
    assert_eq!(fields.scope([Key::Job]).ids(), scope().ids());
    assert_eq!(format!("{fields:?}"), r#"{"traceparent", "x-job-id"}"#);
    assert!(!fields.is_empty() && Fields::new().is_empty());
}

#[cfg(all(feature = "serde", feature = "json"))]
#[test]
fn no_context_makes_a_message_unreadable() {
    use crate::support::{part, refused};

    for text in ["null", "7", r#""text""#, "[]", "[1,2]", "true"] {
        let fields: Fields = serde_json::from_str(text).unwrap();
        assert!(fields.is_empty(), "{text}");
    }
    let text = r#"{"traceparent": 7, "x-job-id": "j-1", "other": {"deep": [null]}}"#;
    let fields: Fields = serde_json::from_str(text).unwrap();
    let (scope, counts) = refused(|| fields.scope([Key::Job]));
    assert_eq!(scope.ids().text(Key::Job), Some("j-1"));
    assert_eq!(counts, [part("traceparent_malformed")]);
    let object: serde_json::Map<_, _> = serde_json::from_str(text).unwrap();
    let (scope, counts) = refused(|| Scope::extract(&object, [Key::Job]));
    assert_eq!(scope.ids().text(Key::Job), Some("j-1"));
    assert_eq!(counts, [part("traceparent_malformed")]);
    let mut object = object;
    inject(&opentelemetry::Context::new(), &mut object);
    assert!(!object.contains_key("traceparent"));
}

#[cfg(feature = "tonic")]
#[test]
fn metadata_of_tonic_is_written_and_cleaned() {
    let mut call = tonic::Request::new(());
    call.metadata_mut()
        .insert("tracestate", "old=1".parse().unwrap());
    scope().inject(call.metadata_mut());
    assert_eq!(
        call.metadata().get("traceparent").unwrap(),
        parent("01").as_str()
    );
    assert_eq!(call.metadata().get("x-job-id").unwrap(), "j-1");
    assert!(call.metadata().get("tracestate").is_none());
}
