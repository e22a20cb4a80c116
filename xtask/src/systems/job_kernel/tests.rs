//! The start of the system, with programs that only tell what they were given.

use std::os::unix::fs::symlink;

use super::*;

/// A directory in which each of the four is the same small script.
///
/// It is linked to and not written: a program cannot be started while any process that is just
/// being forked still holds it open for writing.
fn programs() -> tempfile::TempDir {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/service.sh");
    let directory = tempfile::tempdir().expect("a directory");
    for role in Role::ALL {
        symlink(script, directory.path().join(role.name())).expect("the directory is ours");
    }
    directory
}

fn said(stack: &Stack, role: Role, what: &str) -> String {
    let lines = stack.role(role).log().lines();
    let line = lines
        .iter()
        .find_map(|line| line.text().strip_prefix(what).map(str::to_owned));
    line.expect("the program told it before it was ready")
}

#[tokio::test]
async fn each_program_is_told_where_the_others_are() {
    let directory = programs();
    let mut options = Options::new(directory.path());
    options.env.push(("EXTRA".to_owned(), "more".to_owned()));
    options
        .args
        .push(("kernel".to_owned(), "--faster".to_owned()));
    let stack = Stack::start(options).await.expect("they start");

    #[track_caller]
    fn given(stack: &Stack, role: Role, expected: &str) {
        assert_eq!(said(stack, role, "given "), expected, "{}", role.name());
    }
    let (free, page) = ("--listen 127.0.0.1:0", "--metrics-listen 127.0.0.1:0");
    given(&stack, Role::Compiler, free);
    given(&stack, Role::DriverManager, &format!("{free} {page}"));
    let below = "--compiler http://127.0.0.1:3 --driver-manager http://127.0.0.1:4";
    let kernel = format!("{free} {page} {below} --faster");
    given(&stack, Role::Kernel, &kernel);
    given(
        &stack,
        Role::SystemApi,
        &format!("{free} {page} --kernel http://127.0.0.1:2"),
    );

    let receiver = stack.receiver().expect("traces are exported").endpoint();
    assert_eq!(
        said(&stack, Role::Kernel, "exports "),
        format!("{receiver} more")
    );
    assert_eq!(stack.url("/v1/jobs"), "http://127.0.0.1:1/v1/jobs");
    assert_eq!(
        stack
            .role(Role::Kernel)
            .metrics_address()
            .map(|page| page.port()),
        Some(102)
    );
    assert_eq!(stack.stop().await, []);
}

#[tokio::test]
async fn ports_follow_from_their_base_and_nothing_is_exported_unless_asked() {
    let directory = programs();
    let mut options = Options::new(directory.path());
    options.port_base = 9090;
    options.otlp = false;
    let stack = Stack::start(options).await.expect("they start");
    let api = "--listen 127.0.0.1:9100 --metrics-listen 127.0.0.1:9090 ";
    assert!(said(&stack, Role::SystemApi, "given ").starts_with(api));
    let kernel = "--listen 127.0.0.1:9101 --metrics-listen 127.0.0.1:9091 ";
    assert!(said(&stack, Role::Kernel, "given ").starts_with(kernel));
    let drivers = "--listen 127.0.0.1:9102 --metrics-listen 127.0.0.1:9092";
    assert_eq!(said(&stack, Role::DriverManager, "given "), drivers);
    assert_eq!(
        said(&stack, Role::Compiler, "given "),
        "--listen 127.0.0.1:9103"
    );
    assert_eq!(said(&stack, Role::Kernel, "exports "), "nowhere ");
    assert!(stack.receiver().is_none());
    assert_eq!(stack.stop().await, []);
}

#[tokio::test]
async fn a_program_of_another_make_stands_in_for_its_service() {
    let directory = programs();
    let elsewhere = tempfile::tempdir().expect("a directory");
    let mut options = Options::new(directory.path());
    // The service's own program is gone, so only the other can have been started.
    let compiler = directory.path().join("compiler");
    let other = elsewhere.path().join("compiler");
    std::fs::rename(compiler, &other).expect("both are ours");
    options.programs.push(("compiler".to_owned(), other));
    let stack = Stack::start(options).await.expect("they start");
    assert!(said(&stack, Role::Compiler, "given ").starts_with("--listen"));
    assert_eq!(stack.stop().await, []);
}

#[tokio::test]
async fn what_was_written_is_there_after_the_end() {
    let directory = programs();
    let options = Options::new(directory.path());
    let stack = Stack::start(options).await.expect("they start");
    stack.end().await.expect("they stop");
    for role in Role::ALL {
        assert!(stack.role(role).ended().is_some(), "{}", role.name());
        assert!(said(&stack, role, "given ").starts_with("--listen"));
    }
}

#[tokio::test]
async fn a_program_that_does_not_start_is_named() {
    let directory = programs();
    let mut options = Options::new(directory.path());
    options.env.push(("FAILS".to_owned(), "kernel".to_owned()));
    let error = Stack::start(options)
        .await
        .expect_err("no kernel")
        .to_string();
    assert!(
        error.starts_with("kernel ended before it was ready (exit status 1)"),
        "{error}"
    );
    assert!(error.contains("the port is in use"), "{error}");

    let mut options = Options::new(directory.path());
    options.port_base = u16::MAX;
    let error = Stack::start(options)
        .await
        .expect_err("no port")
        .to_string();
    assert_eq!(error, "the port base 65535 leaves no room above it");
}
