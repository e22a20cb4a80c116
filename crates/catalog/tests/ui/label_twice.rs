use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge jobs_active { ok: bool, late: bool, ok: bool };
}

fn main() {}
