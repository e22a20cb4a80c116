use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    histogram job_load_percent {} buckets [1.0];
}

fn main() {}
