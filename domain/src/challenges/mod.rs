//! Challenges: an account judged by a tier's rules until it is passed, failed or expired.
//!
//! `evaluate.rs` judges and knows nothing but numbers; `evidence.rs` writes down every look that changed anything, chained
//! by hashes, so that anybody can judge again. A running challenge is judged in the booking that changes its account
//! (`trading/referee.rs`), with every batch of quotes and by the clock (`sweep.rs`).

mod evaluate;
mod room;
mod rules;
mod vocabulary;

pub use evaluate::{Breach, Floor, Observation, State, Verdict, evaluate};
pub use room::{LimitRoom, Room};
pub use rules::Rules;
pub use vocabulary::{
    Cause, ChallengeStatus, DailyBase, DailyLossBasis, DrawdownAnchor, DrawdownBasis, OnDailyBreach, PhaseKind,
    RiskLevel, RuleKind,
};
