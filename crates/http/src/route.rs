//! Where the route template comes from.

use http::request::Parts;

use crate::labels::Route;

/// Finds a request's route template.
pub(crate) type RouteOf = fn(&Parts) -> Route;

/// The route that axum matched; none where the layer is outside of the router or nothing matched.
#[cfg(feature = "axum")]
pub(crate) fn matched_path(request: &Parts) -> Route {
    let matched = request.extensions.get::<axum::extract::MatchedPath>();
    matched.map_or_else(Route::unmatched, |path| Route::of(path.as_str()))
}

/// Without a router that we know every request is unmatched.
#[cfg(not(feature = "axum"))]
pub(crate) fn matched_path(_: &Parts) -> Route {
    Route::unmatched()
}
