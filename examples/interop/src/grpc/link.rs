//! How the echo reaches whoever is behind it.

use std::time::Duration;

use throughline_correlation::{ForwardIds, ForwardIdsLayer};
use throughline_grpc::{Client, ClientLayer};
use tonic::transport::{self, Channel, Endpoint};
use tower::ServiceBuilder;

/// A channel inside our client layers.
pub type Link = ForwardIds<Client<Channel>>;

/// A channel and nothing else.
pub type Bare = Channel;

/// A link that connects at its first call, and anew after each failure.
///
/// # Errors
/// If the address is not one that can be called.
pub fn connect(peer: http::Uri) -> Result<Link, transport::Error> {
    let endpoint = Endpoint::new(peer)?;
    let layer = ClientLayer::new().trace().target(endpoint.uri());
    Ok(ServiceBuilder::new()
        .layer(ForwardIdsLayer::new())
        .layer(layer)
        .service(lazily(&endpoint)))
}

/// As [`connect`], without our layers.
///
/// # Errors
/// If the address is not one that can be called.
pub fn connect_bare(peer: http::Uri) -> Result<Bare, transport::Error> {
    Ok(lazily(&Endpoint::new(peer)?))
}

fn lazily(endpoint: &Endpoint) -> Channel {
    endpoint
        .clone()
        .connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .connect_lazy()
}
