//! Tuples of labels, and their index.

use crate::Label;
use crate::interner::Interner;

/// The labels of one family: a tuple of zero to eight [`Label`] types.
///
/// A combination of values has one number, counted in mixed radix with the last label running
/// fastest, and that number is where the series' handle is kept.
///
/// ```
/// use throughline_catalog::Labels;
///
/// assert_eq!(<(bool, bool)>::CARDINALITY, 4);
/// let index = (true, false).index();
/// assert_eq!(index, 2);
/// assert_eq!(<(bool, bool)>::text(index, 0), "true");
/// assert_eq!(<(bool, bool)>::text(index, 1), "false");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of metric labels",
    note = "a family has at most eight, each declared with `label!`"
)]
pub trait Labels: Copy + 'static {
    /// How many labels there are.
    const LEN: usize;

    /// How many combinations there are; every [`index`](Self::index) is below it.
    const CARDINALITY: usize;

    /// The number of this combination.
    fn index(self) -> usize;

    /// The text that the label at `position` has in the combination `index`.
    fn text(index: usize, position: usize) -> &'static str;

    /// The capped ones among the labels.
    #[doc(hidden)]
    fn caps(each: &mut dyn FnMut(&'static Interner)) {
        let _ = each;
    }
}

macro_rules! tuple {
    ($len:literal: $($label:ident $value:ident),*) => {
        impl<$($label: Label),*> Labels for ($($label,)*) {
            const LEN: usize = $len;
            const CARDINALITY: usize = 1usize $(.saturating_mul($label::CARDINALITY))*;

            #[inline]
            fn index(self) -> usize {
                let ($($value,)*) = self;
                let index = 0usize;
                // Wrapping: a combination too many for `usize` cannot pass a catalogue's budget.
                $(let index = index.wrapping_mul($label::CARDINALITY).wrapping_add($value.index());)*
                index
            }

            fn text(index: usize, position: usize) -> &'static str {
                let cardinalities: [usize; $len] = [$($label::CARDINALITY),*];
                let texts: [fn(usize) -> &'static str; $len] = [$($label::text),*];
                let below: usize = cardinalities[position + 1..].iter().product();
                texts[position](index / below % cardinalities[position])
            }

            fn caps(each: &mut dyn FnMut(&'static Interner)) {
                $(if let Some(interner) = $label::interner() {
                    each(interner);
                })*
            }
        }
    };
}

impl Labels for () {
    const LEN: usize = 0;
    const CARDINALITY: usize = 1;

    #[inline]
    fn index(self) -> usize {
        0
    }

    fn text(_: usize, position: usize) -> &'static str {
        panic!("a family without labels was asked for its label number {position}")
    }
}

tuple!(1: A a);
tuple!(2: A a, B b);
tuple!(3: A a, B b, C c);
tuple!(4: A a, B b, C c, D d);
tuple!(5: A a, B b, C c, D d, E e);
tuple!(6: A a, B b, C c, D d, E e, F f);
tuple!(7: A a, B b, C c, D d, E e, F f, G g);
tuple!(8: A a, B b, C c, D d, E e, F f, G g, H h);
