//! The number of a value of a capped label.

/// One of at most `N` values that are found while the process runs, or the overflow value.
///
/// It is only the number of the value. [`label!`](crate::label!) makes a label type of it, with the
/// texts that belong to the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capped<const N: usize>(u32);

impl<const N: usize> Capped<N> {
    /// What replaces a value that found no room.
    pub const OVERFLOW: Self = Self(0);

    /// How many values there can be, the overflow value included.
    pub const CARDINALITY: usize = N + 1;

    /// The number of the value: 0 is the overflow value.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The value with this number; the overflow value if there is none.
    #[must_use]
    #[inline]
    pub const fn from_number(number: u32) -> Self {
        if number as usize <= N {
            Self(number)
        } else {
            Self::OVERFLOW
        }
    }
}
