//! The switch.

use throughline_context::{Concern, Switch};

// W11
#[test]
fn the_named_flag_switches_all_and_keeps_what_was_off_alone() {
    let switch = Switch::new();
    let shared = switch.clone();
    for concern in Concern::ALL {
        assert!(switch.is_on(concern));
    }
    switch
        .set_by_name("enable-observability-spans", false)
        .unwrap();
    switch
        .set_by_name("enable-observability-instrumentation", false)
        .unwrap();
    assert!(Concern::ALL.iter().all(|c| !shared.is_on(*c)));
    // Switched on alone while all is off, it waits.
    switch.set(Concern::Metrics, true);
    assert!(!switch.is_on(Concern::Metrics));
    switch.set_by_name(Switch::FLAG, true).unwrap();
    let on: Vec<_> = Concern::ALL
        .into_iter()
        .filter(|c| shared.is_on(*c))
        .collect();
    assert_eq!(on, [Concern::Metrics, Concern::AccessLog, Concern::Jobs]);
}

#[test]
fn each_concern_has_a_flag_of_its_own() {
    for concern in Concern::ALL {
        let switch = Switch::new();
        switch.set_by_name(concern.flag(), false).unwrap();
        let off: Vec<_> = Concern::ALL
            .into_iter()
            .filter(|c| !switch.is_on(*c))
            .collect();
        assert_eq!(off, [concern]);
        switch.set_by_name(concern.flag(), true).unwrap();
        assert!(switch.is_on(concern));
    }
}

#[test]
fn an_unknown_flag_changes_nothing_and_the_error_lists_those_that_are() {
    let switch = Switch::new();
    for flag in [
        "",
        "enable-observability",
        "ENABLE-OBSERVABILITY-INSTRUMENTATION",
    ] {
        let error = switch.set_by_name(flag, false).unwrap_err().to_string();
        assert!(error.contains(Switch::FLAG) && error.contains("enable-observability-jobs"));
    }
    assert!(Concern::ALL.iter().all(|c| switch.is_on(*c)));
}

#[test]
fn owned_switches_are_apart_from_each_other_and_from_the_processs() {
    let (one, other) = (Switch::new(), Switch::new());
    one.set_all(false);
    assert!(other.is_on(Concern::Spans));
    assert!(Switch::default().is_on(Concern::Spans));
    assert!(format!("{one:?}").contains("on: []"));
    assert!(format!("{:?}", Switch::global()).contains("global: true"));
}
