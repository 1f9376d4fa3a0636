//! A challenge.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use bellwether_domain::challenges::{self, EvidenceRow, SeqKey};
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::{Error, Fault};
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::evidence::{ChallengeStep, Evidence};
use super::list::List;
use super::room::ChallengeRoom;
use super::tiers::ChallengeRules;
use crate::context::Request;
use crate::errors::field_error;
use crate::field::{Field, field};
use crate::paging::{Connection, Item};
use crate::scalars::Decimal;
use crate::trading::{Account, AccountMetrics, READ};

/// One phase of a challenge.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    row: Arc<challenges::Challenge>,
    list: Arc<List>,
    steps: Arc<OnceCell<Vec<ChallengeStep>>>,
}

impl Challenge {
    /// A challenge by itself.
    pub(crate) fn one(row: challenges::Challenge) -> Self {
        let row = Arc::new(row);
        Self { list: Arc::new(List::of(vec![Arc::clone(&row)])), row, steps: Arc::default() }
    }

    /// Challenges of a list.
    pub(super) fn many(rows: Vec<challenges::Challenge>) -> Vec<Self> {
        let rows: Vec<_> = rows.into_iter().map(Arc::new).collect();
        let list = Arc::new(List::of(rows.clone()));
        rows.into_iter().map(|row| Self { row, list: Arc::clone(&list), steps: Arc::default() }).collect()
    }

    pub(super) fn row(&self) -> &challenges::Challenge {
        &self.row
    }

    /// Its steps, read once.
    async fn steps(&self, ctx: &Context<'_>) -> async_graphql::Result<&[ChallengeStep]> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        let read = async || {
            let rows = request.domain.challenge_history(&self.row).await?;
            Ok::<_, Error>(rows.iter().map(ChallengeStep::of).collect())
        };
        self.steps.get_or_try_init(read).await.map(Vec::as_slice).map_err(|error| field_error(&error))
    }

    async fn account_of(&self, request: &Request) -> Result<Option<Account>, Error> {
        match self.row.account_id {
            Some(id) => self.list.account(request, id).await,
            None => Ok(None),
        }
    }
}

impl Item for Challenge {
    const NAME: &str = "Challenge";
}

/// One phase of a challenge: an account that is judged by the rules of a tier, as these were when it was granted. Amounts are in its currency.
#[Object]
impl Challenge {
    /// The id, `chl_…`.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// The code of its tier.
    async fn tier_code(&self) -> &str {
        &self.row.tier_code
    }

    /// What the tier was called when it was granted.
    async fn tier_name(&self) -> &str {
        &self.row.tier_name
    }

    /// The id of whose it is, `usr_…`.
    async fn owner_id(&self) -> ID {
        self.row.user_id.to_string().into()
    }

    /// How far it has come.
    async fn status(&self) -> ChallengeStatus {
        self.row.status.into()
    }

    /// Which phase this is, from 1.
    async fn phase(&self) -> i32 {
        self.row.phase
    }

    /// How many phases there are.
    async fn phases(&self) -> usize {
        self.row.phases.rules().len()
    }

    /// The rules that it is judged by: frozen when it was granted.
    async fn rules(&self) -> async_graphql::Result<ChallengeRules> {
        self.row.rules().map(ChallengeRules::from).map_err(|error| field_error(&error))
    }

    /// The SHA-256 of the rules of all phases as they were frozen, in hexadecimal digits: each row of evidence names it.
    async fn rules_hash(&self) -> String {
        hex::encode(&self.row.rules_hash)
    }

    /// The account that is judged; null before it is begun.
    async fn account(&self, ctx: &Context<'_>) -> Field<Option<Account>> {
        field(ctx, READ, async move |request: Request| self.account_of(&request).await).await
    }

    /// When it was begun; null before.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.row.started_at
    }

    /// When it expires; null before it is begun, and where it never does.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.row.expires_at
    }

    /// When it was over; null before.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }

    /// When it was granted, or its phase came up.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// The days that are left until it expires, one that has begun among them; null unless it is ACTIVE and expires.
    async fn days_remaining(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i64>> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        Ok(self.row.days_remaining(request.domain.now()))
    }

    /// How much room it leaves, at the prices of now; of one that is over, when it was judged last. Null before it is begun, and where what its account holds has no price.
    async fn room(&self, ctx: &Context<'_>) -> Field<Option<ChallengeRoom>> {
        field(ctx, READ, async move |request: Request| {
            let room = self.list.room(&request, self.row.id).await?;
            Ok(room.map(|room| ChallengeRoom::new(&room, request.domain.now())))
        })
        .await
    }

    /// The limits that were broken, the first first: the one that failed it, and those that locked a day. Of its last 100 steps.
    async fn violations(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ChallengeStep>> {
        let steps = self.steps(ctx).await?;
        Ok(steps.iter().filter(|step| step.is_violation()).cloned().collect())
    }

    /// The steps in which its status changed, somebody decided or a limit was broken, the first first: the last 100.
    async fn history(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ChallengeStep>> {
        self.steps(ctx).await.map(<[ChallengeStep]>::to_vec)
    }

    /// The certificate; null unless it is PASSED.
    async fn certificate(&self) -> async_graphql::Result<Option<ChallengeCertificate>> {
        ChallengeCertificate::of(&self.row).map_err(|error| field_error(&error))
    }

    /// The phase before; null for the first.
    async fn previous_phase(&self, ctx: &Context<'_>) -> Field<Option<Challenge>> {
        field(ctx, READ, async move |request: Request| match self.row.previous_id {
            Some(id) => self.list.before(&request, id).await,
            None => Ok(None),
        })
        .await
    }

    /// The phase that came up when this one was passed; null before, and for the last.
    async fn next_phase(&self, ctx: &Context<'_>) -> Field<Option<Challenge>> {
        field(ctx, READ, async move |request: Request| self.list.after(&request, self.row.id).await).await
    }

    /// The evidence of how it was judged, the first row first.
    async fn evidence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, at most 100; 20 where neither first nor last is given.")]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Field<Connection<Evidence>> {
        field(ctx, READ, async move |request: Request| {
            let page = request.domain.evidence_page(&self.row, &PageArgs { first, after, last, before }).await?;
            // They are numbered without gaps.
            let total = u64::try_from(self.row.seq).ok();
            let cursor = |evidence: &Evidence| encode_cursor(EvidenceRow::ORDER, &SeqKey(evidence.row().seq));
            Ok(Connection::of(page.map(Evidence::new), total, cursor))
        })
        .await
    }

    /// The figures of its account; null before it is begun.
    async fn metrics(&self, ctx: &Context<'_>) -> Field<Option<AccountMetrics>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = self.account_of(&request).await? else { return Ok(None) };
            Ok(Some(request.domain.account_metrics(account.row()).await?.into()))
        })
        .await
    }
}

/// What a passed challenge is shown by.
#[derive(SimpleObject)]
pub(crate) struct ChallengeCertificate {
    /// Its number, to be read to somebody: `CH-` and ten letters and digits.
    number: String,
    /// When it was issued.
    issued_at: DateTime<Utc>,
    /// What the tier was called when the challenge was granted.
    tier_name: String,
    /// Which phase was passed, from 1.
    phase: i32,
    /// The realized profit, in percent of the initial balance.
    profit_percent: Decimal,
    /// The hash of the last row of evidence, in hexadecimal digits: of the whole chain.
    evidence_hash: String,
}

impl ChallengeCertificate {
    fn of(challenge: &challenges::Challenge) -> Result<Option<Self>, Error> {
        let Some(number) = challenge.certificate.clone() else { return Ok(None) };
        let missing = |what| Error::from(Fault::Bug(format!("{} is passed without {what}", challenge.id)));
        Ok(Some(Self {
            number,
            issued_at: challenge.ended_at.ok_or_else(|| missing("an end"))?,
            tier_name: challenge.tier_name.clone(),
            phase: challenge.phase,
            profit_percent: challenge.profit_percent()?.ok_or_else(|| missing("a profit"))?.into(),
            evidence_hash: hex::encode(&challenge.evidence_hash),
        }))
    }
}

/// How far a challenge has come. PENDING leads to ACTIVE or CANCELLED, ACTIVE to any of the others, and those to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "challenges::ChallengeStatus")]
pub(crate) enum ChallengeStatus {
    /// It was granted, and waits for its trader to begin.
    Pending,
    /// It is traded and judged.
    Active,
    /// Its target was reached under its rules, or somebody who runs the tenant passed it.
    Passed,
    /// One of its limits was broken, or somebody who runs the tenant failed it.
    Failed,
    /// Its days were over first.
    Expired,
    /// It was taken back by whoever runs the tenant.
    Cancelled,
}
