//! One id: what may be one, and what a new one is like.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use throughline_correlation::{
    CorrelationId, Id, InvalidId, JobId, Key, MAX_LEN, MessageId, RequestId, SessionId, TenantId,
};

#[test]
fn what_is_within_the_rule_parses_to_itself() {
    let longest = "x".repeat(MAX_LEN);
    let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";
    for good in [
        "a",
        "0",
        "-",
        ".",
        "::",
        "a7-42",
        "urn:uuid:1_2.3",
        all,
        &longest,
    ] {
        let id = RequestId::parse(good).unwrap();
        assert_eq!(id.as_str(), good);
        assert_eq!(id.to_string(), good);
        assert_eq!(good.parse::<RequestId>().unwrap(), id);
        assert_eq!(RequestId::parse(good.as_bytes()).unwrap(), id);
    }
}

#[test]
fn what_is_outside_the_rule_is_refused_with_its_reason() {
    use InvalidId::{BadCharacter, Empty, TooLong};
    let too_long = vec![b'a'; MAX_LEN + 1];
    // As long as allowed in characters, but not in bytes: the length is looked at first.
    let wide = "é".repeat(MAX_LEN);
    let cases: [(&[u8], InvalidId); 16] = [
        (b"", Empty),
        (&too_long, TooLong),
        (wide.as_bytes(), TooLong),
        (b" ", BadCharacter),
        (b"a b", BadCharacter),
        (b" a", BadCharacter),
        (b"a ", BadCharacter),
        (b"a\tb", BadCharacter),
        (b"a\nb", BadCharacter),
        (b"a\r\nset-cookie: x=1", BadCharacter),
        (b"a\0", BadCharacter),
        (b"\x1b[31m", BadCharacter),
        (b"\x7f", BadCharacter),
        ("ünïcode".as_bytes(), BadCharacter),
        (b"\xff\xfe", BadCharacter),
        (b"a,b", BadCharacter),
    ];
    for (bad, why) in cases {
        assert_eq!(RequestId::parse(bad), Err(why), "{bad:?}");
    }
}

#[test]
fn only_the_sixty_six_characters_of_the_rule_are_allowed() {
    let allowed = (0..=u8::MAX)
        .filter(|b| SessionId::parse([*b]).is_ok())
        .count();
    assert_eq!(allowed, 26 + 26 + 10 + 4);
}

#[test]
fn an_error_never_repeats_what_was_sent() {
    for bad in [
        "zqzq\nzqzq".to_owned(),
        "zqzq ".to_owned(),
        "zqzq".repeat(MAX_LEN),
    ] {
        let error = RequestId::parse(&bad).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("zqzq"), "{error}");
        assert!(!error.to_string().contains('\n'));
    }
}

#[test]
fn every_kind_has_its_own_type_and_names() {
    fn check<I: Id>(key: Key, make: fn() -> I) {
        assert_eq!(I::KEY, key);
        let id = make();
        assert_eq!(id.as_str().len(), 36);
        // `ids` reads it back by its type.
        let set = throughline_correlation::Ids::empty().with(&id);
        assert_eq!(set.text(key), Some(id.as_str()));
        assert_eq!(set.pairs().next(), Some((key.header(), id.as_str())));
        assert_eq!(key.header_name().as_str(), key.header());
        assert_eq!(key.header(), format!("x-{}", key.field().replace('_', "-")));
    }
    check(Key::Request, RequestId::generate);
    check(Key::Correlation, CorrelationId::generate);
    check(Key::Session, SessionId::generate);
    check(Key::Message, MessageId::generate);
    check(Key::Job, JobId::generate);
    check(Key::Tenant, TenantId::generate);
    let headers: HashSet<_> = Key::ALL.map(Key::header).into();
    assert_eq!(headers.len(), Key::ALL.len());
}

fn millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

#[test]
fn a_new_id_begins_with_the_time_so_that_ids_sort_by_it() {
    for _ in 0..1_000 {
        let before = millis();
        let id = RequestId::generate();
        let after = millis();
        let prefix = id.as_str().replace('-', "")[..12].to_owned();
        let at = u64::from_str_radix(&prefix, 16).unwrap();
        assert!(
            (before..=after).contains(&at),
            "{before} <= {at} <= {after}"
        );
        // Fixed width and big-endian: the order of the texts is that of the times.
        assert_eq!(prefix, format!("{at:012x}"));
    }
}

#[test]
fn new_ids_differ_and_are_valid_themselves() {
    let ids: HashSet<_> = (0..20_000).map(|_| JobId::generate()).collect();
    assert_eq!(ids.len(), 20_000);
    assert!(
        ids.iter()
            .all(|id| JobId::parse(id.as_str()).as_ref() == Ok(id))
    );
}

#[test]
fn debug_tells_the_kind() {
    assert_eq!(
        format!("{:?}", TenantId::parse("acme").unwrap()),
        "TenantId(acme)"
    );
}
