use throughline_catalog::catalog;

catalog! { pub mod plant, budget 100;
    gauge jobs_active {};
}

fn main() {}
