use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    gauge job_delay_ms_max {};
}

fn main() {}
