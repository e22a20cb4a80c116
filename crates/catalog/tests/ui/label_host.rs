use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge jobs_active { ok: bool, host: bool };
}

fn main() {}
