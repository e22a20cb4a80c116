//! `tracestate`: a header value for each line.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use opentelemetry::Context;
use throughline_context::{Propagator, TraceState};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fuzz_target!(|data: &[u8]| {
    let read = TraceState::parse(data.split(|b| *b == b'\n'));
    if let Ok(Some(state)) = &read {
        assert!((1..=32).contains(&state.members().count()));
        assert!(state.as_str().bytes().all(|b| matches!(b, b' '..=b'~')));
        assert_eq!(
            TraceState::parse([state.as_str().as_bytes()]),
            Ok(Some(state.clone()))
        );
    }
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", HeaderValue::from_static(PARENT));
    for line in data.split(|b| *b == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append("tracestate", value);
    }
    let propagator = Propagator::new();
    let cx = propagator.extract_with_context(&Context::new(), &headers);
    let mut onward = HeaderMap::new();
    propagator.inject(&cx, &mut onward);
    assert_eq!(onward["traceparent"], PARENT);
    // The budget may cut it, but to whole members.
    if let Some(sent) = onward.get("tracestate") {
        let state = read
            .expect("only a valid list goes on")
            .expect("and one with members");
        let sent = TraceState::parse([sent.as_bytes()])
            .expect("valid")
            .expect("not empty");
        let mut members = state.members();
        assert!(
            sent.members()
                .all(|sent| members.any(|member| member == sent))
        );
        assert!(sent.as_str().len() < 4_096);
    }
});
