//! A set of ids: putting in, reading, merging, and travelling.

use std::collections::BTreeMap;

use throughline_correlation::{Ids, InvalidId, JobId, Key, RequestId, SessionId};

fn request(text: &str) -> RequestId {
    RequestId::parse(text).unwrap()
}

fn job(text: &str) -> JobId {
    JobId::parse(text).unwrap()
}

#[test]
fn the_empty_set_has_nothing() {
    let ids = Ids::empty();
    assert!(ids.is_empty());
    assert_eq!(ids, Ids::default());
    assert_eq!(ids.iter().count(), 0);
    assert_eq!(ids.get::<RequestId>(), None);
    assert_eq!(ids.stage(), None);
    assert_eq!(format!("{ids:?}"), "{}");
}

#[test]
fn putting_in_replaces_and_leaves_the_original_alone() {
    let one = Ids::empty().with(&request("r-1"));
    let two = one.clone().with(&request("r-2")).with(&job("j-1"));
    assert_eq!(one.get(), Some(request("r-1")));
    assert_eq!(one.get::<JobId>(), None);
    assert_eq!(two.get(), Some(request("r-2")));
    assert_eq!(two.get(), Some(job("j-1")));
    assert_ne!(one, two);
}

#[test]
fn ids_come_in_the_order_of_their_kinds() {
    let ids = Ids::empty().with(&job("j")).with(&request("r"));
    assert_eq!(
        ids.iter().collect::<Vec<_>>(),
        [(Key::Request, "r"), (Key::Job, "j")]
    );
    assert_eq!(
        ids.pairs().collect::<Vec<_>>(),
        [("x-request-id", "r"), ("x-job-id", "j")]
    );
}

#[test]
fn the_stage_is_part_of_the_set_but_does_not_travel() {
    let ids = Ids::empty().with(&job("j")).at_stage("compile");
    assert_eq!(ids.stage(), Some("compile"));
    assert_eq!(ids.pairs().count(), 1);
    assert_eq!(format!("{ids:?}"), r#"{"job_id": "j", "stage": "compile"}"#);
    assert_eq!(Ids::empty().at_stage("compile").iter().count(), 0);
}

#[test]
fn merging_prefers_the_set_on_the_left() {
    let left = Ids::empty().with(&request("left")).at_stage("inner");
    let right = Ids::empty()
        .with(&request("right"))
        .with(&job("right"))
        .at_stage("outer");
    let both = left.clone().or(&right);
    assert_eq!(both.text(Key::Request), Some("left"));
    assert_eq!(both.text(Key::Job), Some("right"));
    assert_eq!(both.stage(), Some("inner"));
    assert_eq!(Ids::empty().or(&right), right);
    assert_eq!(left.clone().or(&Ids::empty()), left);
    // A stage alone does not hide the ids on the right.
    assert_eq!(
        Ids::empty().at_stage("s").or(&right).text(Key::Job),
        Some("right")
    );
}

#[test]
fn a_set_written_to_a_map_is_read_back_the_same() {
    let ids = Ids::empty()
        .with(&request("r-1"))
        .with(&SessionId::generate())
        .with(&JobId::generate());
    let map: BTreeMap<String, String> = ids
        .pairs()
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    let back = Ids::from_lookup(
        Key::ALL,
        |name| map.get(name),
        |key, why| {
            panic!("{key:?}: {why}");
        },
    );
    assert_eq!(back, ids);
}

#[test]
fn what_is_no_id_is_told_and_left_out() {
    let map = BTreeMap::from([
        ("x-request-id", "r-1"),
        ("x-session-id", "two words"),
        ("x-message-id", ""),
        ("x-tenant-id", "acme"),
    ]);
    let mut refused = Vec::new();
    let keys = [Key::Request, Key::Session, Key::Message, Key::Job];
    let ids = Ids::from_lookup(
        keys,
        |name| map.get(name),
        |key, why| refused.push((key, why)),
    );
    // The tenant was not asked for.
    assert_eq!(ids.iter().collect::<Vec<_>>(), [(Key::Request, "r-1")]);
    assert_eq!(
        refused,
        [
            (Key::Session, InvalidId::BadCharacter),
            (Key::Message, InvalidId::Empty)
        ]
    );
}

#[test]
fn a_set_of_nothing_valid_is_the_empty_set() {
    let ids = Ids::from_lookup(Key::ALL, |_| Some("no id"), |_, _| {});
    assert!(ids.is_empty());
    assert!(Ids::from_lookup(Key::ALL, |_| None::<&str>, |_, _| {}).is_empty());
}

#[test]
fn a_set_without_its_last_id_is_empty() {
    let ids = Ids::empty().with(&JobId::parse("j-1").unwrap());
    assert!(ids.clone().without(Key::Job).is_empty());
    assert_eq!(ids.clone().without(Key::Tenant), ids);
    let staged = ids.at_stage("compile").without(Key::Job);
    assert_eq!(
        (staged.is_empty(), staged.stage()),
        (false, Some("compile"))
    );
}

#[test]
fn what_two_sets_share_is_what_both_say_alike() {
    let of = |job: &str, tenant: &str| {
        let job = JobId::parse(job).unwrap();
        let tenant = throughline_correlation::TenantId::parse(tenant).unwrap();
        Ids::empty().with(&job).with(&tenant).at_stage("compile")
    };
    let shared = of("j-1", "t-1").shared_with(&of("j-2", "t-1"));
    assert_eq!(
        (shared.text(Key::Job), shared.text(Key::Tenant)),
        (None, Some("t-1"))
    );
    assert_eq!(shared.stage(), Some("compile"));
    assert!(of("j-1", "t-1").shared_with(&Ids::empty()).is_empty());
}
