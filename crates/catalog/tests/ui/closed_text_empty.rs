use throughline_catalog::label;

label! { pub enum Stage { Validate = "validate", None = "" } }

fn main() {}
