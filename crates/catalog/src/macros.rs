//! The macro that declares a catalogue.

/// Declares metric families, and stops the build where one breaks a rule.
///
/// ```
/// use throughline_catalog::{catalog, label};
///
/// label! {
///     /// How a job ended.
///     pub enum Ending { Done = "done", Failed = "failed" }
/// }
///
/// catalog! {
///     /// What the worker measures.
///     pub mod worker, budget 100, forbid ["tenant"];
///
///     /// Jobs that ended.
///     counter jobs_total { ending: Ending };
///     /// Time from start to end.
///     histogram job_duration_seconds { ending: Ending } buckets [0.1, 1.0, 10.0];
///     /// Jobs that run now.
///     gauge jobs_active {};
///     /// Jobs tried again.
///     counter task_retry_count {} dictated "the name on the orchestrator's dashboards";
/// }
///
/// assert_eq!(worker::CATALOGUE.series(), 2 + 2 * (3 + 3) + 1 + 1);
/// worker::jobs_total.with((Ending::Done,)).increment(1);
/// worker::jobs_active.with(()).set(3.0);
/// ```
///
/// The module has one zero-sized constant for each family, which is a [`Family`](crate::Family) and
/// has `with(labels)`; `CATALOGUE`, a [`Catalogue`](crate::Catalogue); and `describe()`. The label
/// types are those that can be seen where the macro stands. A family's doc comment is its help text.
///
/// # What does not compile
/// * **Names**: other characters than lower-case letters, digits and underlines; a unit that is not a
///   base unit (`_ms`, `_kb`); a counter without `_total`; a gauge or histogram that ends in `_total`,
///   `_count`, `_sum`, `_bucket` or `_created`; a histogram that does not end in a base unit. A name
///   that someone else chose is `dictated "by whom"` and exempt from the rules about its end.
/// * **Help**: none.
/// * **Buckets**: none, not sorted, one twice, or not finite; any on a counter or a gauge.
/// * **Labels**: one twice; `le`, `quantile` or `__…`; one whose values nobody can bound or that must
///   not be seen (`job_id`, `user`, `url`, `api_key`, …, and those of the `forbid` clause).
/// * **Series**: more than the budget, summed over the families. A histogram counts its buckets and
///   three more for each combination of labels.
/// * **Families**: one twice, or one with the name of another's samples: `x_count` beside a histogram
///   `x`, or `x` beside a counter `x_total`, which `OpenMetrics` calls `x`. Across catalogues it is
///   [`Catalogue::check_against`](crate::Catalogue::check_against) that finds them.
#[macro_export]
macro_rules! catalog {
    // A family is as visible as its module, and no more: its label types need not be public either.
    ($(#[$meta:meta])* pub mod $($rest:tt)*) => {
        $crate::__catalog! { [$(#[$meta])*] [pub mod] [pub] $($rest)* }
    };
    ($(#[$meta:meta])* pub(crate) mod $($rest:tt)*) => {
        $crate::__catalog! { [$(#[$meta])*] [pub(crate) mod] [pub(crate)] $($rest)* }
    };
    ($(#[$meta:meta])* pub(super) mod $($rest:tt)*) => {
        $crate::__catalog! { [$(#[$meta])*] [pub(super) mod] [pub(in super::super)] $($rest)* }
    };
    ($(#[$meta:meta])* mod $($rest:tt)*) => {
        $crate::__catalog! { [$(#[$meta])*] [mod] [pub(super)] $($rest)* }
    };
}

/// The rest of [`catalog!`](crate::catalog!), with the visibility of the module and of what is in it.
#[doc(hidden)]
#[macro_export]
macro_rules! __catalog {
    (
        [$(#[$meta:meta])*] [$module_vis:vis mod] [$vis:vis]
        $module:ident, budget $budget:literal $(,)? $(forbid [$($forbid:literal),* $(,)?])? ;
        $(
            $(#[doc = $help:literal])*
            $kind:ident $family:ident { $($label:ident: $ty:ty),* $(,)? }
            $(buckets [$($bound:expr),* $(,)?])?
            $(dictated $why:literal)? ;
        )*
    ) => {
        $(#[$meta])*
        #[doc = concat!("\nThe metric families of `", stringify!($module), "`.")]
        #[allow(non_camel_case_types, unreachable_pub, dead_code)]
        $module_vis mod $module {
            $(
                $(#[doc = $help])*
                #[doc = concat!("\nA ", stringify!($kind), ".")]
                #[derive(Clone, Copy, Debug, Default)]
                $vis struct $family;
            )*

            /// The families, in the order of declaration.
            $vis const CATALOGUE: &$crate::Catalogue = {
                static CATALOGUE: $crate::Catalogue = $crate::Catalogue::new(
                    stringify!($module),
                    $budget,
                    FORBIDDEN,
                    &[$(<$family as $crate::Family>::DESC),*],
                );
                &CATALOGUE
            };

            /// Tells the current recorder every family's name, unit and help.
            $vis fn describe() {
                CATALOGUE.describe();
            }

            const FORBIDDEN: &[&str] = &[$($($forbid),*)?];
            $(const _: () = $crate::__private::check_family(
                <$family as $crate::Family>::DESC,
                FORBIDDEN,
            );)*
            const _: () = $crate::__private::check_catalogue(CATALOGUE);
        }

        $($crate::__kind! { $kind })*

        // Out here the label types have the names that they have for the reader, also in a function.
        $(
            impl $crate::Family for $module::$family {
                type Labels = ($($ty,)*);
                type Handle = $crate::__handle!($kind);

                const DESC: &'static $crate::Desc = {
                    const LABELS: &[$crate::LabelDesc] = &[$($crate::LabelDesc::new(
                        stringify!($label),
                        <$ty as $crate::Label>::VALUES,
                    )),*];
                    static DESC: $crate::Desc =
                        $crate::Desc::new::<$crate::__handle!($kind), ($($ty,)*)>(
                            &$crate::__private::Parts {
                                name: stringify!($family),
                                help: concat!($($help),*),
                                buckets: &[$(&[$($bound),*])?],
                                labels: LABELS,
                                dictated: &[$($why)?],
                                module: module_path!(),
                            },
                        );
                    &DESC
                };

                #[inline]
                fn store() -> &'static $crate::Store<Self::Handle> {
                    static STORE: $crate::Store<$crate::__handle!($kind)> =
                        $crate::Store::new(<$module::$family as $crate::Family>::DESC);
                    &STORE
                }
            }

            #[allow(dead_code, unreachable_pub)]
            impl $module::$family {
                /// The handle of the series with these labels, in the recorder that is current.
                #[must_use]
                #[inline]
                pub fn with(
                    self,
                    labels: ($($ty,)*),
                ) -> $crate::Held<'static, $crate::__handle!($kind)> {
                    <Self as $crate::Family>::with(self, labels)
                }
            }
        )*
    };
}

/// The handle of a kind of family.
#[doc(hidden)]
#[macro_export]
macro_rules! __handle {
    (counter) => {
        $crate::Counter
    };
    (gauge) => {
        $crate::Gauge
    };
    (histogram) => {
        $crate::Histogram
    };
    // `__kind!` has refused it; as a gauge it breaks the fewest other rules.
    ($other:ident) => {
        $crate::Gauge
    };
}

/// Refuses what is no kind of family, once.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (counter) => {};
    (gauge) => {};
    (histogram) => {};
    ($other:ident) => {
        compile_error!(concat!(
            "`",
            stringify!($other),
            "` is no kind of family; write `counter`, `gauge` or `histogram`",
        ));
    };
}
