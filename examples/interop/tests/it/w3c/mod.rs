//! The statements of W3C Trace Context, Level 2, held against `w3c-service` over a socket.

mod calls;
mod harness;
mod state;
mod traceparent;
