use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_done {};
}

fn main() {}
