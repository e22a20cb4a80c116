//! tungstenite's messages.

use tungstenite::Message;

use super::{Frame, Kind, SocketMessage};

impl SocketMessage for Message {
    fn frame(&self) -> Frame {
        let data = |kind| Frame::Data {
            kind,
            bytes: self.len(),
        };
        match self {
            Self::Text(_) => data(Kind::Text),
            Self::Binary(_) => data(Kind::Binary),
            Self::Ping(_) | Self::Pong(_) | Self::Frame(_) => Frame::Control,
            Self::Close(close) => Frame::Close(close.as_ref().map(|close| close.code.into())),
        }
    }
}
