//! How a service says that it is ready, and where.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::lines::Line;

/// The address in `listening on ADDR`, as a JSON line's message or as plain text.
pub(super) fn listening(line: &Line) -> Option<SocketAddr> {
    address(said(line).strip_prefix("listening on ")?)
}

/// The address in `metrics on http://ADDR/metrics`.
pub(super) fn metrics(line: &Line) -> Option<SocketAddr> {
    address(said(line).strip_prefix("metrics on ")?)
}

/// Waits until somebody takes connections at `address`, at most `within`.
pub(super) async fn connected(address: SocketAddr, within: Duration) -> Option<SocketAddr> {
    let connect = async {
        // Nothing tells when a foreign program is ready but that it is.
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            if TcpStream::connect(address).await.is_ok() {
                return address;
            }
        }
    };
    tokio::time::timeout(within, connect).await.ok()
}

fn said(line: &Line) -> &str {
    match line.json() {
        Some(json) => json
            .get("message")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default(),
        None => line.text(),
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    let text = text.split_whitespace().next()?;
    let text = text.strip_prefix("http://").unwrap_or(text);
    text.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Stream;

    #[test]
    fn addresses_are_read_from_json_and_from_plain_text() {
        #[track_caller]
        fn check(text: &str, listens: Option<&str>, page: Option<&str>) {
            let line = Line::new(Stream::Stdout, text.to_owned());
            let parse = |addr: Option<&str>| addr.map(|addr| addr.parse().expect("an address"));
            assert_eq!(listening(&line), parse(listens), "{text}");
            assert_eq!(metrics(&line), parse(page), "{text}");
        }
        check("listening on 127.0.0.1:81", Some("127.0.0.1:81"), None);
        check(
            "listening on http://127.0.0.1:81",
            Some("127.0.0.1:81"),
            None,
        );
        check(
            r#"{"message":"listening on [::1]:81","x":1}"#,
            Some("[::1]:81"),
            None,
        );
        check(
            r#"{"message":"metrics on http://127.0.0.1:9/metrics"}"#,
            None,
            Some("127.0.0.1:9"),
        );
        check(r#"{"msg":"listening on 127.0.0.1:81"}"#, None, None);
        check("not listening on 127.0.0.1:81", None, None);
        check("listening on port 81", None, None);
        check("", None, None);
    }
}
