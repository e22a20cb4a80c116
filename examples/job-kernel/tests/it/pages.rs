//! K3 and K4: the metrics pages, and what is on them.

use std::{
    collections::BTreeSet,
    io::Write as _,
    net::TcpListener,
    process::{Command, Stdio},
};

use xtask::{
    http::Request,
    peers,
    promtext::Page,
    stack::{self, Service},
    systems::job_kernel::{Role, Stack},
};

use crate::harness::{bell, faulty, get, post, run, start};

#[tokio::test]
async fn k3_each_service_has_a_page_of_its_own() {
    let stack = start().await;
    let mut addresses = BTreeSet::new();
    for role in Role::MEASURED {
        let answer = stack.scrape(role).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
        Page::parse(&answer.text()).unwrap();
        // Port 0 took a free one, and the program told which.
        let address = stack.role(role).metrics_address().unwrap();
        assert_ne!(address.port(), 0);
        addresses.insert(address);
        // It is not on the port that serves callers.
        let own = stack.role(role).address();
        assert_ne!(own, address);
    }
    assert_eq!(addresses.len(), 3);
    let answer = get(&stack, "/metrics").send().await.unwrap();
    assert_eq!(answer.status, 404);
}

#[test]
fn k3_the_pages_are_on_ports_9090_to_9092_unless_told_otherwise() {
    for (path, port) in [
        (env!("CARGO_BIN_EXE_system-api"), 9090),
        (env!("CARGO_BIN_EXE_kernel"), 9091),
        (env!("CARGO_BIN_EXE_driver-manager"), 9092),
    ] {
        let help = Command::new(path).arg("--help").output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        let (_, page) = help.split_once("--metrics-listen <").unwrap();
        let (_, default) = page.split_once("[default: ").unwrap();
        assert!(default.starts_with(&format!("127.0.0.1:{port}]")), "{help}");
    }
}

/// A port that nobody is given for a listener on port 0.
fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| fastrand::u16(10_000..30_000));
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().unwrap()
}

#[tokio::test]
async fn k3_a_page_is_where_it_is_told_to_be() {
    for (name, path) in [
        ("system-api", env!("CARGO_BIN_EXE_system-api")),
        ("kernel", env!("CARGO_BIN_EXE_kernel")),
        ("driver-manager", env!("CARGO_BIN_EXE_driver-manager")),
    ] {
        let page = format!("127.0.0.1:{}", free_port());
        let service = Service::new(name, path)
            .arg("--listen=127.0.0.1:0")
            .arg(format!("--metrics-listen={page}"))
            .with_metrics();
        let mut stack = stack::Stack::new();
        stack.start(service).await.unwrap();
        let answer = Request::get(format!("http://{page}/metrics"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{name}");
    }
}

/// Jobs that succeed, fail and are refused, and requests that are for nothing.
async fn mixed(stack: &Stack) {
    run(stack, &bell()).await;
    run(stack, &faulty("fail")).await;
    let mut job = bell();
    job["circuit"] = "nonsense".into();
    post(stack, &job).send().await.unwrap();
    for path in ["/", "/v1/jobs", "/v1/jobs/nope", "/v1/jobs/nope/events"] {
        get(stack, path).send().await.unwrap();
        Request::new(http::Method::DELETE, stack.url(path))
            .send()
            .await
            .unwrap();
    }
}

/// The page once so many requests have been counted.
pub(crate) async fn api_page(stack: &Stack, requests: f64) -> Page {
    let total = |page: &Page| page.sum("eigen_api_requests_total", &[]);
    let page = stack
        .page_when(Role::SystemApi, |page| total(page) >= requests)
        .await
        .unwrap();
    assert!((total(&page) - requests).abs() < 0.5, "{}", page.text());
    page
}

#[tokio::test]
async fn k4_the_families_are_these_with_these_labels_and_no_others() {
    let stack = start().await;
    mixed(&stack).await;
    // Three submissions, two streams, two looks at a job, and eight for nothing.
    api_page(&stack, 15.0).await;
    let families = [
        (
            Role::SystemApi,
            "eigen_api_requests_total counter endpoint method status",
        ),
        (
            Role::SystemApi,
            "eigen_api_request_duration_seconds histogram endpoint method",
        ),
        (
            Role::Kernel,
            "eigen_kernel_job_state_transitions_total counter from to",
        ),
        (
            Role::Kernel,
            "eigen_kernel_stage_duration_seconds histogram stage",
        ),
        (
            Role::DriverManager,
            "eigen_driver_requests_total counter driver op success",
        ),
        (
            Role::DriverManager,
            "eigen_driver_request_duration_seconds histogram driver op",
        ),
    ];
    for role in Role::MEASURED {
        let page = stack.page(role).await.unwrap();
        let ours = |name: &str| name.starts_with("process_") || name.starts_with("throughline_");
        let told = page
            .families()
            .iter()
            .filter(|family| !ours(&family.name))
            .map(|family| {
                assert!(
                    !family.help.is_empty() && !family.samples.is_empty(),
                    "{family:?}"
                );
                let labels = family.labels().into_iter().collect::<Vec<_>>().join(" ");
                format!("{} {} {labels}", family.name, family.kind)
            });
        let told: BTreeSet<String> = told.collect();
        let expected = families.iter().filter(|(of, _)| *of == role);
        let expected: BTreeSet<String> = expected.map(|(_, text)| (*text).to_owned()).collect();
        assert_eq!(told, expected, "{}", role.name());
        for beside in ["process_", "throughline_"] {
            let has = page
                .families()
                .iter()
                .any(|family| family.name.starts_with(beside));
            assert!(has, "{}: nothing of {beside}", role.name());
        }
    }
}

#[tokio::test]
async fn k4_labels_have_the_values_that_they_should() {
    let stack = start().await;
    mixed(&stack).await;
    let page = api_page(&stack, 15.0).await;
    let count = |method, endpoint, status| {
        let labels = [
            ("method", method),
            ("endpoint", endpoint),
            ("status", status),
        ];
        page.sum("eigen_api_requests_total", &labels)
    };
    let expected = [
        ("POST", "/v1/jobs", "202", 2.0),
        ("POST", "/v1/jobs", "400", 1.0),
        ("GET", "/v1/jobs", "405", 1.0),
        ("DELETE", "/v1/jobs", "405", 1.0),
        ("GET", "/v1/jobs/{id}", "200", 2.0),
        ("GET", "/v1/jobs/{id}", "404", 1.0),
        ("DELETE", "/v1/jobs/{id}", "405", 1.0),
        ("GET", "/v1/jobs/{id}/events", "200", 2.0),
        ("GET", "/v1/jobs/{id}/events", "404", 1.0),
        ("DELETE", "/v1/jobs/{id}/events", "405", 1.0),
    ];
    for (method, endpoint, status, times) in expected {
        let found = count(method, endpoint, status);
        assert!(
            (found - times).abs() < 0.5,
            "{method} {endpoint} {status}: {}",
            page.text()
        );
    }
    // What is left is for no route.
    let elsewhere = page
        .family("eigen_api_requests_total")
        .unwrap()
        .samples
        .iter();
    let elsewhere = elsewhere.filter(|sample| !sample.label("endpoint").unwrap().starts_with('/'));
    assert!((elsewhere.map(|sample| sample.value).sum::<f64>() - 2.0).abs() < 0.5);

    // A stage is timed when the step that it ends with has been told.
    let timed = |page: &Page| page.sum("eigen_kernel_stage_duration_seconds_count", &[]) > 10.5;
    let page = stack.page_when(Role::Kernel, timed).await.unwrap();
    let stages = &page
        .family("eigen_kernel_stage_duration_seconds")
        .unwrap()
        .samples;
    let stages: BTreeSet<&str> = stages
        .iter()
        .filter_map(|sample| sample.label("stage"))
        .collect();
    let all = BTreeSet::from(["validate", "compile", "schedule", "execute", "collect"]);
    assert_eq!(stages, all);
    let ends = page.sum(
        "eigen_kernel_job_state_transitions_total",
        &[("to", "failed")],
    );
    assert!((ends - 2.0).abs() < 0.5, "{}", page.text());
}

#[tokio::test]
async fn k4_promtool_finds_nothing_wrong_with_the_pages() {
    let Some(promtool) = peers::require("promtool") else {
        return;
    };
    let stack = start().await;
    mixed(&stack).await;
    for role in Role::MEASURED {
        let page = stack.scrape(role).await.unwrap();
        let mut command = Command::new(&promtool);
        command.args(["check", "metrics"]).stdin(Stdio::piped());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&page.body).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && told.is_empty(),
            "{}: {told}",
            role.name()
        );
    }
}
