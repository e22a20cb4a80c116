//! The catalogues of the system, for `cargo xtask catalog`.

use job_kernel::{driver_manager, kernel, system_api};

fn main() {
    let catalogues = [
        ("system-api", system_api::eigen::CATALOGUE),
        ("kernel", kernel::eigen::CATALOGUE),
        ("driver-manager", driver_manager::eigen::CATALOGUE),
    ];
    print!("{}", throughline_catalog::bundle("job-kernel", &catalogues));
}
