use throughline_catalog::{catalog, label};

label! { pub struct Queue: Capped<16>; }

catalog! { pub mod plant, budget 118;
    /// Jobs.
    counter jobs_total { queue: Queue, ok: bool };
    /// Time.
    histogram job_duration_seconds { queue: Queue } buckets [0.1, 1.0];
}

fn main() {}
