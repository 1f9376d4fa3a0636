//! What is sold: the subscription plans, with their prices and limits.
//!
//! They are the installation's, from the file that the site's prices are made of. Nobody subscribes to one yet, and no
//! limit of theirs is enforced.

mod plan;
mod plans;
mod put_plans;

pub use plan::{Model as Plan, SignalTypes, SubscriptionTier};
pub use put_plans::NewPlan;
