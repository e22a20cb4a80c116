//! Where the route template comes from.

use std::{
    any::Any,
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use http::{Extensions, Request, request::Parts};

use crate::labels::Route;

/// Finds a request's route template.
#[derive(Clone)]
pub(crate) enum RouteOf {
    /// The one that axum matched, if it is there.
    Matched,
    /// What the caller's function says.
    Told(Arc<dyn Fn(&Parts) -> Route + Send + Sync>),
}

impl RouteOf {
    pub(crate) fn told(route: impl Fn(&Parts) -> Route + Send + Sync + 'static) -> Self {
        Self::Told(Arc::new(route))
    }

    /// The request's route, or what the caller's function panicked with.
    pub(crate) fn find<B>(&self, request: &mut Request<B>) -> Result<Route, Panic> {
        match self {
            Self::Matched => Ok(matched(request.extensions())),
            Self::Told(route) => with_parts(request, |parts| {
                catch_unwind(AssertUnwindSafe(|| route(parts))).map_err(Panic)
            }),
        }
    }
}

/// Lends a request's head to `look`, which must not panic. The request stays where it is: its moves
/// count.
fn with_parts<B, R>(request: &mut Request<B>, look: impl FnOnce(&Parts) -> R) -> R {
    let (mut parts, ()) = Request::new(()).into_parts();
    exchange(request, &mut parts);
    let seen = look(&parts);
    exchange(request, &mut parts);
    seen
}

fn exchange<B>(request: &mut Request<B>, parts: &mut Parts) {
    mem::swap(request.method_mut(), &mut parts.method);
    mem::swap(request.uri_mut(), &mut parts.uri);
    mem::swap(request.version_mut(), &mut parts.version);
    mem::swap(request.headers_mut(), &mut parts.headers);
    mem::swap(request.extensions_mut(), &mut parts.extensions);
}

impl fmt::Debug for RouteOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Matched => "Matched",
            Self::Told(_) => "Told",
        })
    }
}

/// A panic on its way to where it is counted, and then on.
pub(crate) struct Panic(Box<dyn Any + Send>);

impl Panic {
    pub(crate) fn resume(self) -> ! {
        std::panic::resume_unwind(self.0)
    }
}

/// The route that axum matched; none where the layer is outside of the router or nothing matched.
#[cfg(feature = "axum")]
fn matched(extensions: &Extensions) -> Route {
    let matched = extensions.get::<axum::extract::MatchedPath>();
    matched.map_or_else(Route::unmatched, |path| Route::of(path.as_str()))
}

/// Without a router that we know every request is unmatched.
#[cfg(not(feature = "axum"))]
fn matched(_: &Extensions) -> Route {
    Route::unmatched()
}
