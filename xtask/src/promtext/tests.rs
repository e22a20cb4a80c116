//! Pages as programs write them, and lines that are none.

use super::*;

const PAGE: &str = r##"# HELP eigen_api_requests_total Requests \\ served.
# TYPE eigen_api_requests_total counter
eigen_api_requests_total{method="POST",endpoint="/v1/jobs",status="202"} 3
eigen_api_requests_total{method="GET",endpoint="/v1/jobs/{id}",status="404"} 1 1700000000000

# TYPE stage_seconds histogram
stage_seconds_bucket{stage="compile",le="0.1"} 1
stage_seconds_bucket{stage="compile",le="+Inf"} 2 # {trace_id="ab"} 0.3
stage_seconds_sum{stage="compile"} 0.5
stage_seconds_count{stage="compile"} 2
# TYPE rtt summary
rtt{quantile="0.5"} NaN
rtt_sum 1e3
lonely{a="x\"y\\z\n,}",} -Inf
"##;

#[test]
fn a_page_is_read_into_families() {
    let page = Page::parse(PAGE).expect("it is a page");
    let names = page
        .families()
        .iter()
        .map(|family| (&*family.name, &*family.kind));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            ("eigen_api_requests_total", "counter"),
            ("stage_seconds", "histogram"),
            ("rtt", "summary"),
            ("lonely", "untyped"),
        ]
    );
    let requests = page
        .family("eigen_api_requests_total")
        .expect("it is there");
    assert_eq!(requests.help, r"Requests \ served.");
    assert_eq!(
        requests.labels(),
        BTreeSet::from(["endpoint", "method", "status"])
    );
    assert_eq!(requests.samples[1].label("endpoint"), Some("/v1/jobs/{id}"));
    assert_eq!(page.sum("eigen_api_requests_total", &[]), 4.0);
    assert_eq!(
        page.sum("eigen_api_requests_total", &[("status", "202")]),
        3.0
    );
    assert_eq!(
        page.sum("stage_seconds_count", &[("stage", "compile")]),
        2.0
    );
    assert_eq!(page.sum("absent", &[]), 0.0);
    assert_eq!(
        page.family("stage_seconds").expect("there").labels(),
        BTreeSet::from(["stage"])
    );
    assert!(page.family("rtt").expect("there").labels().is_empty());
    let lonely = &page.family("lonely").expect("there").samples[0];
    assert_eq!(lonely.label("a"), Some("x\"y\\z\n,}"));
    assert_eq!(lonely.value, f64::NEG_INFINITY);
    assert_eq!(page.text(), PAGE);
}

#[test]
fn what_is_no_page_is_told_with_its_line() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = Page::parse(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
    check("a 1\nb", "line 2: a sample needs a value");
    check("a one", "\"one\" is not a value");
    check("9a 1", "\"9a\" is not a name");
    check("a{b=\"c\" 1", "a comma or a brace");
    check("a{b=\"c} 1", "not closed");
    check("a{b=c} 1", "a label needs a quoted value");
    check("a{b-c=\"d\"} 1", "\"b-c\" is not a label's name");
    check("a{b=\"c\",b=\"d\"} 1", "the label \"b\" twice");
    check(
        "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2",
        "line 2: the same series twice",
    );
    check(
        "# TYPE a counter\na 1\n# TYPE a counter",
        "line 3: `a` is opened twice",
    );
    check("# TYPE a", "a type needs a name and a kind");
    check("a 1 2 3", "something follows the value");
    check("<html>", "needs a value");
}
