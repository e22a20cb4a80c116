use throughline_catalog::label;

label! { pub enum Stage { Validate = "validate", Check = "validate" } }

fn main() {}
