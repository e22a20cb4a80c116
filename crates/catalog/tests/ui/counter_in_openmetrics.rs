use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs that ended.
    counter jobs_total {};
    /// Jobs now.
    gauge jobs {};
}

fn main() {}
