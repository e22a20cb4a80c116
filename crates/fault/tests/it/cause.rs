//! The root cause of every shape of chain.

use std::{error::Error, fmt};

use throughline_fault::Fault;

use crate::support::{Link, told};

/// The root cause that a fault of this error has.
fn root(error: impl Into<Box<dyn Error + Send + Sync>>) -> String {
    let (fault, ..) = told(|| Fault::error("test", error));
    fault.root_cause().to_owned()
}

#[test]
fn it_is_the_deepest_of_the_chain() {
    assert_eq!(root(Link::chain(["only"].into_iter())), "only");
    assert_eq!(root(Link::chain(["a", "b", "c"].into_iter())), "c");
    assert_eq!(root(Link::chain(0..=64)), "64", "64 sources are followed");
}

#[test]
fn a_chain_that_is_too_deep_is_followed_for_a_while() {
    assert_eq!(root(Link::chain(0..=1_000)), "64");
}

#[test]
fn an_error_that_is_its_own_source_ends() {
    #[derive(Debug)]
    struct Cyclic;
    impl fmt::Display for Cyclic {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Cyclic {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    assert_eq!(root(Cyclic), "again");
}

#[test]
fn it_is_cut_at_the_cap_between_characters() {
    let behind = |text: String| root(Link::over("outer", text));
    assert_eq!(behind("x".repeat(1_024)).len(), 1_024);
    assert_eq!(behind("x".repeat(1_025)).len(), 1_024);
    assert_eq!(behind("x".repeat(1_000_000)).len(), 1_024);
    // Two, three and four bytes to a character, at every offset from the cap.
    for wide in ["é", "…", "🦀"] {
        for lead in 0..4 {
            let text = format!("{}{}", "x".repeat(lead), wide.repeat(1_024));
            let cut = behind(text.clone());
            assert!(text.starts_with(&cut));
            assert!(
                cut.len() <= 1_024 && 1_024 < cut.len() + wide.len(),
                "{}",
                cut.len()
            );
        }
    }
}

#[test]
fn a_text_that_is_written_in_many_parts_is_cut_too_and_stops() {
    #[derive(Debug)]
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for _ in 0.. {
                f.write_str("0123456")?;
            }
            Ok(())
        }
    }
    impl Error for Endless {}
    let cut = root(Link::over("outer", Endless));
    assert_eq!(cut.len(), 1_024);
    assert_eq!(&cut[1_020..], "5601");
}

#[test]
fn an_error_whose_display_fails_is_told_all_the_same() {
    #[derive(Debug)]
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("as far as")?;
            Err(fmt::Error)
        }
    }
    impl Error for Broken {}
    let (fault, ..) = told(|| Fault::error("broken", Broken));
    assert_eq!(fault.to_string(), "as far as");
    assert_eq!(fault.root_cause(), "as far as");
}

#[test]
fn k6_neither_the_cause_nor_the_text_has_a_credential_in_it() {
    let cause = "postgres://me:hunter2@db/x refused; password=hunter2, Bearer hunter2";
    let (fault, lines, _) = told(|| Fault::error("store_down", Link::over("token=hunter2", cause)));
    let clean = "postgres://[redacted]@db/x refused; password=[redacted], Bearer [redacted]";
    assert_eq!(fault.root_cause(), clean);
    assert_eq!(fault.to_string(), "token=[redacted]");
    assert!(!format!("{fault:?} {lines:?}").contains("hunter2"));
    // One that stands on the limit is seen whole.
    for lead in 1_000..=1_030 {
        let text = format!("{} Bearer hunter2", "x".repeat(lead));
        let cut = root(Link::over("outer", text));
        assert!(!cut.contains("hunt") && cut.len() <= 1_024, "{cut}");
    }
}

#[test]
fn an_endless_text_of_the_error_itself_is_cut_too() {
    let (fault, ..) = told(|| Fault::error("test", "y".repeat(1_000_000)));
    assert_eq!(fault.to_string().len(), 8_192);
}
