//! Granting a challenge to a user: its rules are frozen, and it waits to be begun.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;

use super::challenge::{self, Model as Challenge};
use super::evidence;
use super::tier::Model as Tier;
use super::vocabulary::ChallengeStatus;
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::error::{Error, Limit, Problem, ProblemCode, Result};
use crate::ids::{TenantId, UserId};
use crate::permission::Permission;
use crate::text;
use crate::viewer::{ClientInfo, Viewer};

/// Challenges that one user may have that are not over.
const MOST_CHALLENGES: u64 = 20;

/// A challenge to be granted.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// To whom: a user of the viewer's tenant.
    pub user_id: UserId,
    /// The code of its tier.
    pub tier: String,
    /// For what reason, such as the number of a payment; 1 to 300 characters.
    pub reason: String,
}

impl Domain {
    /// Grants a challenge of a tier to a user of the viewer's tenant. It waits until they begin it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND for a user or tier that is not there, LIMIT_EXCEEDED.
    pub async fn grant_challenge(&self, viewer: &Viewer, new: NewChallenge, client: &ClientInfo) -> Result<Challenge> {
        let member = viewer.permitted(Permission::ChallengesManage)?;
        let reason = text::line(&new.reason, 300, &["input", "reason"])?;
        let user = self.user(viewer, new.user_id).await?;
        let no_user = || Problem::new(ProblemCode::NotFound, &["input", "userId"], "there is no such user");
        let user = user.ok_or_else(no_user)?;
        let tier = self.tier_to_grant(&new.tier).await?;
        let actor = (user.tenant_id == member.tenant_id).then_some(member.user_id);
        // Who stands above the tenants is nobody of them.
        let ruling = (actor, reason);
        let blank = self.challenge_of((user.tenant_id, user.id), tier, self.now())?;
        let challenge = self.grant_of(blank, ruling, actor, client, true).await?;
        self.outbox().wake();
        Ok(challenge)
    }

    async fn tier_to_grant(&self, code: &str) -> Result<Tier> {
        let offered = self.challenge_tiers().await?;
        let known: Vec<String> = offered.iter().map(|tier| tier.code.clone()).collect();
        let tier = offered.into_iter().find(|tier| tier.code.eq_ignore_ascii_case(code.trim()));
        let message = || match known.is_empty() {
            true => "no tier is offered".to_owned(),
            false => format!("expected one of {}", known.join(", ")),
        };
        Ok(tier.ok_or_else(|| Problem::new(ProblemCode::NotFound, &["input", "tier"], message()))?)
    }

    /// The first phase of a tier for a user, before anything was written of it.
    fn challenge_of(&self, owner: (TenantId, UserId), tier: Tier, at: DateTime<Utc>) -> Result<Challenge> {
        Challenge::blank(self.new_uuid(), owner, (tier.code, tier.name), tier.phases, (1, None), at)
    }

    async fn grant_of(
        &self,
        blank: Challenge,
        ruling: (Option<UserId>, String),
        actor_id: Option<UserId>,
        client: &ClientInfo,
        writes_letter: bool,
    ) -> Result<Challenge> {
        let reason = ruling.1.clone();
        let (challenge, row) = Challenge::granted(blank, (ruling.0, Some(ruling.1)))?;
        let entry = NewEntry {
            tenant_id: challenge.tenant_id,
            actor_id,
            action: Action::ChallengeGranted,
            subject: Some(challenge.id.to_string()),
            details: json!({"tier": challenge.tier_code, "user": challenge.user_id.to_string(), "reason": reason}),
            client: client.clone(),
        };
        let work = std::sync::Arc::new((challenge.clone(), row, entry));
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, work) = (self.clone(), work.clone());
                Box::pin(async move {
                    let (challenge, row, entry) = (work.0.clone(), work.1.clone(), work.2.clone());
                    let running = [ChallengeStatus::Pending, ChallengeStatus::Active];
                    let open = challenge::Entity::unscoped()
                        .filter(challenge::Column::UserId.eq(challenge.user_id))
                        .filter(challenge::Column::Status.is_in(running))
                        .count(tx)
                        .await?;
                    if open >= MOST_CHALLENGES {
                        return Err(too_many(open));
                    }
                    let active = challenge::ActiveModel::from(challenge).reset_all();
                    challenge::Entity::insert(active).exec_without_returning(tx).await?;
                    let active = evidence::ActiveModel::from(row).reset_all();
                    evidence::Entity::insert(active).exec_without_returning(tx).await?;
                    if writes_letter {
                        domain.write_to_trader(tx, &work.0, std::slice::from_ref(&work.1)).await?;
                    }
                    domain.audit(tx, entry).await
                })
            })
            .await?;
        super::count(std::slice::from_ref(&work.1));
        Ok(challenge)
    }

    /// Grants a challenge of this tier by the installation itself, as at a moment, for demo data, and writes to nobody
    /// about it.
    pub(super) async fn grant_demo_challenge(
        &self,
        owner: (TenantId, UserId),
        tier: &str,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Result<Challenge> {
        let tier = self.tier_to_grant(tier).await?;
        let blank = self.challenge_of(owner, tier, at)?;
        self.grant_of(blank, (None, reason.to_owned()), None, &ClientInfo::default(), false).await
    }
}

fn too_many(open: u64) -> Error {
    let saturate = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let limit = Limit { key: "challenges".to_owned(), used: saturate(open), allowed: saturate(MOST_CHALLENGES) };
    let message = format!("the user has {MOST_CHALLENGES} challenges that are not over: cancel one first");
    let problem = Problem::new(ProblemCode::LimitExceeded, &["input", "userId"], message);
    Problem { limit: Some(limit), ..problem }.into()
}
