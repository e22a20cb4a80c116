use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram job_duration_seconds {} buckets [0.1, 0.1];
}

fn main() {}
