use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram job_duration_seconds {} buckets [f64::NAN];
}

fn main() {}
