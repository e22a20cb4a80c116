//! The catalogue as data.

use metrics::Unit as Facade;
use throughline_catalog::{Catalogue, Family, Kind, Unit, Values, catalog, label};

use crate::ledger::Ledger;

// A type that comes in by `use` has to be visible to the families as well.
mod elsewhere {
    throughline_catalog::label! {
        pub(crate) enum Imported { Yes = "yes", No = "no" }
    }
}
use elsewhere::Imported as Renamed;

label! {
    pub(crate) struct Queue: Capped<4>;
}

catalog! {
    /// What the tests declare.
    pub(crate) mod plant, budget 1_000, forbid ["tenant", "customer"];

    /// Bytes that came in, in all
    /// frames together.
    ///
    /// Headers included.
    counter plant_received_bytes_total { queue: Queue, type: Renamed };
    /// Time of a step.
    histogram plant_step_duration_seconds { fine: bool } buckets [0.001, 0.5, 2.0];
    /// How warm it is.
    gauge plant_heat_celsius {};
    /// Steps.
    counter plant_step_count { fine: bool } dictated "the plant's own display";
    /// How busy it is.
    gauge plant_busy_percent {};
}

catalog! { mod empty, budget 0; }

#[test]
fn a_description_says_all() {
    let [bytes, step, heat, count, busy] = plant::CATALOGUE.families() else {
        panic!("five families")
    };
    assert_eq!(bytes.name(), "plant_received_bytes_total");
    assert_eq!(
        bytes.help(),
        "Bytes that came in, in all frames together. Headers included."
    );
    assert_eq!(
        (bytes.kind(), bytes.unit()),
        (Kind::Counter, Some(Unit::Bytes))
    );
    let labels: Vec<_> = bytes
        .labels()
        .iter()
        .map(|l| (l.name(), l.values()))
        .collect();
    assert_eq!(
        labels,
        [
            ("queue", Values::Capped(4)),
            ("type", Values::Closed(&["yes", "no"]))
        ]
    );
    assert_eq!(
        (bytes.cardinality(), bytes.series(), bytes.buckets()),
        (10, 10, None)
    );
    assert!(!bytes.is_closed());

    assert_eq!(
        (step.kind(), step.unit()),
        (Kind::Histogram, Some(Unit::Seconds))
    );
    assert_eq!(step.buckets(), Some(&[0.001, 0.5, 2.0][..]));
    assert_eq!((step.cardinality(), step.series()), (2, 12));

    assert_eq!(
        (heat.kind(), heat.unit()),
        (Kind::Gauge, Some(Unit::Celsius))
    );
    assert_eq!(heat.values(0).count(), 0);

    assert_eq!(
        (count.dictated(), count.unit()),
        (Some("the plant's own display"), None)
    );
    assert_eq!((busy.unit(), busy.dictated()), (Some(Unit::Percent), None));
    assert_eq!(
        count.values(1).collect::<Vec<_>>(),
        ["true"],
        "the second value of the only label"
    );
}

#[test]
fn a_catalogue_is_a_list_of_descriptions() {
    let catalogues: [&Catalogue; 2] = [plant::CATALOGUE, empty::CATALOGUE];
    let names: Vec<&str> = catalogues
        .into_iter()
        .flatten()
        .map(|family| family.name())
        .collect();
    assert_eq!(names.len(), 5);
    assert_eq!(
        (plant::CATALOGUE.name(), plant::CATALOGUE.budget()),
        ("plant", 1_000)
    );
    assert_eq!(plant::CATALOGUE.series(), 10 + 12 + 1 + 2 + 1);
    assert_eq!(empty::CATALOGUE.series(), 0);
    let heat = plant::CATALOGUE
        .family("plant_heat_celsius")
        .expect("it is declared");
    assert!(
        std::ptr::eq(heat, plant::plant_heat_celsius::DESC),
        "one description, one place"
    );
    assert!(plant::CATALOGUE.family("plant_heat").is_none());
    assert_eq!(size_of_val(&plant::plant_heat_celsius), 0);
}

#[test]
fn describing_tells_name_unit_and_help() {
    let ledger = Ledger::of(plant::describe);
    let told: Vec<(String, Option<Facade>)> = ledger
        .descriptions()
        .into_iter()
        .map(|(name, unit, _)| (name, unit))
        .collect();
    let expected = [
        ("plant_received_bytes_total", Some(Facade::Bytes)),
        ("plant_step_duration_seconds", Some(Facade::Seconds)),
        ("plant_heat_celsius", None),
        ("plant_step_count", None),
        ("plant_busy_percent", Some(Facade::Percent)),
    ];
    assert_eq!(told, expected.map(|(name, unit)| (name.to_owned(), unit)));
    assert_eq!(ledger.descriptions()[1].2, "Time of a step.");
    assert!(ledger.series().is_empty());
}

#[test]
fn known_series_exist_before_their_first_event() {
    let ledger = Ledger::of(|| assert_eq!(plant::CATALOGUE.register_closed(), 2 + 1 + 2 + 1));
    assert_eq!(
        ledger.series(),
        [
            "plant_busy_percent",
            "plant_heat_celsius",
            "plant_step_count{fine=false}",
            "plant_step_count{fine=true}",
            "plant_step_duration_seconds{fine=false}",
            "plant_step_duration_seconds{fine=true}",
        ]
    );
    assert_eq!(ledger.count("plant_step_count{fine=true}"), 0);
    assert_eq!(ledger.descriptions().len(), 4);
}
