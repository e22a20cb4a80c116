//! What a layer needs of a family's type.

use crate::{Desc, Handle, Held, Labels, Store};

/// A family of [`catalog!`](crate::catalog!): a zero-sized constant that is its own type.
///
/// A layer takes one by a generic setter, and keeps what is below the type: the store of its
/// handles, and how to find a label index.
///
/// ```
/// use throughline_catalog::{Counter, Era, Family, Label, Labels, Store, catalog, label};
///
/// /// What the layer sees of a unit of work.
/// pub struct Exchange { ok: bool }
///
/// label! { pub enum Outcome { Ok = "ok", Error = "error" } }
///
/// /// A label that this layer can fill in.
/// pub trait ExchangeLabel: Label { fn of(exchange: &Exchange) -> Self; }
/// impl ExchangeLabel for Outcome {
///     fn of(exchange: &Exchange) -> Self { if exchange.ok { Self::Ok } else { Self::Error } }
/// }
///
/// /// Labels that this layer can fill in: tuples of them.
/// pub trait ExchangeLabels: Labels { fn index_of(exchange: &Exchange) -> usize; }
/// impl<A: ExchangeLabel> ExchangeLabels for (A,) {
///     fn index_of(exchange: &Exchange) -> usize { (A::of(exchange),).index() }
/// }
///
/// #[derive(Default)]
/// pub struct CountLayer { total: Option<(&'static Store<Counter>, fn(&Exchange) -> usize)> }
///
/// impl CountLayer {
///     pub fn total<F>(self, _: F) -> Self
///     where F: Family<Handle = Counter>, F::Labels: ExchangeLabels {
///         Self { total: Some((F::store(), <F::Labels>::index_of)) }
///     }
///
///     fn finish(&self, era: Era, exchange: &Exchange) {
///         if let Some((store, index_of)) = self.total {
///             store.get(era, index_of(exchange)).increment(1);
///         }
///     }
/// }
///
/// catalog! { pub mod exchanges, budget 10;
///     /// Exchanges that ended.
///     counter exchanges_total { outcome: Outcome };
/// }
///
/// let recorder = metrics_util::debugging::DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let layer = CountLayer::default().total(exchanges::exchanges_total);
///     layer.finish(Era::current(), &Exchange { ok: true });
/// });
/// let (key, ..) = snapshotter.snapshot().into_vec().remove(0);
/// assert_eq!(key.key().to_string(), "Key(exchanges_total, [outcome = ok])");
/// ```
pub trait Family: Copy + Send + Sync + 'static {
    /// The types of the labels, in the order of declaration.
    type Labels: Labels;

    /// What the family hands out.
    type Handle: Handle;

    /// The family as the catalogue has it.
    const DESC: &'static Desc;

    /// Where the family's handles are kept.
    fn store() -> &'static Store<Self::Handle>;

    /// The handle of the series with these labels, in the recorder that is current.
    #[inline]
    fn with(self, labels: Self::Labels) -> Held<'static, Self::Handle> {
        Self::store().now(labels.index())
    }
}
