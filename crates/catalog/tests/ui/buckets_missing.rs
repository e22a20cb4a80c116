use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram job_duration_seconds {};
}

fn main() {}
