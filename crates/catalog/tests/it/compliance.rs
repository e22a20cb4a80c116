//! Pages that keep the catalogue, and pages that break it in one way each.

use std::sync::Arc;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use throughline_catalog::compliance::{Options, Rule, check};
use throughline_catalog::{Catalogue, Counter, Family, Histogram, Labels, Store, catalog, label};

label! {
    enum Method { Get = "GET", Other = "_OTHER" }
}

label! {
    struct Route: Capped<3>;
}

label! {
    struct Queue: Capped<3>;
}

catalog! { mod shop, budget 1_000, forbid ["tenant"];
    /// Requests.
    counter shop_requests_total { method: Method, path_template: Route };
    /// Time.
    histogram shop_request_duration_seconds { method: Method } buckets [0.1, 1.0];
    /// Waiting.
    gauge shop_waiting { queue: Queue };
    /// Tried again.
    counter shop_retry_count {} dictated "a dashboard";
}

const PAGE: &str = r#"# HELP shop_requests_total Requests.
# TYPE shop_requests_total counter
shop_requests_total{method="GET",path_template="/orders/{id}"} 5
shop_requests_total{path_template="__overflow__",method="_OTHER",} 1 1790000000000

# a comment, and a family that may be there
process_cpu_seconds_total 1.5
# TYPE shop_request_duration_seconds histogram
# HELP shop_request_duration_seconds Time.
shop_request_duration_seconds_bucket{method="GET",le="0.1"} 1
shop_request_duration_seconds_bucket{method="GET",le="1"} 1
shop_request_duration_seconds_bucket{method="GET",le="+Inf"} 2
shop_request_duration_seconds_sum{method="GET"} 3e1
shop_request_duration_seconds_count{method="GET"} 2
# HELP shop_waiting Waiting.
# TYPE shop_waiting gauge
shop_waiting{queue="mail"} NaN
# HELP shop_retry_count Tried again.
# TYPE shop_retry_count counter
shop_retry_count 0
"#;

/// What is found after `from` has become `to`: rule and family.
#[track_caller]
fn after(from: &str, to: &str) -> Vec<(Rule, String)> {
    assert!(PAGE.contains(from), "{from}");
    found(&PAGE.replacen(from, to, 1), &Options::new())
}

fn found(page: &str, options: &Options) -> Vec<(Rule, String)> {
    let report = check(&[shop::CATALOGUE], page, options);
    println!("{report}");
    assert_eq!(report.is_clean(), report.findings().is_empty());
    let findings = report.findings().iter();
    findings
        .map(|finding| (finding.rule(), finding.family().to_owned()))
        .collect()
}

fn one(rule: Rule, family: &str) -> Vec<(Rule, String)> {
    vec![(rule, family.to_owned())]
}

const REQUESTS: &str = "shop_requests_total";
const DURATION: &str = "shop_request_duration_seconds";
const WAITING: &str = "shop_waiting";

// C14
#[test]
fn a_page_that_keeps_its_catalogue_is_clean() {
    shop::CATALOGUE.check(PAGE).assert_clean();
}

#[test]
fn an_openmetrics_page_is_as_good() {
    let page = r#"# TYPE shop_requests counter
# HELP shop_requests Requests.
shop_requests_total{method="GET",path_template="/"} 5 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 1.0 1790000000.5
shop_requests_created{method="GET",path_template="/"} 1790000000.0
# TYPE shop_request_duration_seconds histogram
# UNIT shop_request_duration_seconds seconds
# HELP shop_request_duration_seconds Time.
shop_request_duration_seconds_bucket{method="GET",le="0.1"} 1 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.05
shop_request_duration_seconds_bucket{method="GET",le="1.0"} 1
shop_request_duration_seconds_bucket{method="GET",le="+Inf"} 2
shop_request_duration_seconds_sum{method="GET"} 30
shop_request_duration_seconds_count{method="GET"} 2
shop_request_duration_seconds_created{method="GET"} 1790000000.0
# TYPE shop_waiting gauge
# HELP shop_waiting Waiting.
shop_waiting{queue="mail"} 3
# TYPE shop_retry_count counter
# HELP shop_retry_count Tried again.
shop_retry_count_total 0
# TYPE target info
target_info{service_name="shop"} 1
# EOF
"#;
    let options = Options::new().allow_prefix("target");
    check(&[shop::CATALOGUE], page, &options).assert_clean();
}

// C14
#[test]
fn each_way_to_break_it_is_found() {
    let get = r#"shop_requests_total{method="GET",path_template="/orders/{id}"} 5"#;
    let line = |labels: &str| format!("shop_requests_total{{{labels}}} 5");
    let requests = |labels: &str| after(get, &line(labels));

    let gone = after("shop_retry_count 0\n", "");
    assert_eq!(gone, one(Rule::MissingFamily, "shop_retry_count"));
    let extra = after("process_cpu", "cpu");
    assert_eq!(extra, one(Rule::ExtraFamily, "cpu_seconds_total"));
    let kind = after("shop_waiting gauge", "shop_waiting counter");
    assert_eq!(kind, one(Rule::WrongType, WAITING));
    let untyped = after("# TYPE shop_waiting gauge\n", "");
    assert_eq!(untyped, one(Rule::WrongType, WAITING));
    let help = after("# HELP shop_waiting Waiting.\n", "");
    assert_eq!(help, one(Rule::MissingHelp, WAITING));

    let lacks = requests(r#"method="GET""#);
    assert_eq!(lacks, one(Rule::WrongLabels, REQUESTS));
    let more = requests(r#"method="GET",path_template="/",zone="a""#);
    assert_eq!(more, one(Rule::WrongLabels, REQUESTS));
    let value = requests(r#"method="BREW",path_template="/""#);
    assert_eq!(value, one(Rule::UnknownValue, REQUESTS));
    let four =
        ["/a", "/b", "/c"].map(|route| line(&format!(r#"method="GET",path_template="{route}""#)));
    let four = after(get, &format!("{}\n{get}", four.join("\n")));
    assert_eq!(four, one(Rule::CapExceeded, REQUESTS));

    let bounds = after("le=\"0.1\"", "le=\"0.2\"");
    assert_eq!(bounds, one(Rule::WrongBuckets, DURATION));
    let infinite = "shop_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 2\n";
    assert_eq!(after(infinite, ""), one(Rule::WrongBuckets, DURATION));

    let anywhere = after(
        "process_cpu_seconds_total",
        "process_cpu_seconds_total{user_id=\"7\"}",
    );
    assert_eq!(
        anywhere,
        one(Rule::ForbiddenLabel, "process_cpu_seconds_total")
    );
    let part = after(
        "process_cpu_seconds_total",
        "process_cpu_seconds_total{Access_Token=\"7\"}",
    );
    assert_eq!(part, one(Rule::ForbiddenLabel, "process_cpu_seconds_total"));
    let own = after(
        "process_cpu_seconds_total",
        "process_cpu_seconds_total{tenant=\"7\"}",
    );
    assert_eq!(own, one(Rule::ForbiddenLabel, "process_cpu_seconds_total"));

    let le = after(
        "process_cpu_seconds_total",
        "process_cpu_seconds_total{le=\"7\"}",
    );
    assert_eq!(le, one(Rule::ReservedLabel, "process_cpu_seconds_total"));
    let quantile = after("process_cpu_seconds_total", "process_cpu{quantile=\"0.5\"}");
    assert_eq!(quantile, one(Rule::ReservedLabel, "process_cpu"));
    let word = after("le=\"0.1\"", "le=\"low\"");
    assert_eq!(
        word,
        [
            one(Rule::ReservedLabel, DURATION),
            one(Rule::WrongBuckets, DURATION)
        ]
        .concat()
    );
    let none = after(",le=\"0.1\"", "");
    assert_eq!(
        none,
        [
            one(Rule::ReservedLabel, DURATION),
            one(Rule::WrongBuckets, DURATION)
        ]
        .concat()
    );
}

#[test]
fn a_summary_is_told_what_would_do() {
    let page = "# HELP shop_request_duration_seconds Time.\n\
                # TYPE shop_request_duration_seconds summary\n\
                shop_request_duration_seconds{method=\"GET\",quantile=\"0.5\"} 1\n\
                shop_request_duration_seconds_sum{method=\"GET\"} 1\n\
                shop_request_duration_seconds_count{method=\"GET\"} 1\n";
    let report = check(&[shop::CATALOGUE], page, &Options::new().may_lack_any());
    assert_eq!(
        report.to_string(),
        "family `shop_request_duration_seconds`: is a summary, not a histogram; give the exporter the \
         buckets of the catalogue; seen in \
         shop_request_duration_seconds{method=\"GET\",quantile=\"0.5\"}\n",
    );
}

// C14
#[test]
fn raw_paths_are_told_from_templates() {
    #[track_caller]
    fn case(family: &str, labels: &str, value: &str, raw: bool) {
        let kind = if family == WAITING {
            "gauge"
        } else {
            "counter"
        };
        let page = format!(
            "# HELP {family} x\n# TYPE {family} {kind}\n{family}{{{labels}=\"{value}\"}} 1\n"
        );
        let expected = if raw {
            one(Rule::RawPath, family)
        } else {
            Vec::new()
        };
        assert_eq!(
            found(&page, &Options::new().may_lack_any()),
            expected,
            "{value}"
        );
    }
    let route = r#"method="GET",path_template"#;
    for value in [
        "/",
        "/orders/{id}/lines/{line}",
        "/orders/:id",
        "/files/*path",
        "/v1/oauth2/token",
        "/shop.v1.Orders/List",
        "/feedback/facade",
        "/deadline-exceeded-for-the-2nd-time",
        "unmatched",
        "__overflow__",
        "/straße",
    ] {
        case(REQUESTS, route, value, false);
    }
    for value in [
        "/orders/4711",
        "/orders?page=2",
        "https://shop.example/orders",
        "/orders/0b7a6d1e-52a7-4a3c-9f0e-0a4b6f1d2c3e",
        "/blobs/5f2a9c01",
        "/sessions/sess_8f3k2l1m9q0z",
        "/users/ada@example.org",
        "/search/caf%C3%A9",
        "4711",
    ] {
        case(REQUESTS, route, value, true);
    }
    for value in [
        "mail",
        "443",
        "postgres:16",
        "deadbeef",
        "what?",
        "orders-2026-11-21",
    ] {
        case(WAITING, "queue", value, false);
    }
    for value in [
        "0b7a6d1e-52a7-4a3c-9f0e-0a4b6f1d2c3e",
        "0123456789abcdef",
        "ada@example.org",
        "/orders/4711",
    ] {
        case(WAITING, "queue", value, true);
    }
}

#[test]
fn options_let_pass_what_they_name() {
    let page = PAGE
        .replace("/orders/{id}", "/errors/404")
        .replace("shop_retry_count 0\n", "")
        .replace("process_cpu_seconds_total", "go_threads")
        .replace("queue=\"mail\"", "queue=\"mail\",zone=\"a\"");
    assert_eq!(found(&page, &Options::new()).len(), 4);
    let options = Options::new()
        .allow_value("path_template", "/errors/404")
        .may_lack("shop_retry_count")
        .allow_prefix("go_")
        .global_label("zone");
    assert_eq!(found(&page, &options), []);
    let options = options.forbid("zone");
    assert_eq!(found(&page, &options), one(Rule::ForbiddenLabel, WAITING));
    assert_eq!(found("", &Options::new().may_lack_any()), []);
    assert_eq!(found("", &Options::new()).len(), 4);
}

#[test]
fn lines_that_are_none_are_named_and_the_rest_is_read() {
    for line in [
        "shop waiting 1",
        "shop_waiting",
        "shop_waiting{queue=\"mail\"}",
        "shop_waiting{queue=mail} 1",
        "shop_waiting{queue=\"mail} 1",
        "shop_waiting{queue=\"mail\" 1",
        "shop_waiting{queue=\"a\"zone=\"b\"} 1",
        "shop_waiting{queue=\"a\",queue=\"b\"} 1",
        "shop_waiting{qu\"eue=\"a\"} 1",
        "shop_waiting{queue=\"a\"} one",
        "shop_waiting{queue=\"a\"} 1 2 3",
        "shop_waiting{queue=\"a\"} 1 # trace",
        "shop_waiting{queue=\"mail\"} 2",
        "7up 1",
        "{} 1",
        "# TYPE shop_waiting gauge",
        "# TYPE shop_waiting",
    ] {
        let page = format!("{PAGE}{line}\n");
        assert_eq!(
            found(&page, &Options::new()),
            one(Rule::Syntax, ""),
            "{line}"
        );
        let report = shop::CATALOGUE.check(&page);
        let says = report.findings()[0].to_string();
        assert!(
            says.starts_with(&format!("line {}: ", PAGE.lines().count() + 1)),
            "{says}"
        );
    }
}

#[test]
fn a_test_fails_with_what_was_found() {
    let page = PAGE.replace("# HELP shop_waiting Waiting.\n", "");
    let panic = std::panic::catch_unwind(|| shop::CATALOGUE.check(&page).assert_clean());
    let panic = panic.expect_err("a help text is missing");
    let says = panic
        .downcast::<String>()
        .expect("it is made of what was found");
    assert_eq!(
        says.lines().nth(1),
        Some(
            "family `shop_waiting`: has no `# HELP`; call the catalogue's `describe()` once the recorder \
             is there"
        ),
        "{says}"
    );
}

const HOSTILE: [&str; 3] = ["a\"} 1\\", "\\n\\\"\\\\", "naïve — ☃ {x=\"y\",}"];

#[test]
fn what_the_exporter_shows_is_read_back() {
    let mut builder = PrometheusBuilder::new();
    for family in shop::CATALOGUE {
        if let Some(buckets) = family.buckets() {
            let name = Matcher::Full(family.name().to_owned());
            builder = builder
                .set_buckets_for_metric(name, buckets)
                .expect("there are some");
        }
    }
    let recorder = Arc::new(builder.build_recorder());
    metrics::with_local_recorder(&*recorder, || {
        shop::describe();
        shop::CATALOGUE.register_closed();
        for queue in HOSTILE {
            shop::shop_waiting.with((Queue::of(queue),)).set(1.0);
        }
    });
    let requests: Store<Counter> = Store::given(shop::shop_requests_total::DESC, recorder.clone());
    requests
        .now((Method::Other, Route::of("/orders/{id}")).index())
        .increment(1);
    let times: Store<Histogram> =
        Store::given(shop::shop_request_duration_seconds::DESC, recorder.clone());
    times.now((Method::Get,).index()).record(0.5);
    let page = recorder.handle().render();
    shop::CATALOGUE.check(&page).assert_clean();

    // One value more than the cap, each told apart.
    let page = format!("{page}shop_waiting{{queue=\"a\\\"\"}} 1\n");
    assert_eq!(
        found(&page, &Options::new()),
        one(Rule::CapExceeded, WAITING)
    );
    let report = shop::CATALOGUE.check(&page.replace("queue=\"a\\\"\"", "user=\"\\\\n\\n\\\"☃\""));
    let user = report
        .findings()
        .iter()
        .find(|found| found.rule() == Rule::ForbiddenLabel);
    let user = user.expect("`user` is forbidden");
    assert_eq!(user.series(), Some("shop_waiting{user=\"\\\\n\\n\\\"☃\"}"));
}

label! {
    enum Verb { Get = "GET", Put = "PUT" }
}

#[test]
fn several_catalogues_have_one_page() {
    mod other {
        use super::Verb as Method;
        throughline_catalog::catalog! { pub(super) mod stock, budget 100;
            /// Time.
            histogram shop_request_duration_seconds { method: Method } buckets [0.1, 1.0];
            /// Items.
            gauge stock_items {};
        }
    }
    let both: [&Catalogue; 2] = [shop::CATALOGUE, other::stock::CATALOGUE];
    let page = PAGE.replace(
        "shop_request_duration_seconds_count{method=\"GET\"}",
        "stock_items",
    );
    let page = page.replace("method=\"GET\",le", "method=\"PUT\",le");
    let page = page.replace("_sum{method=\"GET\"}", "_sum{method=\"PUT\"}");
    let report = check(&both, &page, &Options::new());
    let rules: Vec<_> = report.findings().iter().map(|found| found.rule()).collect();
    // `stock_items` has neither a type nor a help here; all values are known.
    assert_eq!(rules, [Rule::MissingHelp, Rule::WrongType]);
    assert_eq!(
        shop::CATALOGUE
            .check_against(&both)
            .map_err(|e| e.to_string()),
        Ok(())
    );
}
