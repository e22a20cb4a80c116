//! `traceparent`.
#![no_main]

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use opentelemetry::{Context, trace::TraceContextExt};
use throughline_context::{TraceParent, Trust, arrive, extract_with_context, inject};

fuzz_target!(|data: &[u8]| {
    let read = TraceParent::parse(data);
    if let Ok(parent) = read {
        let text = parent.to_string();
        assert_eq!(text.len(), 55);
        assert!(
            text.starts_with("00-") && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        );
        assert_eq!(text, text.to_ascii_lowercase());
        assert_eq!(TraceParent::parse(text.as_bytes()), Ok(parent));
        assert_eq!(TraceParent::from_binary(&parent.to_binary()), Ok(parent));
    }
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", value.clone());
    let cx = extract_with_context(&Context::new(), &headers);
    assert_eq!(cx.has_active_span(), read.is_ok());
    for trust in Trust::ALL {
        let arrival = arrive(trust, &headers);
        let mut onward = HeaderMap::new();
        inject(arrival.parent(), &mut onward);
        let kept = trust != Trust::Edge && read.is_ok();
        assert_eq!(onward.len(), usize::from(kept));
    }
    headers.append("traceparent", value);
    assert!(!extract_with_context(&Context::new(), &headers).has_active_span());
});
