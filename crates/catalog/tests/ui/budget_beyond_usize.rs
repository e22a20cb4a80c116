use throughline_catalog::{catalog, label};

label! { pub struct L: Capped<1_000_000>; }

catalog! { pub mod plant, budget 18_446_744_073_709_551_614;
    /// Jobs.
    counter jobs_total { a: L, b: L, c: L, d: L };
}

fn main() {}
