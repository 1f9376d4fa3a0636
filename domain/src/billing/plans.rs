//! Reading the plans.

use sea_orm::{EntityTrait, QueryOrder};

use super::plan::{Column, Entity, Model};
use crate::Domain;
use crate::error::Result;

impl Domain {
    /// Every plan, in the order in which they are shown.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plans(&self) -> Result<Vec<Model>> {
        #[expect(clippy::disallowed_methods, reason = "plans belong to no tenant: everyone sees them all")]
        let all = Entity::find().order_by_asc(Column::Position);
        Ok(all.all(self.db().reader()).await?)
    }
}
