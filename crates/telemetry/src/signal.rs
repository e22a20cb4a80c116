//! The signals that ask a process to stop.

/// Completes when the process is asked to stop: by SIGTERM, as an orchestrator does, or by Ctrl-C.
///
/// For `with_graceful_shutdown` of axum and its like. Where signals cannot be received it never
/// completes.
///
/// # Panics
/// Outside of a tokio runtime with its I/O driver enabled.
pub async fn shutdown_signal() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
