use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_total { kind: String };
}

fn main() {}
