//! The macro that declares a label.

/// Declares a label type.
///
/// # A closed label
/// Each variant has its text. The type is `Copy`, `Debug`, `Display`, `Eq` and `Hash`, and has `ALL`
/// and `as_str()`. An empty text, or one that appears twice, does not compile.
///
/// ```
/// use throughline_catalog::label;
///
/// label! {
///     /// A step of the compiler.
///     pub enum Stage { Validate = "validate", Compile = "compile" }
/// }
/// assert_eq!(Stage::Compile.as_str(), "compile");
/// assert_eq!(Stage::ALL, [Stage::Validate, Stage::Compile]);
/// ```
///
/// # A capped label
/// The values are found while the process runs: at most as many as the cap says, and one more that
/// stands for all others. A value is never taken back. Text that is empty, longer than 128 bytes or
/// holds a control character gets no value.
///
/// ```
/// use throughline_catalog::{OVERFLOW, label};
///
/// label! {
///     /// A database driver.
///     pub struct Driver: Capped<2>;
/// }
/// Driver::seed(["postgres"]); // before serving: nobody can take its place
/// assert_eq!(Driver::of("sqlite").as_str(), "sqlite");
/// assert_eq!(Driver::of("sent by a stranger"), Driver::OVERFLOW);
/// assert_eq!(Driver::of("sent by a stranger").as_str(), OVERFLOW);
/// assert_eq!(Driver::of("postgres").as_str(), "postgres");
/// assert_eq!(Driver::overflowed(), 2);
/// ```
///
/// What found no room is counted in
/// [`throughline_label_overflow_total`](crate::families::throughline::throughline_label_overflow_total) as well,
/// and how full a label is that some family uses can be seen beforehand:
/// `throughline_label_values / throughline_label_limit > 0.8` is a good alert.
#[macro_export]
macro_rules! label {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $vis enum $name {
            $(
                $(#[$variant_meta])*
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text of the value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::Label for $name {
            const CARDINALITY: usize = Self::ALL.len();
            const VALUES: $crate::Values = $crate::Values::Closed(&[$($text),*]);

            #[inline]
            fn index(self) -> usize {
                self as usize
            }

            fn text(index: usize) -> &'static str {
                Self::ALL[index].as_str()
            }
        }

        const _: () = $crate::__private::check_closed(stringify!($name), &[$($text),*]);
    };

    ($(#[$meta:meta])* $vis:vis struct $name:ident: Capped<$cap:tt> $(;)?) => {
        $crate::__capped_label! { $(#[$meta])* $vis struct $name: Capped<$cap>, new }
    };
}

/// The second half of [`label!`](crate::label!); `$interner` is the interner's constructor.
#[doc(hidden)]
#[macro_export]
macro_rules! __capped_label {
    ($(#[$meta:meta])* $vis:vis struct $name:ident: Capped<$cap:tt>, $interner:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        $vis struct $name($crate::Capped<$cap>);

        #[allow(dead_code, reason = "not every label needs all of them")]
        impl $name {
            /// What replaces a value that found no room.
            pub const OVERFLOW: Self = Self($crate::Capped::OVERFLOW);

            fn interner() -> &'static $crate::__private::Interner {
                static INTERNER: $crate::__private::Interner =
                    $crate::__private::Interner::$interner(
                        stringify!($name),
                        $crate::Capped::<$cap>::CARDINALITY - 1,
                    );
                &INTERNER
            }

            /// The value for `text`, made if there is room, or else [`Self::OVERFLOW`], which is
            /// counted. A text seen before costs one read without a lock.
            #[must_use]
            pub fn of(text: &str) -> Self {
                Self($crate::Capped::from_number(Self::interner().value(text)))
            }

            /// The value for `text` if there is one already. Makes none and counts nothing: for text
            /// that a client chooses, after [`Self::seed`].
            #[must_use]
            pub fn get(text: &str) -> ::core::option::Option<Self> {
                Self::interner().get(text).map(|number| Self($crate::Capped::from_number(number)))
            }

            /// Makes values for `texts` before anything else can take their place, and returns how
            /// many of them found no room.
            #[allow(clippy::must_use_candidate, reason = "the values are what it is called for")]
            pub fn seed<T: ::core::convert::AsRef<str>>(
                texts: impl ::core::iter::IntoIterator<Item = T>,
            ) -> usize {
                let interner = Self::interner();
                texts.into_iter().filter(|text| interner.insert(text.as_ref()).is_none()).count()
            }

            /// How often [`Self::of`] had to answer [`Self::OVERFLOW`].
            #[must_use]
            pub fn overflowed() -> u64 {
                Self::interner().overflowed()
            }

            /// How many values have been made.
            #[must_use]
            pub fn known() -> usize {
                Self::interner().known()
            }

            /// The text of the value.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                Self::interner().text(self.0.number())
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[diagnostic::do_not_recommend]
        impl $crate::Label for $name {
            const CARDINALITY: usize = $crate::Capped::<$cap>::CARDINALITY;
            const VALUES: $crate::Values =
                $crate::Values::Capped($crate::Capped::<$cap>::CARDINALITY - 1);

            #[inline]
            fn index(self) -> usize {
                self.0.number() as usize
            }

            fn text(index: usize) -> &'static str {
                Self::interner().text(index as u32)
            }

            fn interner() -> ::core::option::Option<&'static $crate::__private::Interner> {
                ::core::option::Option::Some(Self::interner())
            }
        }

        const _: () = $crate::__private::check_capped(
            stringify!($name),
            $crate::Capped::<$cap>::CARDINALITY - 1,
        );
    };
}
