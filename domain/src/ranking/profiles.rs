//! Reading what a trader has done, and choosing the name that others see.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::profile::Model as Row;
use super::record::{DAY_RUN, WIN_RUN, badges, points};
use super::refresh::insert_profile;
use super::result::{self, Model as TraderResult};
use super::vocabulary::{AchievementKind, Badge, Level};
use super::{achievement, profile};
use crate::Domain;
use crate::error::Result;
use crate::fixed::{Money, Percent};
use crate::ids::{TenantId, UserId};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How far a trader has come with something that can be achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AchievementProgress {
    /// What.
    pub kind: AchievementKind,
    /// When it was achieved; none while it is not.
    pub unlocked_at: Option<DateTime<Utc>>,
    /// How much there is, at most the goal.
    pub progress: Money,
    /// How much there must be: trades, days, challenges, places, or US dollars.
    pub goal: Money,
}

/// What a trader has done, as they see it themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The figures.
    pub row: Row,
    /// The name that others see.
    pub display_name: String,
    /// What closed trades came to, by the currency of the accounts.
    pub results: Vec<TraderResult>,
    /// Everything that can be achieved.
    pub achievements: Vec<AchievementProgress>,
}

impl Profile {
    /// Whether they were once among the ten best of all time.
    fn is_top_ten(&self) -> bool {
        self.achievements.iter().any(|known| known.kind == AchievementKind::TopTen && known.unlocked_at.is_some())
    }

    /// The points.
    pub fn points(&self) -> i64 {
        points(&self.row, self.is_top_ten())
    }

    /// The level of the points.
    pub fn level(&self) -> Level {
        Level::of(self.points())
    }

    /// The badges.
    pub fn badges(&self) -> Vec<Badge> {
        badges(&self.row, self.is_top_ten())
    }

    /// How many of a hundred closed trades gained; none before the first.
    pub fn win_rate(&self) -> Option<Percent> {
        (self.row.closed > 0).then(|| super::figures::rate(self.row.won, self.row.closed))
    }
}

impl Domain {
    /// What the viewer has done as a trader.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn trader_profile(&self, viewer: &Viewer) -> Result<Profile> {
        let member = viewer.permitted(Permission::TradingRead)?;
        self.profile_of((member.tenant_id, member.user_id)).await
    }

    /// Chooses whether others see the viewer's name on leaderboards, or a pseudonym: a new one where they saw the name.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn show_name_on_leaderboards(&self, viewer: &Viewer, shows_name: bool) -> Result<Profile> {
        use profile::Column as C;
        let member = viewer.permitted(Permission::AccountManage)?;
        let owner = (member.tenant_id, member.user_id);
        let blank = Row { shows_name, ..Row::blank(owner, self.readable_number(Row::HANDLE), self.now()) };
        let chosen = self.db().write(|tx| {
            let blank = blank.clone();
            Box::pin(async move {
                if insert_profile(tx, blank.clone()).await? {
                    return Ok(());
                }
                let hidden = profile::Entity::update_many()
                    .col_expr(C::Handle, Expr::value(blank.handle))
                    .filter(C::UserId.eq(owner.1))
                    .filter(C::ShowsName.eq(true));
                if !shows_name {
                    hidden.exec(tx).await?;
                }
                let chosen = profile::Entity::update_many()
                    .col_expr(C::ShowsName, Expr::value(shows_name))
                    .col_expr(C::UpdatedAt, Expr::value(blank.updated_at))
                    .filter(C::UserId.eq(owner.1));
                chosen.exec(tx).await?;
                Ok(())
            })
        });
        chosen.await?;
        self.profile_of(owner).await
    }

    async fn name_of(&self, user: UserId) -> Result<String> {
        use crate::identity::user;
        let named = user::Entity::unscoped().filter(user::Column::Id.eq(user)).one(self.db().reader()).await?;
        Ok(named.map(|user| format!("{} {}", user.first_name, user.last_name)).unwrap_or_default())
    }

    async fn profile_of(&self, owner: (TenantId, UserId)) -> Result<Profile> {
        use achievement::Column as A;
        let reader = self.db().reader();
        let row = profile::Entity::unscoped().filter(profile::Column::UserId.eq(owner.1)).one(reader).await?;
        let results = result::Entity::unscoped().filter(result::Column::UserId.eq(owner.1));
        let results = results.order_by_asc(result::Column::Currency).all(reader).await?;
        let unlocked = achievement::Entity::unscoped().filter(A::UserId.eq(owner.1)).all(reader).await?;
        // Whoever has never traded has a pseudonym once they have.
        let row = row.unwrap_or_else(|| Row::blank(owner, String::new(), self.now()));
        let dollars = self.in_dollars(&results).await?;
        let achievements = AchievementKind::ALL.iter().map(|kind| {
            let unlocked_at = unlocked.iter().find(|known| known.kind == *kind).map(|known| known.unlocked_at);
            let (reached, goal) = reached(*kind, &row, dollars);
            let goal = Money::from_int(goal).unwrap_or(Money::MAX);
            let progress = if unlocked_at.is_some() { goal } else { reached.clamp(Money::ZERO, goal) };
            AchievementProgress { kind: *kind, unlocked_at, progress, goal }
        });
        let achievements = achievements.collect();
        let display_name = if row.shows_name { self.name_of(owner.1).await? } else { row.handle.clone() };
        Ok(Profile { display_name, results, achievements, row })
    }
}

/// How much a trader has of something, and how much there must be.
fn reached(kind: AchievementKind, row: &Row, dollars: Money) -> (Money, i64) {
    let whole = |number: i64| Money::from_int(number).unwrap_or(Money::MAX);
    match kind {
        AchievementKind::FirstTrade => (whole(row.opened), 1),
        AchievementKind::FirstProfitableTrade => (whole(row.won), 1),
        AchievementKind::TenWinsInARow => (whole(row.longest_win_run), WIN_RUN),
        AchievementKind::Profit1000 => (dollars, 1_000),
        AchievementKind::Profit10000 => (dollars, 10_000),
        AchievementKind::ChallengePassed => (whole(row.challenges_passed), 1),
        AchievementKind::TopTen => (Money::ZERO, 1),
        AchievementKind::Streak30Days => (whole(row.longest_day_run), DAY_RUN),
    }
}
