//! The route template of a request that goes out.

/// The template of a request's path, which a client puts into the request's extensions.
///
/// It names the span, and is the [`Route`](crate::Route) of the request in metrics. Nothing else
/// does: a path is never taken for a template, and a template that a server's router left in a
/// request that is passed on is not this client's.
///
/// ```
/// use http::Request;
/// use throughline_http::RouteTemplate;
///
/// const ITEM: RouteTemplate = RouteTemplate::new("/items/{id}");
///
/// let request = Request::get("http://stock.internal/items/7").extension(ITEM).body(())?;
/// assert_eq!(request.extensions().get(), Some(&ITEM));
/// assert_eq!(ITEM.as_str(), "/items/{id}");
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RouteTemplate(&'static str);

impl RouteTemplate {
    /// The template, as a constant: there are as many as the program has, and no client or far end
    /// can add one.
    #[must_use]
    pub const fn new(template: &'static str) -> Self {
        Self(template)
    }

    /// The template's text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
