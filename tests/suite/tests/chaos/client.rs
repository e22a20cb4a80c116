//! HTTP/1.1 by hand over one socket, so that a client can leave in the middle of anything.

use std::io;
use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection, and what has been read of it but not looked at.
pub(crate) struct Connection {
    socket: TcpStream,
    unread: Vec<u8>,
}

/// The head of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    length: Option<usize>,
    is_chunked: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            unread: Vec::new(),
        })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes).await
    }

    /// The next response's head; `UnexpectedEof` if the server hangs up instead.
    pub(crate) async fn head(&mut self) -> io::Result<Head> {
        let text = self.take_until(b"\r\n\r\n").await?;
        let text = String::from_utf8(text)
            .map_err(|_| invalid())?
            .to_ascii_lowercase();
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("http/1.1 "));
        let status = status.and_then(|line| line.get(..3)).ok_or_else(invalid)?;
        let mut head = Head {
            status: status.parse().map_err(|_| invalid())?,
            length: None,
            is_chunked: false,
        };
        for line in lines {
            match line.split_once(": ") {
                Some(("content-length", length)) => {
                    head.length = Some(length.parse().map_err(|_| invalid())?);
                }
                Some(("transfer-encoding", "chunked")) => head.is_chunked = true,
                _ => {}
            }
        }
        Ok(head)
    }

    /// The response's body, for as long as it is; `UnexpectedEof` if it breaks off.
    pub(crate) async fn body(&mut self, head: &Head) -> io::Result<Vec<u8>> {
        if !head.is_chunked {
            return self.take(head.length.unwrap_or_default()).await;
        }
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    /// The next chunk of a chunked body; an empty one is the end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let size = self.take_until(b"\r\n").await?;
        let size = String::from_utf8(size).map_err(|_| invalid())?;
        let size = usize::from_str_radix(size.trim_end(), 16).map_err(|_| invalid())?;
        let mut chunk = self.take(size + 2).await?;
        chunk.truncate(size);
        Ok(chunk)
    }

    /// So many bytes.
    pub(crate) async fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.read_more().await?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    async fn take_until(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        loop {
            let found = self
                .unread
                .windows(end.len())
                .position(|bytes| bytes == end);
            if let Some(at) = found {
                return Ok(self.unread.drain(..at + end.len()).collect());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        match self.socket.read_buf(&mut self.unread).await {
            // A server that panicked may leave what the client sent unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read.map(drop),
        }
    }
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a response")
}
