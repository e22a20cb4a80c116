//! Which crates there are, on which floor, and what may lie at the top.

use std::collections::BTreeSet;

use super::{Finding, Tree};

/// On which side of the house a crate lives. The wings never see each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wing {
    /// Below both wings.
    Common,
    /// What a binary starts.
    Binary,
    /// What a service stacks.
    Boundary,
}

/// A crate's place, and what it must not know.
#[derive(Debug)]
pub(super) struct Place {
    /// The name after `throughline-`, and the directory under `crates`.
    pub(super) name: &'static str,
    /// An arrow goes to a lower floor only.
    pub(super) floor: u8,
    pub(super) wing: Wing,
    /// Foreign packages that it may not name at all; a `*` at the end stands for anything.
    pub(super) never: &'static [&'static str],
    /// Foreign packages that it may have behind a feature alone.
    pub(super) behind_feature: &'static [&'static str],
}

const fn place(name: &'static str, floor: u8, wing: Wing) -> Place {
    Place {
        name,
        floor,
        wing,
        never: &[],
        behind_feature: &[],
    }
}

const TRANSPORTS: &[&str] = &["axum*", "hyper*", "tonic*", "tower*", "reqwest"];

/// One row for each crate. A new crate needs one: where it stands is decided before it is written.
/// `catalog` lies below `correlation`, which counts the ids that it refuses.
pub(super) const PLACES: &[Place] = &[
    Place {
        never: &[
            "http",
            "http-body*",
            "axum*",
            "hyper*",
            "tonic*",
            "tower*",
            "opentelemetry*",
        ],
        ..place("catalog", 0, Wing::Common)
    },
    Place {
        never: &["opentelemetry*", "tracing-opentelemetry"],
        behind_feature: &["axum*", "tonic*", "tower-http"],
        ..place("correlation", 1, Wing::Common)
    },
    Place {
        never: &["hyper*", "tower-http"],
        behind_feature: &["axum*", "tonic*"],
        ..place("context", 2, Wing::Common)
    },
    Place {
        never: &["hyper*", "axum*", "tower*"],
        behind_feature: &["http", "tonic*"],
        ..place("fault", 2, Wing::Common)
    },
    Place {
        never: &["metrics", "tracing*", "opentelemetry*", "axum*", "tonic*"],
        ..place("completion", 2, Wing::Common)
    },
    Place {
        never: &["tonic*"],
        behind_feature: &["axum*"],
        ..place("http", 3, Wing::Boundary)
    },
    Place {
        never: &["axum"],
        behind_feature: &["axum-core", "tonic*"],
        ..place("grpc", 3, Wing::Boundary)
    },
    Place {
        never: TRANSPORTS,
        ..place("job", 3, Wing::Boundary)
    },
    Place {
        never: &["tonic*", "hyper*"],
        ..place("log", 3, Wing::Binary)
    },
    Place {
        never: TRANSPORTS,
        ..place("sampling", 3, Wing::Binary)
    },
    Place {
        never: &["tonic*", "hyper*"],
        behind_feature: &["axum*"],
        ..place("exposition", 3, Wing::Binary)
    },
    place("telemetry", 4, Wing::Binary),
    place("query", 4, Wing::Binary),
];

/// A foreign package and the crates that alone may have it.
pub(super) const RESERVED: &[(&str, &[&str])] = &[
    ("opentelemetry_sdk", &["sampling", "telemetry"]),
    ("opentelemetry-otlp", &["sampling", "telemetry"]),
    ("opentelemetry-proto", &["sampling", "telemetry"]),
    ("metrics-exporter*", &["telemetry"]),
    ("opentelemetry-prometheus", &["telemetry"]),
];

/// What lies at the top beside dot files.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "crates",
    "deny.toml",
    "examples",
    "tests",
    "xtask",
];

/// What lies under `tests`.
const TESTS: &[&str] = &["bench", "brokers", "fuzz", "peers", "suite"];

pub(super) fn place_of(name: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.name == name)
}

/// Whether an arrow may go from one crate to the other.
pub(super) fn may_use(from: &Place, to: &Place) -> bool {
    to.floor < from.floor && (to.wing == Wing::Common || to.wing == from.wing)
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in &tree.files {
        let mut parts = file.path.split('/');
        let (top, second) = (parts.next().unwrap_or_default(), parts.next());
        if !top.starts_with('.') && !TOP.contains(&top) && seen.insert(top.to_owned()) {
            findings.push(file.finding(1, format!("`{top}` has no place at the top of the house")));
        }
        let Some(second) = second else { continue };
        if top == "tests" && !TESTS.contains(&second) && seen.insert(format!("tests/{second}")) {
            findings.push(file.finding(1, format!("`tests/{second}` has no place in the house")));
        }
        if top == "crates" && seen.insert(format!("crates/{second}")) {
            if place_of(second).is_none() {
                let text = format!("the crate `{second}` has no row in the table of the house");
                findings.push(file.finding(1, text));
            }
            if !tree.has(&format!("crates/{second}/README.md")) {
                findings.push(file.finding(1, format!("the crate `{second}` has no README.md")));
            }
        }
    }
    findings
}
