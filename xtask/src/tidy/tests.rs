//! A house that is in order, and for each rule one in which it is broken.

use super::*;

const ROOT: &str = "[workspace]\n[workspace.dependencies]\nmetrics = \"0.24\"\n";

const HTTP: &str = r#"[package]
name = "throughline-http"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
repository.workspace = true

[lints]
workspace = true

[dependencies]
throughline-catalog.workspace = true
axum = { workspace = true, optional = true }
"#;

/// A house in order.
const GOOD: &[(&str, &str)] = &[
    (".gitignore", "target\n"),
    ("Cargo.toml", ROOT),
    ("README.md", "# throughline\n"),
    ("crates/http/Cargo.toml", HTTP),
    ("crates/http/README.md", "# http\n"),
    (
        "crates/http/src/lib.rs",
        "#![doc = include_str!(\"../README.md\")]\n",
    ),
    (
        "crates/http/src/route/mod.rs",
        "//! Routes. Not a todo!\n\nconst A: &str = \"dbg!\";\n",
    ),
    ("crates/http/src/route/path.rs", "//! Paths.\n"),
    ("crates/http/tests/ui/label.rs", "fn main() {}\n"),
    (
        "xtask/Cargo.toml",
        "[package]\nname = \"xtask\"\n[lints]\nworkspace = true\n",
    ),
    ("xtask/src/main.rs", "//! Commands.\n"),
];

/// The good house with files exchanged or added.
fn house(files: &[(&str, &str)]) -> Vec<String> {
    let kept = GOOD
        .iter()
        .filter(|(path, _)| files.iter().all(|(other, _)| other != path));
    let all = kept.chain(files).copied().collect::<Vec<_>>();
    check(&Tree::of(&all))
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// That exchanging or adding one file gives exactly this finding.
#[track_caller]
fn one(path: &str, text: &str, expected: &str) {
    assert_eq!(house(&[(path, text)]), [expected]);
}

#[track_caller]
fn http(from: &str, to: &str, expected: &str) {
    let manifest = HTTP.replace(from, to);
    assert_ne!(manifest, HTTP);
    one(
        "crates/http/Cargo.toml",
        &manifest,
        &format!("crates/http/Cargo.toml:{expected}"),
    );
}

#[test]
fn a_house_in_order_has_no_findings() {
    assert_eq!(house(&[]), Vec::<String>::new());
}

#[test]
fn arrows_go_down_and_wings_are_apart() {
    let below = "crates it may use: catalog, correlation, context, fault, completion";
    http(
        "throughline-catalog",
        "throughline-grpc",
        &format!("13: `http` may not use `grpc`; {below}"),
    );
    http(
        "throughline-catalog",
        "throughline-telemetry",
        &format!("13: `http` may not use `telemetry`; {below}"),
    );
    http(
        "throughline-catalog",
        "throughline-log",
        &format!("13: `http` may not use `log`; {below}"),
    );
    http(
        "throughline-catalog",
        "throughline-util",
        &format!("13: `http` may not use `util`; {below}"),
    );
    let binary = HTTP
        .replace("-http", "-telemetry")
        .replace("throughline-catalog", "throughline-job");
    let files = [
        ("crates/telemetry/Cargo.toml", binary.as_str()),
        ("crates/telemetry/README.md", "# telemetry\n"),
    ];
    let found = house(&files);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`telemetry` may not use `job`"),
        "{found:?}"
    );
    // Tests may meet anybody.
    let met = HTTP.replace(
        "[dependencies]",
        "[dev-dependencies]\nthroughline-telemetry.workspace = true\n[dependencies]",
    );
    assert_eq!(
        house(&[("crates/http/Cargo.toml", &met)]),
        Vec::<String>::new()
    );
}

#[test]
fn foreign_packages_have_their_place() {
    http(
        "axum = { workspace = true, optional = true }",
        "axum.workspace = true",
        "14: `http` may have `axum` behind a feature alone",
    );
    http(
        "axum = {",
        "tonic-prost = {",
        "14: `http` must not know `tonic-prost`",
    );
    http(
        "axum = {",
        "opentelemetry_sdk = {",
        "14: `opentelemetry_sdk` belongs to sampling and telemetry alone",
    );
    http(
        "axum = {",
        "metrics-exporter-prometheus = {",
        "14: `metrics-exporter-prometheus` belongs to telemetry alone",
    );
}

#[test]
fn manifests_inherit() {
    http(
        "workspace = true\n\n[dep",
        "workspace = false\n\n[dep",
        "9: the lints are not the workspace's: `[lints] workspace = true`",
    );
    http(
        "axum = { workspace = true, optional = true }",
        "tower = \"0.5\"",
        "14: `tower` (dependencies) has a version of its own; use `workspace = true`",
    );
    http(
        "[dependencies]",
        "[target.'cfg(unix)'.build-dependencies]\ncc = \"1\"\n[dependencies]",
        "13: `cc` (build-dependencies) has a version of its own; use `workspace = true`",
    );
    http(
        "license.workspace = true",
        "license = \"MIT\"",
        "6: `license` is not the workspace's",
    );
    http(
        "\"throughline-http\"",
        "\"http-layers\"",
        "2: the package in crates/http is not `throughline-http`",
    );
    http(
        "[package]",
        "[package",
        "1: is no TOML: unclosed table, expected `]`",
    );
}

#[test]
fn each_package_has_one_version() {
    let root = format!("{ROOT}metrics-old = {{ package = \"metrics\", version = \"0.23\" }}\n");
    one(
        "Cargo.toml",
        &root,
        "Cargo.toml:4: `metrics` has two versions, as `metrics` and as `metrics-old`",
    );
}

#[test]
fn names_of_programs_are_unique() {
    let manifest =
        "[package]\nname = \"job-kernel\"\n[lints]\nworkspace = true\n[[bin]]\nname = \"kernel\"\n";
    let other = "[package]\nname = \"kernel\"\n[lints]\nworkspace = true\n";
    let found = house(&[
        ("examples/a/Cargo.toml", manifest),
        ("examples/b/Cargo.toml", other),
        ("examples/b/src/main.rs", "//! B.\n"),
    ]);
    assert_eq!(
        found,
        ["examples/b/Cargo.toml:2: the program `kernel` is also one of examples/a/Cargo.toml"]
    );
    let found = house(&[
        ("examples/a/Cargo.toml", manifest),
        ("examples/a/src/bin/xtask.rs", "//! A.\n"),
    ]);
    assert_eq!(
        found,
        ["examples/a/Cargo.toml:1: the program `xtask` is also one of xtask/Cargo.toml"]
    );
}

#[test]
fn everything_has_its_place() {
    one(
        "notes/a.md",
        "# a\n",
        "notes/a.md:1: `notes` has no place at the top of the house",
    );
    one(
        "rust-toolchain.toml",
        "\n",
        "rust-toolchain.toml:1: `rust-toolchain.toml` has no place at the top of the house",
    );
    one(
        "tests/it/main.rs",
        "//! It.\n",
        "tests/it/main.rs:1: `tests/it` has no place in the house",
    );
    let found = house(&[("crates/util/src/lib.rs", "//! Util.\n")]);
    assert_eq!(
        found,
        [
            "crates/util/src/lib.rs:1: the crate `util` has no README.md",
            "crates/util/src/lib.rs:1: the crate `util` has no row in the table of the house",
        ]
    );
}

#[test]
fn sources_say_what_they_are_and_stay_short() {
    one(
        "xtask/src/a.rs",
        "use std::fmt;\n",
        "xtask/src/a.rs:1: the file does not open with a doc line that says what it is",
    );
    one(
        "xtask/src/a.rs",
        "",
        "xtask/src/a.rs:1: the file does not open with a doc line that says what it is",
    );
    assert_eq!(
        house(&[("xtask/src/a.rs", "#![allow(clippy::unwrap_used)]\n//! A.\n")]),
        Vec::<String>::new()
    );
    let long = format!("//! Long.\n{}", "// x\n".repeat(450));
    one(
        "xtask/src/a.rs",
        &long,
        "xtask/src/a.rs:1: warning: 451 lines; more than 450 are hard to read",
    );
    let lib = format!("//! Http.\n{}", "const _: () = ();\n".repeat(80));
    one(
        "crates/http/src/lib.rs",
        &lib,
        "crates/http/src/lib.rs:1: 80 lines of code; lib.rs is a table of contents, below 80",
    );
    one(
        "crates/http/src/route.rs",
        "//! Routes.\n",
        "crates/http/src/route.rs:1: stands beside its directory; move it to crates/http/src/route/mod.rs",
    );
}

#[test]
fn sources_do_not_call_what_is_forbidden() {
    one(
        "xtask/src/a.rs",
        "//! A.\n#[should_panic]\n",
        "xtask/src/a.rs:2: `should_panic`: catch the panic and compare its text",
    );
    one(
        "xtask/src/a.rs",
        "//! A.\n\nfn a() { todo!() }\n",
        "xtask/src/a.rs:3: `todo!`: write it",
    );
    one(
        "xtask/src/a.rs",
        "//! A.\nfn a() { unimplemented!() }\n",
        "xtask/src/a.rs:2: `unimplemented!`: write it",
    );
    one(
        "xtask/src/a.rs",
        "//! A.\nfn a() { dbg!(1); }\n",
        "xtask/src/a.rs:2: `dbg!`: take it out",
    );
    // A name that only ends so is another name.
    assert_eq!(
        house(&[("xtask/src/a.rs", "//! A.\nfn a() { my_dbg!(1); }\n")]),
        Vec::<String>::new()
    );
}

#[test]
fn texts_are_clean() {
    one(
        "README.md",
        "# a \n",
        "README.md:1: blanks at the end of the line",
    );
    one("README.md", "# a\n\ta\n", "README.md:2: a tab");
    one(
        "README.md",
        "# a",
        "README.md:1: the last line does not end",
    );
    for text in [
        concat!("see issue", " #12"),
        concat!("Closes", " #7."),
        concat!("Issues", "#3"),
    ] {
        one(
            "README.md",
            &format!("{text}\n"),
            "README.md:1: a number of an issue; say what it is about",
        );
    }
    for text in ["an issue #of ours", "a #12 pencil", "issue 12"] {
        assert_eq!(
            house(&[("README.md", &format!("{text}\n"))]),
            Vec::<String>::new(),
            "{text}"
        );
    }
}
