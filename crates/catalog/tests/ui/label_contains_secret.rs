use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge jobs_active { client_secret_kind: bool };
}

fn main() {}
