//! The catalogues of the crates themselves, for `cargo xtask catalog`.

use throughline_catalog::families::throughline as catalog;
use throughline_context::families::throughline as context;
use throughline_correlation::families::throughline as correlation;
use throughline_fault::families::throughline as fault;
use throughline_job::families::throughline as job;
use throughline_log::families::throughline as log;

fn main() {
    let catalogues = [
        ("throughline-catalog", catalog::CATALOGUE),
        ("throughline-context", context::CATALOGUE),
        ("throughline-correlation", correlation::CATALOGUE),
        ("throughline-fault", fault::CATALOGUE),
        ("throughline-job", job::CATALOGUE),
        ("throughline-log", log::CATALOGUE),
    ];
    let title = "the crates themselves";
    print!("{}", throughline_catalog::bundle(title, &catalogues));
}
