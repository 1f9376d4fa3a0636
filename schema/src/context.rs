//! What a resolver is given: the business and who asks.

use std::sync::Arc;

use async_graphql::Context;
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Fault, Viewer};

/// Who asks, made once a request (or once a socket) and put into its data.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// Who.
    pub viewer: Viewer,
    /// From where.
    pub client: ClientInfo,
    /// The request's id, for logs and errors.
    pub request_id: String,
}

/// The business and who asks, owned, so that work with it can outlive the resolver's borrow.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) domain: Domain,
    context: Arc<RequestContext>,
}

impl Request {
    /// The request that a resolver runs in.
    pub(crate) fn of(ctx: &Context<'_>) -> Result<Self, Fault> {
        let missing = || Fault::Bug("a request came without its context".to_owned());
        let domain = ctx.data_opt::<Domain>().ok_or_else(missing)?.clone();
        let context = Arc::clone(ctx.data_opt::<Arc<RequestContext>>().ok_or_else(missing)?);
        Ok(Self { domain, context })
    }

    pub(crate) fn viewer(&self) -> &Viewer {
        &self.context.viewer
    }

    pub(crate) fn client(&self) -> &ClientInfo {
        &self.context.client
    }
}
