//! Compiles the contract of the gRPC services, without `protoc`.

use std::error::Error;

const FILES: [&str; 3] = [
    "grpc/testing/test.proto",
    "throughline/interop/v1/cases.proto",
    "throughline/interop/v1/echo.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::compile_fds(descriptors)?;
    Ok(())
}
