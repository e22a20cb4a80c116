//! The allowlist of a schema, checked by the compiler where it is a constant.

use throughline_correlation::names_a_secret;

/// Takes a list of field names at compile time: with a secret's name in it, it does not compile.
///
/// ```
/// const ALLOWED: [&str; 2] = throughline_log::allowlist(["driver", "shots"]);
/// # let schema = throughline_log::Schema::builder().service("kernel").allow(ALLOWED).build();
/// # assert!(schema.is_ok());
/// ```
/// ```compile_fail
/// const ALLOWED: [&str; 2] = throughline_log::allowlist(["driver", "api_key"]);
/// ```
///
/// # Panics
/// If a name is that of a secret; in a `const` this is an error of the compiler. For names that are
/// known only at run time, [`SchemaBuilder::allow`](crate::SchemaBuilder::allow) is enough.
#[must_use]
pub const fn allowlist<const N: usize>(names: [&'static str; N]) -> [&'static str; N] {
    let mut i = 0;
    while i < N {
        if names_a_secret(names[i]) {
            panic!("{}", names[i]);
        }
        i += 1;
    }
    names
}
