// K5
use throughline_catalog::{catalog, label};

label! { pub struct JobId: Capped<16>; }

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_total { job_id: JobId };
}

fn main() {}
