//! The quick start does what the README says, and is what the README shows.

use std::{fs, path::Path, time::Duration};

use xtask::{
    http::Request,
    promtext::Page,
    stack::{Service, Stack},
};

#[tokio::test]
async fn one_request_is_counted_traced_and_logged() {
    let service = Service::new("greeter", env!("CARGO_BIN_EXE_quickstart"))
        .arg("127.0.0.1:0")
        .arg("127.0.0.1:0")
        .with_metrics();
    let mut stack = Stack::new();
    stack.start(service).await.expect("the service starts");
    let greeter = stack.service("greeter");

    let url = format!("http://{}/greet/ada", greeter.address());
    let response = Request::get(url).send().await.expect("it answers");
    assert_eq!(response.text(), "Hello, ada!\n");
    let request_id = response
        .header("x-request-id")
        .expect("the id is told")
        .to_owned();
    let trace = response.header("traceresponse").expect("the trace is told")[3..35].to_owned();

    let line = greeter.log().wait_for(Duration::from_secs(10), |lines| {
        lines
            .iter()
            .find(|line| line.text_of("trace_id") == Some(&trace))
            .cloned()
    });
    let line = line.await.expect("a log line has the trace");
    assert_eq!(line.text_of("message"), Some("greeting somebody"));
    assert_eq!(line.text_of("request_id"), Some(request_id.as_str()));

    let address = greeter.metrics_address().expect("it has a metrics page");
    let url = format!("http://{address}/metrics");
    let page = Request::get(url).send().await.expect("it answers");
    let page = Page::parse(&page.text()).expect("the page can be parsed");
    let labels = [
        ("method", "GET"),
        ("endpoint", "/greet/{name}"),
        ("status", "200"),
    ];
    assert_eq!(page.sum("greeter_requests_total", &labels), 1.0);
    assert_eq!(
        page.sum("greeter_request_duration_seconds_count", &[labels[1]]),
        1.0
    );
    assert!(
        stack.stop(Duration::from_secs(5)).await.is_empty(),
        "it stops when it is asked to"
    );
}

#[test]
fn the_readme_shows_this_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let shown = readme
        .split("```rust\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(
        shown.expect("it has a code block"),
        include_str!("../src/main.rs")
    );
}
