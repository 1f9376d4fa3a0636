//! What came of judging many: one that fails is counted and told of, and keeps nobody else from being judged.

use std::fmt::Display;
use std::ops::AddAssign;

use crate::error::{Error, Fault, Result};

/// What a round of judging did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Orders and trades that were moved.
    pub moved: u64,
    /// Accounts and assets that could not be judged. The log says which, and why; the next round tries them again.
    pub failed: u64,
    /// Those that wait for what passes by itself: a price or rate that is too old, or a database that is busy.
    pub waiting: u64,
}

/// Says what is counted here.
pub(crate) fn describe_metrics() {
    let what = "Accounts and assets that pending orders, stops or stop-outs could not be judged of";
    metrics::describe_counter!("bellwether_trading_judge_failures_total", what);
    // There from the start, so that the first failure is seen to come.
    metrics::counter!("bellwether_trading_judge_failures_total").increment(0);
}

impl Judged {
    /// Whether all was judged that there was to judge.
    pub(super) const fn is_whole(&self) -> bool {
        self.failed == 0 && self.waiting == 0
    }

    /// Adds what came of one.
    pub(crate) fn note(&mut self, who: &(dyn Display + Sync), outcome: Result<impl Into<Self>>) {
        match outcome {
            Ok(judged) => *self += judged.into(),
            Err(Error::Fault(error @ Fault::MarketDataUnavailable(_))) => {
                tracing::debug!(%who, %error, "it waits");
                self.waiting += 1;
            }
            Err(Error::Fault(error @ Fault::Unavailable(_))) => {
                tracing::warn!(%who, %error, "not judged just now; the next round tries again");
                self.waiting += 1;
            }
            Err(error) => {
                metrics::counter!("bellwether_trading_judge_failures_total").increment(1);
                tracing::error!(%who, %error, "not judged; the others are, and the next round tries again");
                self.failed += 1;
            }
        }
    }
}

impl From<u64> for Judged {
    fn from(moved: u64) -> Self {
        Self { moved, ..Self::default() }
    }
}

impl AddAssign for Judged {
    fn add_assign(&mut self, other: Self) {
        self.moved += other.moved;
        self.failed += other.failed;
        self.waiting += other.waiting;
    }
}
