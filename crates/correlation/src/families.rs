//! What this crate counts about itself.

use throughline_catalog::{catalog, label};

use crate::{id::InvalidId, key::Key};

label! {
    /// Why an id that came from outside was refused.
    pub enum Reason {
        Empty = "empty",
        TooLong = "too_long",
        BadCharacter = "bad_character",
        Repeated = "repeated",
    }
}

label! {
    /// Which id was refused.
    pub enum Kind {
        Request = "request_id",
        Correlation = "correlation_id",
        Session = "session_id",
        Message = "message_id",
        Job = "job_id",
        Tenant = "tenant_id",
    }
}

catalog! { pub mod throughline, budget 100;
    /// Ids from outside that were refused and replaced or left out.
    counter throughline_ids_rejected_total { kind: Kind, reason: Reason };
}

impl From<InvalidId> for Reason {
    fn from(why: InvalidId) -> Self {
        match why {
            InvalidId::Empty => Self::Empty,
            InvalidId::TooLong => Self::TooLong,
            InvalidId::BadCharacter => Self::BadCharacter,
        }
    }
}

impl From<Key> for Kind {
    fn from(key: Key) -> Self {
        match key {
            Key::Request => Self::Request,
            Key::Correlation => Self::Correlation,
            Key::Session => Self::Session,
            Key::Message => Self::Message,
            Key::Job => Self::Job,
            Key::Tenant => Self::Tenant,
        }
    }
}

pub(crate) fn refused(key: Key, reason: Reason) {
    throughline::throughline_ids_rejected_total
        .with((key.into(), reason))
        .increment(1);
}
