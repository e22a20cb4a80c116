//! What changes while nothing happens has to be looked at again and again.

use std::time::Duration;

/// Looks for ever, first at once.
pub(crate) async fn for_ever(every: Duration, look: impl Fn()) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        look();
    }
}
