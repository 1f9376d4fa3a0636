//! Times at which jobs are due by themselves.

use std::time::Duration;

use bellwether_domain::clock::{Clock, SystemClock};
use chrono::Timelike;

/// Daily times, in UTC, of jobs whose runs are counted: the backup, and the verification of audit logs.
const DAILY: [(u32, u32); 2] = [(1, 30), (3, 15)];

/// Waits for the next hour, or the next of those times, where it is near: no run of what is due then is to fall into a test
/// that counts runs.
pub async fn far_from_the_hour() {
    let is_near = || {
        let now = SystemClock.now();
        let minute = now.hour() * 60 + now.minute();
        let mut due = DAILY.iter().map(|(hour, minute)| hour * 60 + minute).chain([(now.hour() + 1) * 60]);
        due.any(|due| (minute + 1..=minute + 2).contains(&due))
    };
    while is_near() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
