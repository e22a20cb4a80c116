//! What must not compile, and what the compiler says then. `ui/README.md` says how to update it.

// K5, C3
#[test]
fn each_broken_rule_stops_the_build() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*.rs");
}
