//! A fault with nobody there to hear of it. In a process of its own: whether a log event is on is known
//! to the whole process.

use throughline_fault::Fault;

#[test]
fn without_a_subscriber_recorder_or_span_a_fault_is_the_same_value() {
    let fault = Fault::error("store_down", "a text is an error too");
    assert_eq!(fault.kind(), "store_down");
    assert_eq!(fault.to_string(), "a text is an error too");
    assert_eq!(fault.root_cause(), "a text is an error too");
    assert_eq!(Fault::warning("bad_circuit", "text").root_cause(), "text");
}
