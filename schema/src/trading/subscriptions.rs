//! Following an account.

use async_graphql::{Context, ID, Subscription};
use futures_util::{Stream, StreamExt};

use super::accounts::Account;
use crate::context::Request;
use crate::errors::field_error;
use crate::node::parse_id;

/// Follows accounts.
#[derive(Debug, Default)]
pub(crate) struct AccountSubscription;

#[Subscription]
impl AccountSubscription {
    /// An account as it is now, and again whenever it changed, whichever instance changed it, or what it holds costs something else (at most once a second). Each event is the whole account, so whoever falls behind misses nothing that lasts. Ends with the session; `account` reads the same. Needs TRADING_READ.
    async fn account_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] id: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Account>> + use<>> {
        let request = Request::of(ctx).map_err(|fault| field_error(&fault.into()))?;
        let id = parse_id(&id, &["id"]).map_err(|error| field_error(&error))?;
        let changes = request.domain.follow_account(request.viewer(), id).await.map_err(|error| field_error(&error))?;
        Ok(changes.then(move |changed| {
            let request = request.clone();
            async move {
                match changed {
                    Ok(account) => Account::one(&request, account).await.map_err(|error| field_error(&error)),
                    Err(fault) => Err(field_error(&fault.into())),
                }
            }
        }))
    }
}
