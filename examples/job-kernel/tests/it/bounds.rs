//! K5: what clients send adds no series, and no page has an id.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use xtask::{
    http::raw,
    promtext::{Page, Sample},
    systems::job_kernel::Role,
};

use crate::{
    harness::{bell, faulty, job_id, run, start},
    pages::api_page,
};

#[tokio::test]
async fn k5_no_page_has_a_job_id() {
    let stack = start().await;
    let mut ids = Vec::new();
    for job in [bell(), bell(), faulty("fail")] {
        ids.push(job_id(&run(&stack, &job).await.0));
    }
    ids.push("a-job-that-nobody-submitted".to_owned());
    stack.job(&ids[3]).await.unwrap();
    // Three submissions, streams and looks, and one in vain.
    api_page(&stack, 10.0).await;
    for role in Role::MEASURED {
        let page = stack.page(role).await.unwrap();
        for id in &ids {
            assert!(
                !page.text().contains(id),
                "{}: {id}\n{}",
                role.name(),
                page.text()
            );
        }
        let labels: BTreeSet<&str> = page
            .families()
            .iter()
            .flat_map(|family| family.labels())
            .collect();
        assert!(
            labels.iter().all(|label| !label.ends_with("_id")),
            "{labels:?}"
        );
    }
}

/// What tells a series from all others.
fn series(page: &Page) -> BTreeSet<String> {
    let samples = page.families().iter().flat_map(|family| &family.samples);
    samples
        .map(|Sample { name, labels, .. }| format!("{name} {labels:?}"))
        .collect()
}

/// A request with an invented method, path, host, or job.
fn invented(at: usize) -> String {
    let (method, path) = match at % 4 {
        0 => ("GET".to_owned(), format!("/path-{at}/{at}?x={at}")),
        1 => (format!("M{at}"), format!("/path-{at}")),
        2 => (format!("M{at}"), "/v1/jobs".to_owned()),
        _ => ("GET".to_owned(), format!("/v1/jobs/job-{at}")),
    };
    format!("{method} {path} HTTP/1.1\r\nhost: host-{at}.example\r\n")
}

#[tokio::test]
async fn k5_a_hostile_client_adds_no_series() {
    const REQUESTS: usize = 2000;
    const AT_ONCE: usize = 100;
    let stack = start().await;
    let send = async |numbers: std::ops::Range<usize>| {
        let last = numbers.end - 1;
        let mut requests = String::new();
        for at in numbers {
            let close = if at == last {
                "connection: close\r\n"
            } else {
                ""
            };
            write!(requests, "{}{close}\r\n", invented(at)).unwrap();
        }
        let address = stack.role(Role::SystemApi).address();
        let answers = raw(address, requests.as_bytes(), Duration::from_secs(60))
            .await
            .unwrap();
        String::from_utf8(answers)
            .unwrap()
            .matches("HTTP/1.1 40")
            .count()
    };
    // One of each kind is known then.
    assert_eq!(send(0..4).await, 4);
    let before = api_page(&stack, 4.0).await;
    for first in (4..REQUESTS).step_by(AT_ONCE) {
        let end = REQUESTS.min(first + AT_ONCE);
        assert_eq!(send(first..end).await, end - first);
    }
    let after = api_page(&stack, 2000.0).await;
    assert_eq!(series(&after), series(&before));
    for word in ["path-", "job-1", "host-", "M1"] {
        assert!(!after.text().contains(word), "{word}: {}", after.text());
    }
    for role in [Role::Kernel, Role::DriverManager] {
        let page = stack.page(role).await.unwrap();
        assert!(!page.text().contains("job-1"), "{}", page.text());
    }
}
