//! Granting a challenge, beginning it, and what whoever runs the tenant may do with it.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::challenges::{NewChallenge, Steer};
use bellwether_domain::error::{Error, Problem};
use bellwether_domain::permission::Permission;

use super::types::Challenge;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::node::parse_id;
use crate::problems::UserError;
use crate::scalars::Decimal;
use crate::trading::WRITE;

const MANAGE: Access = Access::Needs(Permission::ChallengesManage);

/// A challenge to be granted.
#[derive(Clone, Debug, InputObject)]
struct GrantChallengeInput {
    /// To whom: a user of your tenant, `usr_…`.
    user_id: ID,
    /// The code of its tier, in any case.
    tier: String,
    /// For what reason, such as the number of a payment; 1 to 300 characters, for its evidence and the audit log.
    reason: String,
}

/// A challenge to be begun.
#[derive(Clone, Debug, InputObject)]
struct StartChallengeInput {
    /// The challenge, `chl_…`.
    challenge_id: ID,
}

/// More days for a challenge.
#[derive(Clone, Debug, InputObject)]
struct ExtendChallengeInput {
    /// The challenge, `chl_…`.
    challenge_id: ID,
    /// How many days later it expires, 1 to 365.
    days: i32,
    /// Why, 1 to 300 characters, for its evidence and the audit log.
    reason: String,
}

/// A correction of a challenge's balance.
#[derive(Clone, Debug, InputObject)]
struct AdjustChallengeBalanceInput {
    /// The challenge, `chl_…`.
    challenge_id: ID,
    /// By how much, in the challenge's currency: below zero to take, never 0.
    amount: Decimal,
    /// Why, 1 to 300 characters, for its ledger, its evidence and the audit log.
    reason: String,
}

macro_rules! steer_inputs {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, InputObject)]
        struct $name {
            /// The challenge, `chl_…`.
            challenge_id: ID,
            /// Why, 1 to 300 characters, for its evidence and the audit log.
            reason: String,
        }
    )*};
}

steer_inputs! {
    /// A challenge to be looked at now.
    EvaluateChallengeInput
    /// A challenge to be passed.
    PassChallengeInput
    /// A challenge to be failed.
    FailChallengeInput
    /// A challenge to be taken back.
    CancelChallengeInput
}

macro_rules! challenge_payloads {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Default, SimpleObject)]
            pub(crate) struct $name {
                /// The challenge as it is now; null when refused.
                challenge: Option<Challenge>,
                /// What to mend; empty when done.
                user_errors: Vec<UserError>,
            }

            impl From<Challenge> for $name {
                fn from(challenge: Challenge) -> Self {
                    Self { challenge: Some(challenge), user_errors: Vec::new() }
                }
            }
        )*
        refused_by_default! { $($name)* }
    };
}

challenge_payloads! {
    /// What granting did.
    GrantChallengePayload
    /// What beginning did.
    StartChallengePayload
    /// What looking at it did.
    EvaluateChallengePayload
    /// What passing it did.
    PassChallengePayload
    /// What failing it did.
    FailChallengePayload
    /// What taking it back did.
    CancelChallengePayload
    /// What extending it did.
    ExtendChallengePayload
    /// What correcting its balance did.
    AdjustChallengeBalancePayload
}

/// Does something with a challenge of the viewer's tenant.
async fn steer<P: Payload + From<Challenge>>(
    ctx: &Context<'_>,
    id: ID,
    reason: String,
    steer: Result<Steer, Error>,
) -> Field<P> {
    mutate(ctx, MANAGE, async move |request: Request| {
        let id = parse_id(&id, &["input", "challengeId"])?;
        let (domain, viewer, client) = (&request.domain, request.viewer(), request.client());
        let steered = domain.steer_challenge(viewer, id, steer?, &reason, client).await?;
        Ok(Challenge::one(steered).into())
    })
    .await
}

/// Grants, begins and steers challenges.
#[derive(Debug, Default)]
pub(crate) struct ChallengeMutation;

#[Object]
impl ChallengeMutation {
    /// Grants a challenge to a user of your tenant, by the rules that its tier has now: it waits until they begin it. A user may have 20 that are not over. Needs CHALLENGES_MANAGE.
    async fn grant_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To whom, which tier, and why.")] input: GrantChallengeInput,
    ) -> Field<GrantChallengePayload> {
        mutate(ctx, MANAGE, async move |request: Request| {
            let user_id = parse_id(&input.user_id, &["input", "userId"])?;
            let new = NewChallenge { user_id, tier: input.tier, reason: input.reason };
            let granted = request.domain.grant_challenge(request.viewer(), new, request.client()).await?;
            Ok(Challenge::one(granted).into())
        })
        .await
    }

    /// Begins a challenge of yours: its account is opened, and its days begin. One that runs is answered as it is. Needs TRADING_WRITE.
    async fn start_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge.")] input: StartChallengeInput,
    ) -> Field<StartChallengePayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let id = parse_id(&input.challenge_id, &["input", "challengeId"])?;
            let started = request.domain.start_challenge(request.viewer(), id, request.client()).await?;
            Ok(Challenge::one(started).into())
        })
        .await
    }

    /// Looks at a running challenge of your tenant now, as every fill, price and midnight does. Needs CHALLENGES_MANAGE.
    async fn evaluate_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, and why.")] input: EvaluateChallengeInput,
    ) -> Field<EvaluateChallengePayload> {
        steer(ctx, input.challenge_id, input.reason, Ok(Steer::Evaluate)).await
    }

    /// Passes a running challenge of your tenant, whatever its target: its account is closed, and its certificate and the next phase appear. Needs CHALLENGES_MANAGE.
    async fn pass_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, and why.")] input: PassChallengeInput,
    ) -> Field<PassChallengePayload> {
        steer(ctx, input.challenge_id, input.reason, Ok(Steer::Pass)).await
    }

    /// Fails a running challenge of your tenant: what is open is closed at the market, and its account with it. Needs CHALLENGES_MANAGE.
    async fn fail_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, and why.")] input: FailChallengeInput,
    ) -> Field<FailChallengePayload> {
        steer(ctx, input.challenge_id, input.reason, Ok(Steer::Fail)).await
    }

    /// Takes a challenge of your tenant back, begun or not. Needs CHALLENGES_MANAGE.
    async fn cancel_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, and why.")] input: CancelChallengeInput,
    ) -> Field<CancelChallengePayload> {
        steer(ctx, input.challenge_id, input.reason, Ok(Steer::Cancel)).await
    }

    /// Gives a running challenge of your tenant more days. Needs CHALLENGES_MANAGE.
    async fn extend_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, how many days, and why.")] input: ExtendChallengeInput,
    ) -> Field<ExtendChallengePayload> {
        steer(ctx, input.challenge_id, input.reason, Ok(Steer::Extend(input.days))).await
    }

    /// Corrects the balance of a running challenge of your tenant. The correction is profit or loss like any other, and is judged at once. Needs CHALLENGES_MANAGE.
    async fn adjust_challenge_balance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which challenge, by how much, and why.")] input: AdjustChallengeBalanceInput,
    ) -> Field<AdjustChallengeBalancePayload> {
        let amount = input.amount.0.parse().map(Steer::Adjust);
        let amount = amount.map_err(|error| Problem::validation(&["input", "amount"], format!("{error}")).into());
        steer(ctx, input.challenge_id, input.reason, amount).await
    }
}
