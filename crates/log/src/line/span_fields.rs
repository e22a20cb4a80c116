//! What a span passes down to the lines inside it, as JSON that is made once.

use super::scratch::{Scratch, Value};

/// What each log layer keeps in a span's extensions: layers differ in what they allow.
#[derive(Debug, Default)]
pub(crate) struct SpanFields(Vec<Fields>);

#[derive(Debug)]
struct Fields {
    layer: u64,
    entries: Vec<Entry>,
    json: Vec<u8>,
    /// One bit for each field that was left out.
    refused: u128,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    slot: usize,
    end: usize,
    cut: bool,
}

impl SpanFields {
    /// Adds what the scratch holds; a value that a span records again replaces the one before.
    pub(crate) fn record(&mut self, layer: u64, scratch: &mut Scratch, refused: u128) {
        let place = self.0.iter().position(|fields| fields.layer == layer);
        let before = place.map(|place| self.0.swap_remove(place));
        let mut all = Fields {
            layer,
            entries: Vec::new(),
            json: Vec::new(),
            refused,
        };
        if let Some(before) = before {
            all.refused |= before.refused;
            before.take(scratch);
        }
        for slot in 0..scratch.values.len() {
            let value = scratch.values[slot];
            if value.is_set() {
                all.json.extend_from_slice(scratch.bytes(value));
                all.entries.push(Entry {
                    slot,
                    end: all.json.len(),
                    cut: value.cut,
                });
            }
        }
        self.0.push(all);
    }

    /// Hands the values to a line that has none from nearer by. Returns which fields were left out.
    pub(crate) fn take(&self, layer: u64, scratch: &mut Scratch) -> u128 {
        let Some(fields) = self.0.iter().find(|fields| fields.layer == layer) else {
            return 0;
        };
        fields.take(scratch);
        fields.refused
    }
}

impl Fields {
    fn take(&self, scratch: &mut Scratch) {
        let mut start = 0;
        for &Entry { slot, end, cut } in &self.entries {
            scratch.set_if_empty(slot, |out| {
                out.extend_from_slice(&self.json[start..end]);
                !cut
            });
            start = end;
        }
    }
}

impl Scratch {
    /// Whether nothing was taken.
    pub(crate) fn is_empty(&self) -> bool {
        !self.values.iter().copied().any(Value::is_set)
    }
}
