//! The mark that an error behind a response has been told, sent and read.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, response::Parts};
use throughline_context::Trust;
use throughline_fault::FaultId;

const NAME: HeaderName = HeaderName::from_static(FaultId::HEADER);

/// Sends the mark that is in the extensions, and none that is not; whether there is one.
///
/// A header of that name that the handler has set was not ours to believe: it may be a copy of what a
/// stranger answered.
pub(crate) fn send(head: &mut Parts, trust: Trust) -> bool {
    let told = head.extensions.get::<FaultId>();
    match told.map(|id| HeaderValue::try_from(id.to_string())) {
        // At an edge the callers are anybody, and have no log of ours to keep quiet.
        Some(Ok(value)) if trust != Trust::Edge => {
            head.headers.insert(NAME, value);
        }
        _ => {
            head.headers.remove(NAME);
        }
    }
    head.extensions.get::<FaultId>().is_some()
}

/// Whose word counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers(Vec<Box<str>>);

impl Peers {
    pub(crate) fn add(&mut self, name: &str) {
        self.0.push(name.to_ascii_lowercase().into());
    }

    /// Whether a request to `uri` goes to a peer that is listed, with its port or without one.
    pub(crate) fn has(&self, uri: &Uri) -> bool {
        let Some(authority) = uri.authority().filter(|_| !self.0.is_empty()) else {
            return false;
        };
        let (host, port) = (authority.host(), authority.port_u16());
        self.0.iter().any(|peer| {
            let rest = peer.get(..host.len()).zip(peer.get(host.len()..));
            rest.is_some_and(|(name, rest)| {
                name.eq_ignore_ascii_case(host)
                    && match rest.strip_prefix(':') {
                        None => rest.is_empty(),
                        Some(listed) => listed.parse().ok() == port && port.is_some(),
                    }
            })
        })
    }
}

/// Reads the mark of an answer: that of a peer of ours goes into the extensions, any other is ignored.
/// Whether there is one that counts.
pub(crate) fn receive(head: &mut Parts, is_ours: bool) -> bool {
    // What an inner service has left there came over no wire, and is not this peer's word.
    head.extensions.remove::<FaultId>();
    let values = values(&head.headers);
    if !is_ours {
        FaultId::of_others(values);
        return false;
    }
    match FaultId::of_ours(values) {
        Some(id) => head.extensions.insert(id).is_none(),
        None => false,
    }
}

fn values(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(NAME).iter().map(HeaderValue::as_bytes)
}
