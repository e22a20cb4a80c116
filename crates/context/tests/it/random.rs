//! Arbitrary and nearly valid input: nothing panics, and what is read is stable. Each test prints its
//! seed; `THROUGHLINE_SEED` repeats one.

use opentelemetry::Context;
use throughline_context::{TraceParent, TraceState, extract_with_context};

use crate::support::{SPAN, TRACE, headers, injected, maps, parent, text};

fn generator() -> fastrand::Rng {
    let seed = std::env::var("THROUGHLINE_SEED")
        .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("THROUGHLINE_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

fn bytes(rng: &mut fastrand::Rng, most: usize) -> Vec<u8> {
    (0..rng.usize(..=most)).map(|_| rng.u8(..)).collect()
}

/// Changes a text in a few places: bytes replaced, removed, put in.
fn damaged(rng: &mut fastrand::Rng, text: &str) -> Vec<u8> {
    const LIKELY: &[u8] = b"0123456789abcdefABCDEF-_=,@ \t\n\0\xff";
    let mut text = text.as_bytes().to_vec();
    for _ in 0..rng.usize(..4) {
        let at = rng.usize(..text.len());
        let byte = LIKELY[rng.usize(..LIKELY.len())];
        match rng.u8(..3) {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            _ => drop(text.remove(at)),
        }
    }
    text
}

/// Whatever is read prints as something that reads the same.
fn stable_parent(value: &[u8]) -> bool {
    let Ok(read) = TraceParent::parse(value) else {
        return false;
    };
    let printed = read.to_string();
    assert_eq!(printed.len(), 55);
    assert_eq!(
        TraceParent::parse(printed.as_bytes()),
        Ok(read),
        "{value:?}"
    );
    read.with_text(|text| assert_eq!(text, printed));
    true
}

fn stable_state(value: &[u8]) -> bool {
    let Ok(Some(read)) = TraceState::parse([value]) else {
        return false;
    };
    assert_eq!(
        TraceState::parse([read.as_str().as_bytes()]),
        Ok(Some(read.clone())),
        "{value:?}"
    );
    assert!(read.as_str().bytes().all(|b| matches!(b, b' '..=b'~')));
    true
}

#[test]
fn a_parent_that_is_read_prints_as_what_reads_the_same() {
    let mut rng = generator();
    let mut read = 0;
    for _ in 0..20_000 {
        stable_parent(&bytes(&mut rng, 80));
        let version = rng.u8(..);
        let whole = format!("{version:02x}-{TRACE}-{SPAN}-{:02x}", rng.u8(..));
        read += usize::from(stable_parent(&damaged(&mut rng, &whole)));
    }
    assert!(
        1_000 < read,
        "only {read} were valid: the damage is too great to tell"
    );
}

#[test]
fn a_state_that_is_read_prints_as_what_reads_the_same() {
    let mut rng = generator();
    let mut read = 0;
    for _ in 0..20_000 {
        stable_state(&bytes(&mut rng, 80));
        read += usize::from(stable_state(&damaged(&mut rng, "a=1,foo@@bar=2 3,z9*/=~")));
    }
    assert!(
        1_000 < read,
        "only {read} were valid: the damage is too great to tell"
    );
}

#[test]
fn arbitrary_headers_never_panic_and_only_valid_ones_go_on() {
    let mut rng = generator();
    let mut relayed = 0;
    for _ in 0..20_000 {
        let mut pairs = Vec::new();
        for _ in 0..rng.usize(..3) {
            let junk = rng.u8(..4) == 0;
            let intact = parent("03");
            let value = if junk {
                bytes(&mut rng, 70)
            } else {
                damaged(&mut rng, &intact)
            };
            pairs.push(("traceparent", value));
        }
        for _ in 0..rng.usize(..3) {
            let junk = rng.u8(..4) == 0;
            let value = if junk {
                bytes(&mut rng, 70)
            } else {
                damaged(&mut rng, "a=1,foo@@bar=2")
            };
            pairs.push(("tracestate", value));
        }
        // Bytes that no header can hold come in maps of strings.
        let onward = match headers(&pairs) {
            Some(map) => injected(&extract_with_context(&Context::new(), &map)),
            None => {
                let strings: Vec<_> = pairs
                    .iter()
                    .map(|(name, value)| (*name, String::from_utf8_lossy(value).into_owned()))
                    .collect();
                let strings: Vec<_> = strings
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                let (map, _) = maps(&strings);
                injected(&extract_with_context(&Context::new(), &map))
            }
        };
        if let Some(parent) = text(&onward, "traceparent") {
            relayed += 1;
            assert!(stable_parent(parent.as_bytes()));
        }
        if let Some(state) = text(&onward, "tracestate") {
            assert!(onward.contains_key("traceparent"));
            assert!(stable_state(state.as_bytes()));
        }
    }
    assert!(
        1_000 < relayed,
        "only {relayed} went on: the damage is too great to tell"
    );
}
