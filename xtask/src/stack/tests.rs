//! The stack against processes that behave and processes that do not.

use std::time::Duration;

use super::*;

fn shell(name: &str, script: &str) -> Service {
    Service::new(name, "/bin/sh").arg("-c").arg(script)
}

/// Whether a process of this id is alive; one that was killed but not yet waited for is not.
fn alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(") ")
            .next()
            .unwrap_or_default()
            .starts_with('Z')
    })
}

/// Yields until the process is gone; the test's own limit is the only clock.
async fn gone(pid: u32) {
    while alive(pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

const READY: &str = r#"echo '{"message":"listening on 127.0.0.1:4242"}';"#;

#[tokio::test]
async fn a_service_is_ready_when_it_says_so_and_stops_cleanly() {
    let mut stack = Stack::new();
    let script = format!(
        "trap 'echo bye; exit 0' TERM; echo '{{\"message\":\"metrics on http://127.0.0.1:99/metrics\"}}'; \
         {READY} echo grr >&2; while :; do sleep 0.01; done"
    );
    let running = stack
        .start(shell("api", &script).with_metrics())
        .await
        .expect("it starts");
    assert_eq!(
        running.address(),
        "127.0.0.1:4242".parse().expect("an address")
    );
    assert_eq!(
        running.metrics_address(),
        Some("127.0.0.1:99".parse().expect("an address"))
    );
    let pid = running.pid();
    let seen = running
        .log()
        .wait_for(Duration::from_secs(30), |lines| {
            lines
                .iter()
                .find(|line| line.stream() == Stream::Stderr)
                .cloned()
        })
        .await;
    assert_eq!(seen.expect("a line of stderr").text(), "grr");
    stack.check().expect("it runs");
    assert_eq!(stack.stop(GRACE).await, []);
    assert!(!alive(pid));
}

#[tokio::test]
async fn an_end_before_ready_is_told_with_status_and_last_lines() {
    let mut stack = Stack::new();
    let service = shell(
        "kernel",
        "echo starting; echo 'address already in use' >&2; exit 3",
    );
    let error = stack.start(service).await.expect_err("it ends").to_string();
    assert!(
        error.starts_with("kernel ended before it was ready (exit status 3)"),
        "{error}"
    );
    assert!(error.contains("| address already in use"), "{error}");
    assert!(error.contains("| starting"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_missing_is_named() {
    let error = Stack::new()
        .start(Service::new("compiler", "/nowhere/compiler"))
        .await
        .expect_err("there is none")
        .to_string();
    assert!(
        error.starts_with("compiler: cannot start /nowhere/compiler: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_silent_program_is_not_ready_and_is_killed() {
    let error = Running::start(shell("mute", "exec sleep 1000"), Duration::from_millis(50))
        .await
        .expect_err("it never says anything")
        .to_string();
    assert!(error.contains("mute was not ready"), "{error}");
    assert!(error.contains("`listening on ADDR`"), "{error}");
}

#[tokio::test]
async fn a_foreign_program_is_ready_when_it_takes_connections() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let quiet = || shell("quiet", "exec sleep 1000").ready_at(address);
    let running = Running::start(quiet(), START_LIMIT).await;
    assert_eq!(running.expect("somebody is there").address(), address);

    drop(listener);
    let error = Running::start(quiet(), Duration::from_millis(50)).await;
    let error = error.expect_err("nobody is there").to_string();
    let expected = format!("nobody takes connections at {address}");
    assert!(error.contains(&expected), "{error}");
}

#[tokio::test]
async fn a_program_that_serves_nobody_is_ready_with_its_metrics() {
    let script = "echo metrics on http://127.0.0.1:99/metrics; exec sleep 1000";
    let service = shell("worker", script).with_metrics_alone();
    let running = Running::start(service, START_LIMIT).await;
    let address = "127.0.0.1:99".parse().expect("an address");
    assert_eq!(running.expect("it starts").metrics_address(), Some(address));
}

#[tokio::test]
async fn an_end_during_the_run_is_told() {
    let mut stack = Stack::new();
    let script = format!("{READY} kill -SEGV $$");
    // The end may come before or after it is seen as ready; both name the service.
    let error = match stack.start(shell("driver", &script)).await {
        Err(error) => error,
        Ok(_) => stack.first_end().await,
    };
    let error = error.to_string();
    assert!(error.starts_with("driver ended"), "{error}");
    assert!(error.contains("signal 11"), "{error}");
}

#[tokio::test]
async fn a_service_that_ignores_the_request_is_killed_and_reported() {
    let mut stack = Stack::new();
    let script = format!("trap '' TERM; {READY} while :; do sleep 0.01; done");
    let pid = stack
        .start(shell("deaf", &script))
        .await
        .expect("it starts")
        .pid();
    let unclean = stack.stop(Duration::from_millis(100)).await;
    assert_eq!(unclean.len(), 1);
    assert!(
        unclean[0]
            .to_string()
            .starts_with("deaf: did not stop within"),
        "{}",
        unclean[0]
    );
    assert!(!alive(pid));
}

#[tokio::test]
async fn an_unclean_exit_is_reported() {
    let mut stack = Stack::new();
    let script = format!("trap 'exit 7' TERM; {READY} while :; do sleep 0.01; done");
    stack.start(shell("sad", &script)).await.expect("it starts");
    let unclean = stack.stop(GRACE).await;
    assert_eq!(
        unclean,
        [Unclean {
            service: "sad".to_owned(),
            how: "exit status 7".to_owned()
        }]
    );
}

#[tokio::test]
async fn a_crash_is_seen() {
    let mut stack = Stack::new();
    stack
        .start(shell("victim", &format!("{READY} exec sleep 1000")))
        .await
        .expect("it starts");
    stack.service("victim").kill();
    stack.service("victim").wait().await;
    let error = stack.check().expect_err("it is gone").to_string();
    assert!(
        error.starts_with("victim ended while it was needed (signal 9)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_dropped_stack_leaves_no_process_nor_its_children() {
    let mut stack = Stack::new();
    // The shell starts a child of its own and tells its id.
    let script = format!("sleep 1000 & echo child $!; {READY} wait");
    let running = stack
        .start(shell("parent", &script))
        .await
        .expect("it starts");
    let parent = running.pid();
    let child = running
        .log()
        .lines()
        .iter()
        .find_map(|line| line.text().strip_prefix("child ")?.parse::<u32>().ok())
        .expect("the shell told its child's id");
    assert!(alive(parent) && alive(child));
    drop(stack);
    gone(parent).await;
    gone(child).await;
}

#[test]
fn a_panic_leaves_no_process() {
    let pid = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let told = std::sync::Arc::clone(&pid);
    let result = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut stack = Stack::new();
            let script = format!("{READY} exec sleep 1000");
            let running = stack
                .start(shell("left", &script))
                .await
                .expect("it starts");
            told.store(running.pid(), std::sync::atomic::Ordering::SeqCst);
            std::panic::resume_unwind(Box::new("as a failing assertion would"));
        })
    })
    .join();
    assert!(result.is_err());
    let pid = pid.load(std::sync::atomic::Ordering::SeqCst);
    assert!(pid != 0);
    // The signal has been sent; the kernel may take a moment.
    while alive(pid) {
        std::thread::yield_now();
    }
}
