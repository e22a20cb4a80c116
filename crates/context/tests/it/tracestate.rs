//! `tracestate`: members, limits, several headers.

use std::iter::repeat_n;

use throughline_context::{TraceState, extract};

use crate::support::{headers, injected, maps, parent, part, refused, text};

/// Header values, and what goes on: a list, `""` for nothing, or `None` for refused.
fn cases() -> Vec<(Vec<String>, Option<String>)> {
    let (key, value) = ("k".repeat(256), "v".repeat(256));
    let many = |n: usize| {
        (0..n)
            .map(|i| format!("k{i}=v"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut cases: Vec<(Vec<String>, Option<String>)> = vec![
        // Limits.
        (
            vec![format!("{key}={value}")],
            Some(format!("{key}={value}")),
        ),
        (vec![format!("{key}k={value}")], None),
        (vec![format!("{key}={value}v")], None),
        (vec![many(32)], Some(many(32))),
        (vec![many(33)], None),
        (
            vec![many(16), many(16)],
            Some(format!("{},{}", many(16), many(16))),
        ),
        (vec![many(16), many(17)], None),
        (vec![format!("{},,, ,", many(32))], Some(many(32))),
        (repeat_n("a=1".to_owned(), 33).collect(), None),
    ];
    let simple: &[(&[&str], Option<&str>)] = &[
        // Lists, and white space around their members.
        (&["a=1"], Some("a=1")),
        (&["a=1,b=2"], Some("a=1,b=2")),
        (&["b=2,a=1"], Some("b=2,a=1")),
        (&[" a=1 "], Some("a=1")),
        (&["a=1 \t , \t b=2"], Some("a=1,b=2")),
        (&["a=1,"], Some("a=1")),
        (&[",a=1"], Some("a=1")),
        (&["a=1,,b=2"], Some("a=1,b=2")),
        (&["a=1, \t ,b=2"], Some("a=1,b=2")),
        (&[""], Some("")),
        (&[" "], Some("")),
        (&[","], Some("")),
        (&[",,,"], Some("")),
        // Several headers are one list.
        (&["a=1", "b=2"], Some("a=1,b=2")),
        (&["a=1,b=2", "c=3"], Some("a=1,b=2,c=3")),
        (&["", "a=1", "", "b=2", ""], Some("a=1,b=2")),
        (&["", ""], Some("")),
        (&["a=1", "bad"], None),
        (&["bad", "a=1"], None),
        // A repeated key may stay.
        (&["a=1,a=2"], Some("a=1,a=2")),
        (&["a=1", "a=1"], Some("a=1,a=1")),
        // Keys.
        (&["0=1"], Some("0=1")),
        (&["z-_*/9=1"], Some("z-_*/9=1")),
        (&["foo@=1"], Some("foo@=1")),
        (&["foo@@bar=1"], Some("foo@@bar=1")),
        (&["a@b@c=1"], Some("a@b@c=1")),
        (&["fw529a3039@dt=1"], Some("fw529a3039@dt=1")),
        (&["@foo=1"], None),
        (&["_a=1"], None),
        (&["-a=1"], None),
        (&["*a=1"], None),
        (&["/a=1"], None),
        (&["A=1"], None),
        (&["fOo=1"], None),
        (&["foo =1"], None),
        (&["fo o=1"], None),
        (&["foo.bar=1"], None),
        (&["foo+=1"], None),
        (&["\u{e9}=1"], None),
        (&["=1"], None),
        (&["a"], None),
        (&["="], None),
        // Values.
        (&["a="], None),
        (&["a=  "], None),
        (&["a= 1"], Some("a= 1")),
        (&["a=1 2"], Some("a=1 2")),
        (
            &["a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"],
            Some("a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"),
        ),
        (&["a=1=2"], None),
        (&["a==1"], None),
        (&["a=1\t2"], None),
        (&["a=\u{e9}"], None),
    ];
    cases.extend(simple.iter().map(|(values, onward)| {
        (
            values.iter().map(|v| (*v).to_owned()).collect(),
            onward.map(str::to_owned),
        )
    }));
    cases
}

#[test]
fn each_list_is_kept_whole_or_refused_whole_and_the_trace_goes_on() {
    for (values, onward) in cases() {
        let parsed = TraceState::parse(values.iter().map(String::as_bytes));
        let parsed = parsed.map(|state| state.map(|s| s.to_string()).unwrap_or_default());
        assert_eq!(parsed.ok(), onward, "{values:?}");

        let parent = parent("01");
        let mut pairs = vec![("traceparent", parent.as_str())];
        pairs.extend(values.iter().map(|value| ("tracestate", value.as_str())));
        let (sent, counts) = refused(|| injected(&extract(&headers(&pairs).unwrap())));
        assert_eq!(
            text(&sent, "traceparent"),
            Some(parent.as_str()),
            "{values:?}"
        );
        let state = onward.as_deref().filter(|state| !state.is_empty());
        assert_eq!(text(&sent, "tracestate"), state, "{values:?}");
        let too_many = TraceState::parse(values.iter().map(String::as_bytes))
            .is_err_and(|why| why.is_too_many());
        let expected = match (onward.is_some(), too_many) {
            (true, _) => vec![],
            (false, true) => vec![part("tracestate_too_many")],
            (false, false) => vec![part("tracestate_malformed")],
        };
        assert_eq!(counts, expected, "{values:?}");

        if let [value] = values.as_slice() {
            let (tree, hash) = maps(&[("traceparent", &parent), ("tracestate", value)]);
            for sent in [injected(&extract(&tree)), injected(&extract(&hash))] {
                assert_eq!(text(&sent, "tracestate"), state, "{values:?}");
            }
        }
    }
}

#[test]
fn a_control_character_in_a_map_of_strings_is_refused() {
    for bad in [
        "a=1\nb",
        "a=1\r\nx: y",
        "a=\0",
        "a=\u{7f}",
        "a\n=1",
        "a=1\u{2028}",
    ] {
        let (map, _) = maps(&[("traceparent", &parent("01")), ("tracestate", bad)]);
        let (sent, counts) = refused(|| injected(&extract(&map)));
        assert_eq!(text(&sent, "tracestate"), None, "{bad:?}");
        assert_eq!(counts, [part("tracestate_malformed")]);
    }
}

#[test]
fn the_longest_list_is_bounded_by_its_members() {
    let member = format!("{}={}", "k".repeat(256), "v".repeat(256));
    let list = vec![member; 32].join(",");
    let state = TraceState::parse([list.as_bytes()]).unwrap().unwrap();
    assert_eq!(state.as_str(), list);
    assert!(TraceState::parse([vec![b'a'; 1_000_000].as_slice()]).is_err());
}

#[test]
fn an_error_says_what_is_wrong_without_repeating_it() {
    let error = TraceState::parse([b"<script>".as_slice()]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("script"));
}
