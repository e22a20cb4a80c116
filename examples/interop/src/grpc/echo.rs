//! The handler, the same with our layers and without.

use bytes::Bytes;
use tonic::{
    Request, Response, Status,
    body::Body,
    client::GrpcService,
    codegen::{Body as HttpBody, StdError},
};

use super::rpc::{echo_client::EchoClient, echo_server};
use crate::seen::Seen;

/// Tells what it sees, and passes the call on over `C` where there is one.
#[derive(Clone, Debug)]
pub struct Echo<C> {
    next: Option<EchoClient<C>>,
}

impl<C> Echo<C>
where
    C: GrpcService<Body>,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    /// An echo in front of `next`, or of nobody.
    #[must_use]
    pub fn new(next: Option<C>) -> Self {
        Self {
            next: next.map(EchoClient::new),
        }
    }
}

#[tonic::async_trait]
impl<C> echo_server::Echo for Echo<C>
where
    C: GrpcService<Body> + Clone + Send + Sync + 'static,
    C::Future: Send,
    C::Error: Into<StdError>,
    C::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <C::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    async fn call(&self, request: Request<String>) -> Result<Response<String>, Status> {
        let mut seen = Seen::new(request.metadata().as_ref());
        if let Some(mut next) = self.next.clone() {
            let answer = next.call(request.into_inner()).await?.into_inner();
            let answer = serde_json::from_str(&answer);
            seen.next = Some(answer.map_err(|why| {
                Status::internal(format!("the answer of the far end is not JSON: {why}"))
            })?);
        }
        Ok(Response::new(seen.to_json()))
    }
}
