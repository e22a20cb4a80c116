use throughline_catalog::label;

label! { pub struct Queue: Capped<2_000_000>; }

fn main() {}
