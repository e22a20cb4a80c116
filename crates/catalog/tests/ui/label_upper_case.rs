use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge jobs_active { jobType: bool };
}

fn main() {}
