//! What only shows when the crates meet.
