//! Reading challenges: page by page, with their evidence, and what follows which.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::challenge::{Column, Entity, Model as Challenge};
use super::evidence::{self, Model as EvidenceRow};
use super::tier::is_code;
use super::vocabulary::ChallengeStatus;
use crate::Domain;
use crate::db::nothing;
use crate::error::{Error, Result};
use crate::ids::{ChallengeId, UserId};
use crate::keyset::newest_first;
use crate::paging::{CursorKey, IdKey, Page, PageArgs};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// Which challenges; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct ChallengeFilter {
    /// Of these statuses.
    pub statuses: Option<Vec<ChallengeStatus>>,
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Of the tier of this code.
    pub tier: Option<String>,
}

impl ChallengeFilter {
    fn of(&self, mut rows: Select<Entity>) -> Select<Entity> {
        if let Some(statuses) = &self.statuses {
            rows = rows.filter(Column::Status.is_in(statuses.iter().copied()));
        }
        if let Some(user) = self.user_id {
            rows = rows.filter(Column::UserId.eq(user));
        }
        if let Some(tier) = &self.tier {
            let code = tier.trim().to_ascii_uppercase();
            // Not every text can be asked for.
            rows =
                rows.filter(if is_code(&code) { Condition::all().add(Column::TierCode.eq(code)) } else { nothing() });
        }
        rows
    }
}

/// A place in a challenge's evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqKey(pub i64);

impl CursorKey for SeqKey {
    fn encode(&self) -> String {
        self.0.to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Challenge {
    /// The text that the cursors of lists of challenges carry.
    pub const ORDER: &str = "challenges";
}

impl EvidenceRow {
    /// The text that the cursors of a challenge's evidence carry.
    pub const ORDER: &str = "evidence";
}

impl Domain {
    /// A page of the challenges that the viewer may read, newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn challenges_page(
        &self,
        viewer: &Viewer,
        filter: &ChallengeFilter,
        args: &PageArgs,
    ) -> Result<Page<Challenge>> {
        viewer.permitted(Permission::TradingRead)?;
        let request = args.parse::<IdKey<ChallengeId>>(Challenge::ORDER).map_err(Error::Problems)?;
        let rows = newest_first(filter.of(Entity::visible_to(viewer)), Column::Id, &request);
        Ok(request.page(rows.all(self.db().reader()).await?))
    }

    /// How many there are.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_challenges(&self, viewer: &Viewer, filter: &ChallengeFilter) -> Result<u64> {
        viewer.permitted(Permission::TradingRead)?;
        Ok(filter.of(Entity::visible_to(viewer)).count(self.db().reader()).await?)
    }

    /// A challenge, if the viewer may read it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn challenge(&self, viewer: &Viewer, id: ChallengeId) -> Result<Option<Challenge>> {
        viewer.permitted(Permission::TradingRead)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// Those of these challenges that the viewer may read, by their ids.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn challenges_by_id(
        &self,
        viewer: &Viewer,
        ids: Vec<ChallengeId>,
    ) -> Result<HashMap<ChallengeId, Challenge>> {
        viewer.permitted(Permission::TradingRead)?;
        let found = Entity::visible_to(viewer).filter(Column::Id.is_in(ids)).all(self.db().reader()).await?;
        Ok(found.into_iter().map(|challenge| (challenge.id, challenge)).collect())
    }

    /// The phase that came up when a challenge was passed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_phase(&self, challenge: &Challenge) -> Result<Option<Challenge>> {
        Ok(self.next_phases(&[challenge.id]).await?.pop())
    }

    /// The phases that came up when these challenges, which were found in a scope, were passed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_phases(&self, of: &[ChallengeId]) -> Result<Vec<Challenge>> {
        let next = Entity::unscoped().filter(Column::PreviousId.is_in(of.iter().copied()));
        Ok(next.all(self.db().reader()).await?)
    }

    /// The steps in which a challenge's status changed, or a limit was broken, the first first: the last 100.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn challenge_history(&self, challenge: &Challenge) -> Result<Vec<EvidenceRow>> {
        use super::vocabulary::Cause;
        let steps = Condition::any()
            .add(evidence::Column::Cause.is_in([Cause::Granted, Cause::Started, Cause::Admin]))
            .add(evidence::Column::Status.ne(ChallengeStatus::Active))
            .add(evidence::Column::Rule.is_not_null());
        let rows = evidence::Entity::of(challenge.id).filter(steps).order_by_desc(evidence::Column::Seq);
        let mut rows = rows.limit(100).all(self.db().reader()).await?;
        rows.reverse();
        Ok(rows)
    }

    /// A page of a challenge's evidence, the first row first.
    ///
    /// # Errors
    /// A problem with the page's arguments.
    pub async fn evidence_page(&self, challenge: &Challenge, args: &PageArgs) -> Result<Page<EvidenceRow>> {
        let request = args.parse::<SeqKey>(EvidenceRow::ORDER).map_err(Error::Problems)?;
        let mut rows = evidence::Entity::of(challenge.id);
        if let Some(SeqKey(after)) = request.after {
            rows = rows.filter(evidence::Column::Seq.gt(after));
        }
        if let Some(SeqKey(before)) = request.before {
            rows = rows.filter(evidence::Column::Seq.lt(before));
        }
        let seq = evidence::Column::Seq;
        let rows = if request.backward { rows.order_by_desc(seq) } else { rows.order_by_asc(seq) };
        Ok(request.page(rows.limit(request.fetch()).all(self.db().reader()).await?))
    }
}
