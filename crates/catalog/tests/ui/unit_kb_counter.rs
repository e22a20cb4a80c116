use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter job_output_kb_total {};
}

fn main() {}
