//! The calls against a server that answers with what it is told and tells what it heard.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers one connection, and returns what was sent to it.
async fn once(answer: &'static [u8]) -> (SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut heard = vec![0; 4096];
        let read = stream.read(&mut heard).await.expect("a request");
        heard.truncate(read);
        stream.write_all(answer).await.expect("it listens");
        heard
    });
    (address, heard)
}

#[tokio::test]
async fn a_call_sends_what_it_was_given_and_reads_the_answer() {
    let answer = b"HTTP/1.1 202 Accepted\r\nx-request-id: r1\r\nx-two: a\r\nx-two: b\r\n\
        content-length: 8\r\n\r\n{\"a\": 1}";
    let (address, heard) = once(answer).await;
    let response = Request::post_json(url(address, "/v1/jobs"), &serde_json::json!({"shots": 3}))
        .header("x-hostile", b"caf\xe9".to_vec())
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status, StatusCode::ACCEPTED);
    assert_eq!(response.header("x-request-id"), Some("r1"));
    assert_eq!(
        (response.header("x-two"), response.header("x-none")),
        (None, None)
    );
    assert_eq!(response.json().expect("JSON")["a"], 1);
    let heard = heard.await.expect("the server ran");
    assert!(heard.starts_with(b"POST /v1/jobs HTTP/1.1\r\n"));
    assert!(heard.windows(6).any(|part| part == b": caf\xe9"));
    assert!(heard.ends_with(b"{\"shots\":3}"));
}

#[tokio::test]
async fn what_a_client_refuses_can_be_sent_raw() {
    let refused = Request::get("http://127.0.0.1:1/")
        .header("x-a", "b\nc")
        .send()
        .await;
    let refused = refused.expect_err("a line break is no value").to_string();
    assert!(refused.contains("x-a cannot be sent so"), "{refused}");

    let (address, heard) = once(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    let answer = raw(address, b"GET / HTTP/1.1\r\nx-a: b\nc\r\n\r\n", LIMIT)
        .await
        .expect("answer");
    let (status, text) = split(&answer).expect("it is HTTP");
    assert_eq!(status, 400, "{text}");
    assert!(
        heard
            .await
            .expect("the server ran")
            .windows(4)
            .any(|part| part == b"b\nc\r")
    );
}

#[tokio::test]
async fn a_stream_of_events_is_read_to_its_end() {
    let (address, _) = once(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n:\n\ndata: 2\n\n",
    )
    .await;
    assert_eq!(
        events(Request::get(url(address, "/")))
            .await
            .expect("events"),
        ["1", "2"]
    );
}

#[tokio::test]
async fn another_answer_is_no_stream_of_events() {
    let (address, _) = once(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
    let error = events(Request::get(url(address, "/x")))
        .await
        .expect_err("404")
        .to_string();
    assert!(error.contains("404 Not Found"), "{error}");
}

#[tokio::test]
async fn nobody_there_and_no_answer_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let slow = Request::get(url(address, "/"))
        .within(Duration::from_millis(30))
        .send()
        .await;
    let slow = slow.expect_err("nobody answers").to_string();
    assert!(slow.contains("no answer within 0.03 s"), "{slow}");
    // A port that is never given out for port 0, so that nobody can have taken it meanwhile.
    let gone = Request::get("http://127.0.0.1:1/")
        .send()
        .await
        .expect_err("nobody")
        .to_string();
    assert!(gone.contains("cannot connect"), "{gone}");
}
