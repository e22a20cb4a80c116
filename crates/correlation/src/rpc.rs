//! The ids for users of tonic.

use http::HeaderMap;
use tonic::{Request, Status, metadata::MetadataMap};

use crate::{forward, id::RequestId, ids::Ids};

impl RequestId {
    /// The id that [`RequestIdLayer`](crate::RequestIdLayer) gave a call.
    #[must_use]
    pub fn of_rpc<T>(request: &Request<T>) -> Option<&Self> {
        request.extensions().get()
    }
}

impl Ids {
    /// Writes the ids to a call's metadata, each where there is none yet.
    ///
    /// ```
    /// use throughline_correlation::{Ids, RequestId};
    ///
    /// let ids = Ids::empty().with(&RequestId::parse("a7-42").unwrap());
    /// let mut request = tonic::Request::new(());
    /// ids.write_to(request.metadata_mut());
    /// assert_eq!(request.metadata().get("x-request-id").unwrap(), "a7-42");
    /// ```
    pub fn write_to(&self, metadata: &mut MetadataMap) {
        let headers: &mut HeaderMap = metadata.as_mut();
        forward::write(self, headers);
    }
}

/// An interceptor that sends the ids in scope along with a call; what
/// [`ForwardIdsLayer`](crate::ForwardIdsLayer) is to a stack of layers.
///
/// ```
/// use throughline_correlation::{Ids, JobId, forward_ids};
/// # fn connect(_: impl tonic::service::Interceptor) {}
///
/// // KernelClient::with_interceptor(channel, forward_ids)
/// # connect(forward_ids);
/// let scope = Ids::empty().with(&JobId::parse("j-1").unwrap());
/// let sent = scope.run(|| forward_ids(tonic::Request::new(()))).unwrap();
/// assert_eq!(sent.metadata().get("x-job-id").unwrap(), "j-1");
/// ```
///
/// # Errors
/// None: the type is that of an interceptor.
pub fn forward_ids(mut request: Request<()>) -> Result<Request<()>, Status> {
    Ids::with_current(|ids| ids.write_to(request.metadata_mut()));
    Ok(request)
}
