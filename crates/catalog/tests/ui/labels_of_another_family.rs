use throughline_catalog::{catalog, label};

label! { pub enum Stage { Validate = "validate" } }

catalog! { pub mod plant, budget 100;
    /// Jobs.
    counter jobs_total { stage: Stage };
}

fn main() {
    plant::jobs_total.with((true,)).increment(1);
}
