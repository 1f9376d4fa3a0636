//! Challenges: an account judged by a tier's rules until it is passed, failed or expired.

mod evidence;
mod list;
mod mutations;
mod queries;
mod room;
mod subscriptions;
mod tiers;
mod types;

pub(crate) use list::Challenges;
pub(crate) use mutations::ChallengeMutation;
pub(crate) use queries::ChallengeQuery;
pub(crate) use subscriptions::ChallengeSubscription;
pub(crate) use tiers::RuleKind;
pub(crate) use types::Challenge;
