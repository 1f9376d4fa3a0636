//! Opening paper accounts, and changing what they may do.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::permission::Permission;

use super::WRITE;
use super::accounts::{Account, AccountStatus};
use super::inputs::OpenAccountInput;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::node::parse_id;
use crate::problems::UserError;

/// What an account is to be allowed.
#[derive(Clone, Debug, InputObject)]
struct SetAccountStatusInput {
    /// The account, `acc_…`.
    account_id: ID,
    /// What it may do from now on. A closed account stays closed, and one with open trades can't be closed.
    status: AccountStatus,
    /// Why, 1 to 300 characters, for the audit log.
    reason: String,
}

/// What opening an account did.
#[derive(Default, SimpleObject)]
pub(crate) struct OpenAccountPayload {
    /// The account; null when refused.
    account: Option<Account>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What changing an account's status did.
#[derive(Default, SimpleObject)]
pub(crate) struct SetAccountStatusPayload {
    /// The account as it is now; null when refused.
    account: Option<Account>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default! { OpenAccountPayload SetAccountStatusPayload }

/// Changes paper accounts.
#[derive(Debug, Default)]
pub(crate) struct TradingAccountMutation;

#[Object]
impl TradingAccountMutation {
    /// Opens a paper account of yours, at most 20. Needs TRADING_WRITE.
    async fn open_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account.")] input: OpenAccountInput,
    ) -> Field<OpenAccountPayload> {
        mutate(ctx, WRITE, async move |request: Request| {
            let new = input.into_domain()?;
            let account = request.domain.open_account(request.viewer(), new, request.client()).await?;
            let account = Some(Account::one(&request, account).await?);
            Ok(OpenAccountPayload { account, user_errors: Vec::new() })
        })
        .await
    }

    /// Suspends a paper account of your tenant, activates or closes it. Needs TRADING_MANAGE.
    async fn set_account_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, the status and the reason.")] input: SetAccountStatusInput,
    ) -> Field<SetAccountStatusPayload> {
        mutate(ctx, Access::Needs(Permission::TradingManage), async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let (id, status) = (parse_id(&input.account_id, &["input", "accountId"])?, input.status.into());
            let account = domain.set_account_status(viewer, id, status, &input.reason, request.client()).await?;
            let account = Some(Account::one(&request, account).await?);
            Ok(SetAccountStatusPayload { account, user_errors: Vec::new() })
        })
        .await
    }
}
