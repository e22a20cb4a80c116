//! Labels that the handler sets.

use std::{any::TypeId, fmt, marker::PhantomData};

use http::Extensions;
use throughline_catalog::{Label, Values};

use crate::{
    exchange::Exchange,
    labels::{HeadLabel, HttpLabel},
};

/// A label that a handler may set on its response, with what it is if the handler does not.
pub trait HandlerLabel: Label {
    /// The value of responses that do not say, and of requests that got none.
    fn absent() -> Self;
}

/// A label that the handler sets: it puts one into its response's extensions, and a family that has
/// the type as a label counts the request under it.
///
/// The value is bounded as any label's is, being an enum or capped. Only types that a family of the
/// layer names are looked for, so nothing else that is in the extensions becomes a label. A server's
/// response ends at the socket, extensions and all: no client ever sees the label, in its metrics
/// or elsewhere.
///
/// ```
/// # #[cfg(feature = "metrics")]
/// # fn main() {
/// use std::convert::Infallible;
///
/// use futures_util::FutureExt;
/// use http::{Request, Response};
/// use metrics_util::debugging::DebuggingRecorder;
/// use throughline_catalog::{catalog, label};
/// use throughline_http::{Extra, HandlerLabel, Method, ServerLayer};
/// use tower::{Layer, Service};
///
/// label! {
///     /// Whether the answer was at hand.
///     pub enum Cache { Hit = "hit", Miss = "miss", Unasked = "unasked" }
/// }
///
/// impl HandlerLabel for Cache {
///     fn absent() -> Self {
///         Self::Unasked
///     }
/// }
///
/// catalog! { mod shop, budget 100;
///     /// Requests served.
///     counter shop_requests_total { method: Method, cache: Extra<Cache> };
/// }
///
/// async fn cached(_: Request<()>) -> Result<Response<String>, Infallible> {
///     let mut response = Response::new("seven".to_owned());
///     response.extensions_mut().insert(Extra::of(Cache::Hit));
///     Ok(response)
/// }
///
/// let recorder = DebuggingRecorder::new();
/// let snapshotter = recorder.snapshotter();
/// metrics::with_local_recorder(&recorder, || {
///     let layer = ServerLayer::new().total(shop::shop_requests_total);
///     let mut service = layer.layer(tower::service_fn(cached));
///     drop(service.call(Request::new(())).now_or_never());
/// });
/// let (key, ..) = snapshotter.snapshot().into_vec().remove(0);
/// assert_eq!(key.key().to_string(), "Key(shop_requests_total, [method = GET, cache = hit])");
/// # }
/// # #[cfg(not(feature = "metrics"))]
/// # fn main() {}
/// ```
///
/// In an axum handler: `(Extension(Extra::of(Cache::Hit)), "seven")`.
pub struct Extra<L> {
    index: usize,
    label: PhantomData<fn() -> L>,
}

impl<L: Label> Extra<L> {
    /// The extension that sets the label to `value`.
    #[must_use]
    pub fn of(value: L) -> Self {
        Self::at(value.index())
    }

    const fn at(index: usize) -> Self {
        Self {
            index,
            label: PhantomData,
        }
    }
}

impl<L> Clone for Extra<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Extra<L> {}

impl<L: Label> fmt::Debug for Extra<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extra").field(&L::text(self.index)).finish()
    }
}

impl<L: Label> Label for Extra<L> {
    const CARDINALITY: usize = L::CARDINALITY;
    const VALUES: Values = L::VALUES;

    fn index(self) -> usize {
        self.index
    }

    fn text(index: usize) -> &'static str {
        L::text(index)
    }
}

impl<L: HandlerLabel> HttpLabel for Extra<L> {
    fn read(exchange: &Exchange) -> Self {
        let told = exchange.extras().get(TypeId::of::<Self>());
        told.map_or_else(|| Self::of(L::absent()), Self::at)
    }

    fn reader() -> Option<Reader> {
        Some(Reader {
            id: TypeId::of::<Self>(),
            read: |extensions| extensions.get::<Self>().map(|extra| extra.index),
        })
    }
}

impl<L: HandlerLabel> HeadLabel for Extra<L> {}

/// Reads one type of [`Extra`] from a response.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "without families nothing is read")
)]
pub struct Reader {
    id: TypeId,
    read: fn(&Extensions) -> Option<usize>,
}

/// The types that the families of a layer name.
#[cfg(feature = "metrics")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Readers(Vec<Reader>);

#[cfg(feature = "metrics")]
impl Readers {
    pub(crate) fn add(&mut self, reader: Reader) {
        if !self.0.iter().any(|known| known.id == reader.id) {
            self.0.push(reader);
        }
    }

    pub(crate) fn read(&self, extensions: &Extensions) -> Extras {
        if self.0.is_empty() || extensions.is_empty() {
            return Extras::new();
        }
        let said = self.0.iter();
        let said: Box<[_]> = said
            .filter_map(|Reader { id, read }| Some((*id, read(extensions)?)))
            .collect();
        Extras((!said.is_empty()).then(|| Box::new(Said(said))))
    }
}

/// What one response said. It takes two allocations where a handler did say something, and is as small
/// as can be where none did, which is nearly always.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras(Option<Box<Said>>);

/// In a box of its own, so that the pointer to it is one word.
#[derive(Clone, Debug)]
struct Said(Box<[(TypeId, usize)]>);

impl Extras {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    fn get(&self, id: TypeId) -> Option<usize> {
        let Said(said) = self.0.as_deref()?;
        said.iter()
            .find_map(|(known, index)| (*known == id).then_some(*index))
    }
}
