use throughline_catalog::catalog;

catalog! { pub mod plant, budget 1_000;
    /// Jobs.
    gauge jobs_active { a: bool, b: bool, c: bool, d: bool, e: bool, f: bool, g: bool, h: bool, i: bool };
}

fn main() {}
