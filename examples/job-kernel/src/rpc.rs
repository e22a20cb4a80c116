//! The contracts between the programs, generated from `proto/`.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::restriction
)]

tonic::include_proto!("job_kernel.v1");
