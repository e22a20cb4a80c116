use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram jobs_bucket {} buckets [1.0];
}

fn main() {}
