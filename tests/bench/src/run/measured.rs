//! What was measured, by row.

use std::collections::BTreeMap;

use super::numbers::{differences, median, paired, quantile};

/// All rows measured so far.
#[derive(Debug, Default)]
pub struct Measured {
    rows: BTreeMap<&'static str, Row>,
}

/// One row; all numbers are for one request.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) heap: [f64; 2],
    pub(super) wall: Vec<f64>,
    pub(super) cpu: Vec<f64>,
    pub(super) later: Vec<f64>,
    pub(super) instructions: Option<f64>,
    pub(super) evidence: String,
}

impl Measured {
    pub(super) fn row(&mut self, name: &'static str) -> &mut Row {
        self.rows.entry(name).or_default()
    }

    /// Keeps the calmer half of the rounds of these rows, told by the CPU time of all of them
    /// together: what else runs on the machine costs us caches and cycles.
    pub(super) fn keep_calm_rounds(&mut self, names: &[&'static str]) {
        let rounds = names.iter().map(|name| self.row(name).cpu.len()).min();
        let total = |measured: &Self, round: usize| {
            let of = |name: &&str| Some(measured.get(name)?.cpu[round]);
            names.iter().filter_map(of).sum::<f64>()
        };
        let mut order = (0..rounds.unwrap_or(0)).collect::<Vec<_>>();
        order.sort_by(|a, b| total(self, *a).total_cmp(&total(self, *b)));
        order.truncate(order.len().div_ceil(2));
        for name in names {
            let row = self.row(name);
            for samples in [&mut row.wall, &mut row.cpu, &mut row.later] {
                *samples = order.iter().map(|round| samples[*round]).collect();
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Row> {
        self.rows.get(name)
    }

    /// Instructions of a row.
    pub fn instructions(&self, name: &str) -> Option<f64> {
        self.get(name)?.instructions
    }

    /// CPU ns of a row, the median over the rounds.
    pub fn cpu(&self, name: &str) -> Option<f64> {
        Some(median(&self.get(name)?.cpu))
    }

    /// CPU ns that a row adds to its base: the median of the differences round by round, because
    /// the rows of a round share the machine's mood.
    pub fn added_cpu(&self, name: &str, base: &str) -> Option<f64> {
        Some(paired(&self.get(name)?.cpu, &self.get(base)?.cpu))
    }

    /// Between which numbers half of these differences lie.
    pub fn added_cpu_range(&self, name: &str, base: &str) -> Option<[f64; 2]> {
        let added = differences(&self.get(name)?.cpu, &self.get(base)?.cpu);
        Some([0.25, 0.75].map(|share| quantile(&added, share)))
    }
}
