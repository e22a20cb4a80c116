use throughline_catalog::label;

label! { pub struct Queue: Capped<0>; }

fn main() {}
