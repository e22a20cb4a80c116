//! Bytes as they are, for what a client library refuses to send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::{Context, Error, Result};

/// More of an answer than this is not read.
const MAX_ANSWER: u64 = 16 << 20;

/// Writes these bytes to a connection of its own and reads until the other side closes it. Send
/// `connection: close` with a request that should be answered.
///
/// # Errors
/// If nobody listens, the connection fails, or it is not closed within the limit.
pub async fn raw(address: SocketAddr, bytes: &[u8], limit: Duration) -> Result<Vec<u8>> {
    let talk = async {
        let stream = TcpStream::connect(address)
            .await
            .context(|| "cannot connect")?;
        let (reads, mut writes) = stream.into_split();
        // A server that has read enough may answer and close before it has read all.
        let write = async { writes.write_all(bytes).await };
        let mut answer = Vec::new();
        let read = async { reads.take(MAX_ANSWER).read_to_end(&mut answer).await };
        let (written, read) = tokio::join!(write, read);
        if answer.is_empty() {
            written.context(|| "cannot write")?;
        }
        match read {
            Ok(_) => Ok(answer),
            // A server that refuses early may reset: what it said before that is its answer.
            Err(error)
                if !answer.is_empty() && error.kind() == std::io::ErrorKind::ConnectionReset =>
            {
                Ok(answer)
            }
            Err(error) => Err(error).context(|| "cannot read"),
        }
    };
    match tokio::time::timeout(limit, talk).await {
        Ok(done) => done.context(|| address),
        Err(_) => Err(Error::new(format!(
            "{address}: the connection was still open after {} s",
            limit.as_secs_f32()
        ))),
    }
}

/// The status of a raw answer, and all of it as text.
#[must_use]
pub fn split(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, text))
}
