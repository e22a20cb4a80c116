//! What only shows when the crates meet; it is all in `tests`.
