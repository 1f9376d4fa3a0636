//! What is sold: the subscription plans.

mod queries;
mod types;

pub(crate) use queries::BillingQuery;
