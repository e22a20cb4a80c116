//! `grpc-trace-bin`: the bytes, and their text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use throughline_context::TraceParent;

fuzz_target!(|data: &[u8]| {
    if let Ok(parent) = TraceParent::from_binary(data) {
        // Of the flags, two bits are known.
        assert_eq!(parent.to_binary()[..28], data[..28]);
        assert_eq!(parent.to_binary()[28], data[28] & 3);
        check(parent);
    }
    if let Ok(parent) = TraceParent::parse_binary(data) {
        check(parent);
    }
});

fn check(parent: TraceParent) {
    assert_eq!(TraceParent::from_binary(&parent.to_binary()), Ok(parent));
    parent.with_binary_text(|text| {
        assert_eq!(text.len(), 39);
        assert_eq!(TraceParent::parse_binary(text.as_bytes()), Ok(parent));
        let padded = format!("{text}=");
        assert_eq!(TraceParent::parse_binary(padded.as_bytes()), Ok(parent));
    });
    assert_eq!(
        TraceParent::parse(parent.to_string().as_bytes()),
        Ok(parent)
    );
}
