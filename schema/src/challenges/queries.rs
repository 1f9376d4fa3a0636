//! Reading tiers and challenges.

use async_graphql::{Context, ID, InputObject, Object};
use bellwether_domain::Problem;
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};
use bellwether_domain::{Error, challenges};

use super::evidence::EvidenceProof;
use super::tiers::ChallengeTier;
use super::types::{Challenge, ChallengeStatus};
use crate::context::Request;
use crate::field::{Access, Field, field};
use crate::node::parse_id;
use crate::paging::Connection;
use crate::trading::READ;

/// Which challenges. Every part that is given must hold.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct ChallengeFilter {
    /// With one of these statuses.
    statuses: Option<Vec<ChallengeStatus>>,
    /// Of this user, `usr_…`; others than yourself have no challenges for who lacks TRADING_READ_ALL.
    user_id: Option<ID>,
    /// Of the tier of this code, in any case.
    tier: Option<String>,
}

impl ChallengeFilter {
    fn into_domain(self) -> Result<challenges::ChallengeFilter, Error> {
        Ok(challenges::ChallengeFilter {
            statuses: self.statuses.map(|statuses| statuses.into_iter().map(Into::into).collect()),
            user_id: self.user_id.map(|id| parse_id(&id, &["filter", "userId"])).transpose()?,
            tier: self.tier,
        })
    }
}

/// The challenge of an argument, if the viewer may read it.
async fn readable(request: &Request, id: &ID, name: &str) -> Result<Option<challenges::Challenge>, Error> {
    request.domain.challenge(request.viewer(), parse_id(id, &[name])?).await
}

/// Reads tiers and challenges.
#[derive(Debug, Default)]
pub(crate) struct ChallengeQuery;

#[Object]
impl ChallengeQuery {
    /// The challenges that are offered, in their order. For everybody.
    async fn challenge_tiers(&self, ctx: &Context<'_>) -> Field<Vec<ChallengeTier>> {
        field(ctx, Access::Open, async move |request: Request| {
            Ok(request.domain.challenge_tiers().await?.into_iter().map(ChallengeTier::from).collect())
        })
        .await
    }

    /// Your challenges, the newest first; with TRADING_READ_ALL those of all your tenant. Needs TRADING_READ.
    async fn challenges(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenges; null for all.")] filter: Option<ChallengeFilter>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<Challenge>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let filter = filter.unwrap_or_default().into_domain()?;
            let page = domain.challenges_page(viewer, &filter, &PageArgs { first, after, last, before }).await?;
            let total = if with_total { Some(domain.count_challenges(viewer, &filter).await?) } else { None };
            let page = page.try_map(async |rows| Ok::<_, Error>(Challenge::many(rows))).await?;
            let cursor =
                |challenge: &Challenge| encode_cursor(challenges::Challenge::ORDER, &IdKey(challenge.row().id));
            Ok(Connection::of(page, total, cursor))
        })
        .await
    }

    /// The challenge of this id; null where there is none that you may read. Needs TRADING_READ.
    async fn challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id, `chl_…`.")] id: ID,
    ) -> Field<Option<Challenge>> {
        field(ctx, READ, async move |request: Request| Ok(readable(&request, &id, "id").await?.map(Challenge::one)))
            .await
    }

    /// Judges a challenge again, from its first row of evidence to its last; null where there is none that you may read. Needs TRADING_READ.
    async fn verify_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge, `chl_…`.")] challenge_id: ID,
    ) -> Field<Option<EvidenceProof>> {
        field(ctx, READ, async move |request: Request| {
            let Some(challenge) = readable(&request, &challenge_id, "challengeId").await? else { return Ok(None) };
            Ok(Some(request.domain.prove_evidence(&challenge).await?.into()))
        })
        .await
    }

    /// The evidence of a challenge as JSON Lines: first the frozen rules of all phases with their hash, then a line for each row with its body and hashes, as many as make about 8 MB; ask for the rest with `afterSequence`. Null where there is no such challenge that you may read. Needs TRADING_READ.
    async fn export_evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge, `chl_…`.")] challenge_id: ID,
        #[graphql(desc = "Only rows after the one of this sequence; all where nothing is given.")]
        after_sequence: Option<String>,
    ) -> Field<Option<String>> {
        field(ctx, READ, async move |request: Request| {
            let Some(challenge) = readable(&request, &challenge_id, "challengeId").await? else { return Ok(None) };
            let after = after_sequence.map(|text| {
                let read = text.trim().parse::<i64>().ok().filter(|sequence| *sequence >= 0);
                read.ok_or_else(|| Problem::validation(&["afterSequence"], "expected a sequence, such as \"40\""))
            });
            request.domain.export_evidence(&challenge, after.transpose()?.unwrap_or(0)).await.map(Some)
        })
        .await
    }
}
