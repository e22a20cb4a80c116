use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100, forbid ["tenant"];
    /// Jobs.
    gauge jobs_active { tenant: bool };
}

fn main() {}
