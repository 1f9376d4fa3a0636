//! Having a letter sent again.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::ACCESS;
use super::types::DeadLetter;
use crate::context::Request;
use crate::field::{Field, Payload, mutate};
use crate::node::parse_id;
use crate::problems::UserError;

/// A letter to be sent again.
#[derive(InputObject)]
struct RedriveLetterInput {
    /// The letter, `ltr_…`.
    id: ID,
}

/// What putting a letter back did.
#[derive(Default, SimpleObject)]
pub(crate) struct RedriveLetterPayload {
    /// The letter as it was given up; null when refused.
    letter: Option<DeadLetter>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for RedriveLetterPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// Manages letters.
#[derive(Debug, Default)]
pub(crate) struct OutboxMutation;

#[Object]
impl OutboxMutation {
    /// Puts a letter that was given up back to be sent at once, with all its tries. Needs SCHEDULER_MANAGE.
    async fn redrive_letter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which letter.")] input: RedriveLetterInput,
    ) -> Field<RedriveLetterPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, &["input", "id"])?;
            let letter = request.domain.redrive_letter(request.viewer(), id, request.client()).await?;
            Ok(RedriveLetterPayload { letter: Some(DeadLetter(letter)), user_errors: Vec::new() })
        })
        .await
    }
}
