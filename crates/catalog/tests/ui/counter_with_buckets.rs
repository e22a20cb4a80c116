use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_total {} buckets [1.0];
}

fn main() {}
