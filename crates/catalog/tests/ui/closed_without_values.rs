use throughline_catalog::label;

label! { pub enum Stage {} }

fn main() {}
