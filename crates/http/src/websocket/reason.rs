//! Why a connection ended.

use throughline_catalog::label;

label! {
    /// Why a connection ended: the code of the first close frame, whichever side sent it, or else
    /// what happened instead of one.
    ///
    /// The codes are those of the registry of RFC 6455; ranges and unknown codes, which a client can
    /// choose from 65,536, have one value each.
    pub enum CloseReason {
        /// 1000.
        Normal = "normal",
        /// 1001.
        GoingAway = "going_away",
        /// 1002.
        ProtocolError = "protocol_error",
        /// 1003.
        UnsupportedData = "unsupported_data",
        /// A close frame without a code, or this side closed without one.
        NoStatus = "no_status",
        /// 1007.
        InvalidPayload = "invalid_payload",
        /// 1008.
        PolicyViolation = "policy_violation",
        /// 1009.
        MessageTooBig = "message_too_big",
        /// 1010.
        MandatoryExtension = "mandatory_extension",
        /// 1011.
        InternalError = "internal_error",
        /// 1012.
        ServiceRestart = "service_restart",
        /// 1013.
        TryAgainLater = "try_again_later",
        /// 1014.
        BadGateway = "bad_gateway",
        /// 3000 to 3999: registered by libraries and frameworks.
        Registered = "registered",
        /// 4000 to 4999: the application's own.
        Private = "private",
        /// Any other code.
        Other = "_OTHER",
        /// The stream ended without a close frame.
        NoClose = "no_close",
        /// The socket failed. Libraries say so, too, of a far end that went away without a word.
        Error = "error",
        /// This side dropped the socket without a close frame.
        Dropped = "dropped",
        /// The socket, or whoever held it, panicked.
        Panicked = "panicked",
    }
}

impl CloseReason {
    /// The reason that a close frame's code tells.
    #[must_use]
    pub const fn of(code: Option<u16>) -> Self {
        match code {
            None | Some(1005) => Self::NoStatus,
            Some(1000) => Self::Normal,
            Some(1001) => Self::GoingAway,
            Some(1002) => Self::ProtocolError,
            Some(1003) => Self::UnsupportedData,
            Some(1007) => Self::InvalidPayload,
            Some(1008) => Self::PolicyViolation,
            Some(1009) => Self::MessageTooBig,
            Some(1010) => Self::MandatoryExtension,
            Some(1011) => Self::InternalError,
            Some(1012) => Self::ServiceRestart,
            Some(1013) => Self::TryAgainLater,
            Some(1014) => Self::BadGateway,
            Some(3000..=3999) => Self::Registered,
            Some(4000..=4999) => Self::Private,
            Some(_) => Self::Other,
        }
    }
}
