//! Challenges: an account judged by a tier's rules until it is passed, failed or expired.
//!
//! `evaluate.rs` judges and knows nothing but numbers; `evidence.rs` writes down every look that changed anything, chained
//! by hashes, so that anybody can judge again (`verify.rs`). A running challenge is judged in the booking that changes its
//! account (`trading/referee.rs`), with every batch of quotes and by the clock (`sweep.rs`). `news.rs` tells its trader.

mod advance;
pub(crate) mod challenge;
mod evaluate;
pub(crate) mod evidence;
mod feed;
mod grant;
mod left_open;
mod list;
mod news;
mod past;
mod phases;
mod put_tiers;
mod room;
mod rooms;
mod rules;
mod start;
mod steer;
mod sweep;
mod tier;
mod verify;
mod vocabulary;

pub use challenge::Model as Challenge;
pub use evaluate::{Breach, Floor, Observation, State, Verdict, evaluate};
pub use evidence::{Body, Holding, Measured, Model as EvidenceRow};
pub use grant::NewChallenge;
pub use list::{ChallengeFilter, SeqKey};
pub use news::{Change, News};
pub use past::{PastAct, PastEvent};
pub use phases::Phases;
pub use put_tiers::NewTier;
pub use room::{LimitRoom, PositionRoom, Room};
pub use rules::Rules;
pub use steer::Steer;
pub use sweep::Which;
pub use tier::Model as Tier;
pub use verify::{EvidenceReport, Proof};
pub use vocabulary::{
    Cause, ChallengeStatus, DailyBase, DailyLossBasis, DrawdownAnchor, DrawdownBasis, OnDailyBreach, PhaseKind,
    RiskLevel, RuleKind,
};

/// Says what the metrics of challenges are.
pub(crate) fn describe_metrics() {
    let what = "Challenges by the status that they came to";
    metrics::describe_counter!("bellwether_challenges_total", what);
    let what = "Rows of evidence by why a challenge was looked at";
    metrics::describe_counter!("bellwether_challenge_evidence_total", what);
}

/// Counts what was written.
pub(crate) fn count(evidence: &[EvidenceRow]) {
    for row in evidence {
        metrics::counter!("bellwether_challenge_evidence_total", "cause" => row.cause.as_str()).increment(1);
        if row.status != ChallengeStatus::Active || row.cause == Cause::Started {
            metrics::counter!("bellwether_challenges_total", "status" => row.status.as_str()).increment(1);
        }
    }
}
