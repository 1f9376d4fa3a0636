//! Reading what is sold.

use async_graphql::{Context, Object};

use super::types::Plan;
use crate::context::Request;
use crate::field::{Access, Field, field};

/// Reads what is sold.
#[derive(Debug, Default)]
pub(crate) struct BillingQuery;

#[Object]
impl BillingQuery {
    /// The subscription plans with their prices and limits, in the order in which the site shows them. No subscription is sold yet, and no limit of a plan is enforced. For everybody.
    async fn plans(&self, ctx: &Context<'_>) -> Field<Vec<Plan>> {
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.plans().await?.into_iter().map(Plan).collect())
        })
        .await
    }
}
