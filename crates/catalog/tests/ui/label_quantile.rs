use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge jobs_active { quantile: bool };
}

fn main() {}
