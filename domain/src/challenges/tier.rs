//! The table of tiers: what challenges are offered.

use sea_orm::Select;
use sea_orm::entity::prelude::*;

use super::phases::Phases;
use crate::fixed::Money;

/// A tier: what a challenge costs, and by which rules it is judged.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge_tiers")]
pub struct Model {
    /// What it is known by, such as STARTER.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Its place among the others, from 1.
    pub place: i32,
    /// Whether it is the one to recommend.
    pub is_recommended: bool,
    /// Whether new challenges of it are granted.
    pub is_offered: bool,
    /// What it costs; none where it is not sold.
    pub price: Option<Money>,
    /// In which currency, ISO 4217.
    pub price_currency: Option<String>,
    /// Whether the price is given back with a pass.
    pub is_refundable: bool,
    /// The rules of each phase.
    pub phases: Phases,
    /// When it was first put in.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// Every tier: they are for everybody to see.
    pub(crate) fn all_of_them() -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        Self::find()
    }
}

/// Whether a text may be the code of a tier: 1 to 20 capital letters, digits and underscores.
pub(super) fn is_code(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    (1..=20).contains(&text.len()) && text.chars().all(is_letter)
}
