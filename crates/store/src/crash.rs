//! Ends the process right after a commit that the crash tests name, before anybody is answered.

use std::sync::atomic::{AtomicU64, Ordering};

static COMMITS: AtomicU64 = AtomicU64::new(0);

/// Counts a commit that wrote something.
pub fn after_commit() {
    let count = COMMITS.fetch_add(1, Ordering::SeqCst) + 1;
    let limit = std::env::var("VEKHA_CRASH_AFTER_COMMITS").ok().and_then(|text| text.parse::<u64>().ok());
    if limit == Some(count) {
        std::process::abort();
    }
}
