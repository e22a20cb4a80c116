use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram jobs_seconds_sum {} buckets [1.0];
}

fn main() {}
