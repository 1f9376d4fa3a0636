//! The table of plans.

use std::fmt;

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fixed::Money;
use crate::signals::vocabulary::words;

words! {
    /// Which plan it is.
    SubscriptionTier {
        /// Signals from outside alone.
        Free = "FREE",
        /// The classic indicators, and a few pipelines.
        Basic = "BASIC",
        /// Every type of signal, and more pipelines.
        Pro = "PRO",
        /// Custom signals, and pipelines without limit.
        Enterprise = "ENTERPRISE",
    }
}

/// The types of signal that a plan has, by their codes such as GOLDEN_CROSS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sea_orm::FromJsonQueryResult)]
pub struct SignalTypes(pub Vec<String>);

/// A plan, with what it costs and its limits.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plans")]
pub struct Model {
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: SubscriptionTier,
    /// Where it stands among the plans, from 1.
    pub position: i32,
    /// Whether it is the one that is recommended.
    pub is_recommended: bool,
    /// The currency of its prices, ISO 4217.
    pub currency: String,
    /// What a month costs.
    pub monthly_price: Money,
    /// What a year costs, in one payment.
    pub yearly_price: Money,
    /// How many signals a day may come from outside; none where there is no limit.
    pub external_signals_per_day: Option<i32>,
    /// How many pipelines may be active; none where there is no limit.
    pub max_pipelines: Option<i32>,
    /// The types of signal that it has.
    pub signal_types: SignalTypes,
    /// Whether it has custom signals.
    pub custom_signals: bool,
    /// Whether its work is done first.
    pub priority: bool,
    /// When it became known here.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
