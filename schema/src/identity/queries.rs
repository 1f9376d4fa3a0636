//! Who is signed in.

use async_graphql::{Context, Object};

use super::types::Viewer;
use crate::context::Request;
use crate::field::{Access, Field, field};

/// Reads people.
#[derive(Debug, Default)]
pub(crate) struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// Who is signed in; null when nobody is. For everybody.
    async fn viewer(&self, ctx: &Context<'_>) -> Field<Option<Viewer>> {
        let wants_session = ctx.look_ahead().field("session").exists();
        field(ctx, Access::Open, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let Some((user, tenant)) = domain.viewer_profile(viewer).await? else { return Ok(None) };
            let session = if wants_session { domain.viewer_session(viewer).await? } else { None };
            Ok(Some(Viewer::new(viewer, user, tenant, session)))
        })
        .await
    }
}
