use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_total {};
}

fn main() {
    plant::jobs_total.with(()).record(1.0);
}
