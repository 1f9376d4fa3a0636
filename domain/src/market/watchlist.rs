//! The tables of watchlists, and who may see which.

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, Select};

use crate::db::nothing;
use crate::ids::{TenantId, UserId, WatchlistId};
use crate::viewer::Viewer;

/// Assets that a user watches.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "watchlists")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WatchlistId,
    /// The tenant of its user.
    pub tenant_id: TenantId,
    /// Whose it is.
    pub user_id: UserId,
    /// Its name, unique among the user's.
    pub name: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
}

/// No relation is walked through the entity.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The viewer's own: nobody sees another's.
    pub(super) fn visible_to(viewer: &Viewer) -> Select<Self> {
        #[expect(clippy::disallowed_methods, reason = "this is the scope")]
        let all = Self::find();
        let own = match viewer {
            Viewer::Anonymous => nothing(),
            Viewer::System => Condition::all(),
            Viewer::User(member) => {
                Condition::all().add(Column::TenantId.eq(member.tenant_id)).add(Column::UserId.eq(member.user_id))
            }
        };
        all.filter(own)
    }
}

pub(super) mod item {
    //! What is on a watchlist.

    use sea_orm::entity::prelude::*;

    use crate::ids::{AssetId, TenantId, WatchlistId};

    /// One asset on one watchlist.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "watchlist_assets")]
    pub struct Model {
        /// The watchlist.
        #[sea_orm(primary_key, auto_increment = false)]
        pub watchlist_id: WatchlistId,
        /// The asset.
        #[sea_orm(primary_key, auto_increment = false)]
        pub asset_id: AssetId,
        /// The tenant of its user.
        pub tenant_id: TenantId,
        /// Its place on the list, from 1; not every number is taken.
        pub place: i32,
    }

    /// No relation is walked through the entity.
    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
