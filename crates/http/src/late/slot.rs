//! The place in a request's extensions where inner layers tell what they learn.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use http::Extensions;

use crate::labels::Route;

/// No route has this number.
const UNTOLD: u32 = u32::MAX;

/// What one layer hears of one request. It is that layer's own: another one further in has its own,
/// and passes on what it hears.
#[derive(Debug)]
pub(crate) struct Slot {
    route: AtomicU32,
    // One more than what was read; 0 where nobody counts.
    read: AtomicU64,
    outer: Option<Arc<Slot>>,
}

/// As it stands in the extensions.
#[derive(Clone, Debug)]
struct Open(Arc<Slot>);

impl Slot {
    /// Opens a slot in a request's extensions.
    pub(crate) fn open(extensions: &mut Extensions) -> Arc<Self> {
        let slot = Arc::new(Self {
            route: AtomicU32::new(UNTOLD),
            read: AtomicU64::new(0),
            outer: Self::find(extensions).cloned(),
        });
        extensions.insert(Open(Arc::clone(&slot)));
        slot
    }

    pub(super) fn find(extensions: &Extensions) -> Option<&Arc<Self>> {
        extensions.get::<Open>().map(|Open(slot)| slot)
    }

    /// The route that was told last, which is that of the innermost router.
    pub(crate) fn route(&self) -> Option<Route> {
        // Relaxed, as all here: the number is all there is to know.
        let number = self.route.load(Ordering::Relaxed);
        (number != UNTOLD).then(|| Route::with_number(number))
    }

    /// How much of the request's body was read, if somebody counts.
    pub(crate) fn read(&self) -> Option<u64> {
        self.read.load(Ordering::Relaxed).checked_sub(1)
    }

    fn tell(&self, route: Route) {
        self.each(|slot| slot.route.store(route.number(), Ordering::Relaxed));
    }

    /// So much has been read up to now; who counts twice counts the same.
    pub(super) fn has_read(&self, bytes: u64) {
        self.each(|slot| {
            slot.read
                .fetch_max(bytes.saturating_add(1), Ordering::Relaxed);
        });
    }

    fn each(&self, mut tell: impl FnMut(&Self)) {
        let mut next = Some(self);
        while let Some(slot) = next {
            tell(slot);
            next = slot.outer.as_deref();
        }
    }
}

/// Tells the route of a request to the [`ServerLayer`](crate::ServerLayer)s further out that listen
/// ([`late`](crate::ServerLayer::late)); what is told last counts.
///
/// For a router that [`RouteLayer`](crate::RouteLayer) does not fit. Without a layer that listens it
/// does nothing.
///
/// ```
/// use http::Request;
/// use throughline_http::{Route, tell_route};
///
/// fn dispatch(request: &Request<()>) {
///     tell_route(request.extensions(), Route::of("/items/:id"));
/// }
/// # dispatch(&Request::new(()));
/// ```
pub fn tell_route(extensions: &Extensions, route: Route) {
    if let Some(slot) = Slot::find(extensions) {
        slot.tell(route);
    }
}
