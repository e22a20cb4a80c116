//! Server-sent events, read until the server ends them.

use std::time::Duration;

use http_body_util::BodyExt;

use super::{Request, open};
use crate::error::{Context, Error, Result};

/// Calls and collects the data of each event until the stream ends. Several `data:` lines of one
/// event are joined by a newline, as the standard says; comments and other fields are skipped.
///
/// # Errors
/// As [`Request::send`]; also if the answer is not 200 with `text/event-stream`. If the time is up,
/// the error tells the events that had come.
pub async fn events(request: Request) -> Result<Vec<String>> {
    let what = request.url.clone();
    let limit = request.limit;
    let mut reader = Reader::default();
    let read = async {
        let mut response = open(request).await?;
        let kind = response.headers().get(http::header::CONTENT_TYPE).cloned();
        let kind = kind
            .as_ref()
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if response.status() != http::StatusCode::OK || !kind.starts_with("text/event-stream") {
            return Err(Error::new(format!(
                "{} {kind:?} is no stream of events",
                response.status()
            )));
        }
        while let Some(frame) = response.body_mut().frame().await {
            let frame = frame.context(|| "the stream broke off")?;
            if let Ok(data) = frame.into_data() {
                reader.push(&data);
            }
        }
        Ok(())
    };
    match tokio::time::timeout(limit, read).await {
        Ok(done) => done.context(|| what).map(|()| reader.events),
        Err(_) => Err(Error::new(format!(
            "{what}: the stream had not ended after {:?}; it had sent {:?}",
            Duration::from_secs_f32(limit.as_secs_f32()),
            reader.events
        ))),
    }
}

#[derive(Default)]
struct Reader {
    /// Bytes of a line whose end has not come yet.
    rest: Vec<u8>,
    data: Option<String>,
    events: Vec<String>,
}

impl Reader {
    fn push(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line = self.rest.drain(..=end).collect::<Vec<_>>();
            let line = String::from_utf8_lossy(&line);
            self.line(line.trim_end_matches(['\n', '\r']));
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            // An event without data is none.
            self.events.extend(self.data.take());
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_whatever_the_frames() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            for size in 1..=text.len() {
                let mut reader = Reader::default();
                text.as_bytes()
                    .chunks(size)
                    .for_each(|chunk| reader.push(chunk));
                assert_eq!(reader.events, expected, "{text:?} in pieces of {size}");
            }
        }
        check("data: a\n\n", &["a"]);
        check("data:a\r\n\r\ndata: é\n\n", &["a", "é"]);
        check(
            ": keep-alive\n\nevent: job\nid: 7\ndata: {\"a\":1}\n\n",
            &["{\"a\":1}"],
        );
        check("data: one\ndata: two\n\n", &["one\ntwo"]);
        // The last event is not ended, so it is not one.
        check("data: a\n\ndata: b\n", &["a"]);
    }
}
