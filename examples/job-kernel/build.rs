//! Compiles the protobuf files, without `protoc`.

use std::error::Error;

const FILES: [&str; 4] = [
    "job_kernel/v1/circuit.proto",
    "job_kernel/v1/compiler.proto",
    "job_kernel/v1/driver.proto",
    "job_kernel/v1/kernel.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::compile_fds(descriptors)?;
    Ok(())
}
