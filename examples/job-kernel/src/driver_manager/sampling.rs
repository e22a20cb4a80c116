//! From amplitudes to counts.

use std::collections::BTreeMap;

use super::StateVector;
use crate::{circuit::Circuit, rpc};

/// Measures a final state `shots` times; the same seed gives the same counts.
///
/// A bit string has the highest classical bit first and bit 0 last. There are at most as many
/// entries as basis states.
#[must_use]
pub fn sample(
    state: &StateVector,
    circuit: &Circuit,
    shots: u32,
    seed: Option<u64>,
) -> rpc::Counts {
    let mut total = 0.0;
    let reached: Vec<f64> = state
        .amplitudes()
        .iter()
        .map(|amplitude| {
            total += amplitude.norm_squared();
            total
        })
        .collect();
    let mut random = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
    let mut hits = vec![0_u64; reached.len()];
    for _ in 0..shots {
        // Rounding may leave the total a trifle off 1.
        let draw = random.f64() * total;
        let outcome = reached
            .partition_point(|&reached| reached <= draw)
            .min(hits.len() - 1);
        hits[outcome] += 1;
    }
    let mut counts = BTreeMap::new();
    for (outcome, hits) in hits.into_iter().enumerate().filter(|(_, hits)| *hits != 0) {
        *counts.entry(word(circuit, outcome)).or_insert(0) += hits;
    }
    let width = circuit.bits;
    let entries = counts.into_iter().map(|(word, count)| rpc::Count {
        bits: format!("{word:0width$b}"),
        count,
    });
    rpc::Counts {
        entries: entries.collect(),
    }
}

/// The classical bits after the measurements of one basis state.
fn word(circuit: &Circuit, outcome: usize) -> u64 {
    circuit.measurements.iter().fold(0, |word, measurement| {
        let value = (outcome >> measurement.qubit & 1) as u64;
        // A bit that is written to twice keeps the later outcome.
        word & !(1 << measurement.bit) | value << measurement.bit
    })
}
