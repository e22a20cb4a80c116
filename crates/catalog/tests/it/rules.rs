//! The rules as tables. `compile_fail` shows that a broken one stops the build; here each word of
//! the lists is tried, on the functions that the compiler runs.

use std::panic::catch_unwind;

use throughline_catalog::__private::{Parts, check_family};
use throughline_catalog::{Desc, Gauge, LabelDesc, Values};

/// What the compiler would say.
fn message(check: impl FnOnce() + std::panic::UnwindSafe) -> Option<String> {
    let panic = catch_unwind(check).err()?;
    Some(
        *panic
            .downcast::<String>()
            .expect("every message is put together"),
    )
}

fn gauge(name: &'static str, label: Option<&'static str>) -> Option<String> {
    let values = Values::Closed(&["one"]);
    let labels: &'static [LabelDesc] = match label {
        Some(label) => Box::leak(Box::new([LabelDesc::new(label, values)])),
        None => &[],
    };
    message(move || {
        let module = "rules";
        let parts = Parts {
            name,
            help: "Help.",
            buckets: &[],
            labels,
            dictated: &[],
            module,
        };
        check_family(&Desc::new::<Gauge, ()>(&parts), &["tenant"]);
    })
}

// K5
#[test]
fn every_forbidden_label_is_refused() {
    let forbidden = "host hostname url full_url uri path_raw query instance_id user user_id email \
        e_mail error error_message message idempotency_key token secret password authorization \
        api_key credential cookie job_id task_id execution_id trace_id span_id request_id \
        correlation_id session_id message_id ip client_address tenant";
    for label in forbidden.split_whitespace() {
        let expected =
            format!("family `jobs_active`: the label `{label}` is forbidden; use a span attribute");
        assert_eq!(gauge("jobs_active", Some(label)), Some(expected));
    }
    for (label, part) in [
        ("secret_kind", "secret"),
        ("old_password", "password"),
        ("mytokens", "token"),
    ] {
        let expected = format!(
            "family `jobs_active`: the label `{label}` is forbidden, like any that contains \
             `{part}`; leave it out"
        );
        assert_eq!(gauge("jobs_active", Some(label)), Some(expected));
    }
    for label in [
        "method",
        "endpoint",
        "status",
        "error_kind",
        "job_type",
        "users",
        "_x",
        "a1",
    ] {
        assert_eq!(gauge("jobs_active", Some(label)), None, "{label}");
    }
    for label in ["1a", "a-b", "a b", "", "größe", "A"] {
        assert!(gauge("jobs_active", Some(label)).is_some(), "{label:?}");
    }
}

#[test]
fn every_scaled_unit_is_refused_where_it_is_one() {
    let anywhere = "milliseconds millis msec ms microseconds micros usec nanoseconds nanos nsec \
        secs kilobytes kibibytes kb kib megabytes mebibytes mb mib gigabytes gibibytes gb gib \
        kilometers millimeters millivolts milliamperes kilojoules kilograms fahrenheit kelvin";
    let last = "us ns sec minutes hours days";
    let name = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    for unit in anywhere.split_whitespace().chain(last.split_whitespace()) {
        let said = gauge(name(format!("job_time_{unit}")), None).expect("it is refused");
        assert!(
            said.contains(&format!("`{unit}` is no base unit")),
            "{said}"
        );
        assert_eq!(
            gauge(name(format!("{unit}_active")), None),
            None,
            "{unit} at the head"
        );
        assert_eq!(
            gauge(name(format!("job_x{unit}x_active")), None),
            None,
            "{unit} in a word"
        );
    }
    for unit in anywhere.split_whitespace() {
        assert!(
            gauge(name(format!("job_{unit}_max")), None).is_some(),
            "{unit}"
        );
    }
    for unit in last.split_whitespace() {
        assert_eq!(gauge(name(format!("job_{unit}_max")), None), None, "{unit}");
    }
}

#[test]
fn a_message_that_is_too_long_is_cut() {
    let label: &'static str = Box::leak("Ü".repeat(600).into_boxed_str());
    let said = gauge("jobs_active", Some(label)).expect("it is refused");
    assert!(
        said.len() <= 512 && said.starts_with("family `jobs_active`: the label `Ü"),
        "{said}"
    );
}
