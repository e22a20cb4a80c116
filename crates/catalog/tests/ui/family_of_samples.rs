use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram job_duration_seconds {} buckets [1.0];
    /// Again.
    gauge job_duration_seconds_count {} dictated "nobody";
}

fn main() {}
