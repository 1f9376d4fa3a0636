//! What came of judging many: one that fails is counted and told of, and keeps nobody else from being judged.

use std::fmt::Display;
use std::ops::AddAssign;

use crate::error::Result;

/// What a round of judging did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Orders and trades that were moved.
    pub moved: u64,
    /// Accounts and assets that could not be judged. The log says which, and why; the next round tries them again.
    pub failed: u64,
}

/// Says what is counted here.
pub(crate) fn describe_metrics() {
    let what = "Accounts and assets that pending orders, stops or stop-outs could not be judged of";
    metrics::describe_counter!("bellwether_trading_judge_failures_total", what);
}

impl Judged {
    /// Adds what came of one.
    pub(super) fn note(&mut self, who: &(dyn Display + Sync), outcome: Result<impl Into<Self>>) {
        match outcome {
            Ok(judged) => *self += judged.into(),
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
        Self { moved, failed: 0 }
    }
}

impl AddAssign for Judged {
    fn add_assign(&mut self, other: Self) {
        self.moved += other.moved;
        self.failed += other.failed;
    }
}
