//! Choosing the name that others see.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::profile::TraderProfile;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::problems::UserError;

/// Under what name others see you.
#[derive(Clone, Debug, InputObject)]
struct SetLeaderboardNameInput {
    /// Whether they see your first and last name; else they see a pseudonym.
    shows_name: bool,
}

/// What choosing did.
#[derive(Default, SimpleObject)]
pub(crate) struct SetLeaderboardNamePayload {
    /// What you have done as a trader, with the name that others see now; null when refused.
    profile: Option<TraderProfile>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default! { SetLeaderboardNamePayload }

/// Chooses the name that others see.
#[derive(Debug, Default)]
pub(crate) struct RankingMutation;

#[Object]
impl RankingMutation {
    /// Chooses whether other members of your tenant see your name on leaderboards, or a pseudonym, as they do until you choose; whoever hides the name again has a new pseudonym. For whoever is signed in, with no API key.
    async fn set_leaderboard_name(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of the two.")] input: SetLeaderboardNameInput,
    ) -> Field<SetLeaderboardNamePayload> {
        mutate(ctx, Access::SignedIn, async move |request: Request| {
            let profile = request.domain.show_name_on_leaderboards(request.viewer(), input.shows_name).await?;
            Ok(SetLeaderboardNamePayload { profile: Some(TraderProfile(profile)), user_errors: Vec::new() })
        })
        .await
    }
}
