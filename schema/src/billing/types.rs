//! The subscription plans.

use async_graphql::{Enum, Object};
use bellwether_domain::billing;

use crate::scalars::Decimal;

/// A subscription plan. None is sold yet: nobody needs one, and its limits only tell what they will be.
#[derive(Clone, Debug)]
pub(crate) struct Plan(pub(crate) billing::Plan);

/// A subscription plan. None is sold yet: nobody needs one, and its limits only tell what they will be.
#[Object]
impl Plan {
    /// Which it is.
    async fn code(&self) -> SubscriptionTier {
        self.0.code.into()
    }

    /// Whether it is the one that is recommended; one is.
    async fn is_recommended(&self) -> bool {
        self.0.is_recommended
    }

    /// The currency of its prices, ISO 4217.
    async fn currency(&self) -> &str {
        &self.0.currency
    }

    /// What a month costs, paid by the month; 0 for what is free.
    async fn monthly_price(&self) -> Decimal {
        self.0.monthly_price.into()
    }

    /// What a year costs in one payment, less than twelve months; 0 for what is free.
    async fn yearly_price(&self) -> Decimal {
        self.0.yearly_price.into()
    }

    /// How many signals a day may come from outside, by webhook, API or file; null for no limit. Not enforced yet.
    async fn external_signals_per_day(&self) -> Option<i32> {
        self.0.external_signals_per_day
    }

    /// How many pipelines may be active at once, 0 for none; null for no limit. There are no pipelines yet.
    async fn max_pipelines(&self) -> Option<i32> {
        self.0.max_pipelines
    }

    /// The types of signal that it has beside those from outside, by their codes such as GOLDEN_CROSS; empty where it has none. Not enforced yet.
    async fn signal_types(&self) -> &[String] {
        &self.0.signal_types.0
    }

    /// Whether it has custom signals. There are none yet.
    async fn custom_signals(&self) -> bool {
        self.0.custom_signals
    }

    /// Whether its work is done before that of other plans. There is no such order yet.
    async fn priority(&self) -> bool {
        self.0.priority
    }
}

/// The code of a subscription plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "billing::SubscriptionTier")]
pub(crate) enum SubscriptionTier {
    /// Free: signals from outside alone.
    Free,
    /// Basic: also the classic indicators, and a few pipelines.
    Basic,
    /// Pro: every type of signal, and more pipelines.
    Pro,
    /// Enterprise: also custom signals, and pipelines without limit.
    Enterprise,
}
