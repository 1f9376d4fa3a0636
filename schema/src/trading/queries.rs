//! Reading accounts and what happened on them.

use async_graphql::{Context, ID, Object};
use bellwether_domain::paging::{IdKey, PageArgs, encode_cursor};
use bellwether_domain::{Error, trading};
use chrono::{DateTime, Utc};

use super::READ;
use super::accounts::Account;
use super::figures::{BalanceExplanation, LedgerKind};
use super::orders::{Order, OrderStatus};
use super::positions::{Portfolio, Position};
use super::trades::{Trade, TradeFilter};
use crate::context::Request;
use crate::field::{Field, field};
use crate::node::parse_id;
use crate::paging::{Connection, Item};
use crate::scalars::Decimal;

/// One change of a balance.
#[derive(Clone, Debug)]
pub(crate) struct LedgerEntry(pub(super) trading::LedgerEntry);

impl Item for LedgerEntry {
    const NAME: &str = "LedgerEntry";
}

/// One change of a balance. Amounts are in the account's currency.
#[Object]
impl LedgerEntry {
    /// Its number in the account, from 1 and without gaps.
    async fn seq(&self) -> String {
        self.0.seq.to_string()
    }

    /// What it is.
    async fn kind(&self) -> LedgerKind {
        self.0.kind.into()
    }

    /// How much, below zero for what was taken.
    async fn amount(&self) -> Decimal {
        self.0.amount.into()
    }

    /// The balance with it.
    async fn balance_after(&self) -> Decimal {
        self.0.balance_after.into()
    }

    /// What open trades tie up after it.
    async fn margin_after(&self) -> Decimal {
        self.0.margin_after.into()
    }

    /// The id of the fill that it is for, `fil_…`; null where it is for none.
    async fn fill_id(&self) -> Option<ID> {
        self.0.fill_id.map(|id| id.to_string().into())
    }

    /// The id of the trade that it is for, `trd_…`; null where it is for none.
    async fn trade_id(&self) -> Option<ID> {
        self.0.trade_id.map(|id| id.to_string().into())
    }

    /// What there is to say of it; null for nothing.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
}

/// The account of an argument, if the viewer may read it.
pub(super) async fn readable(request: &Request, id: &ID) -> Result<Option<trading::Account>, Error> {
    request.domain.account(request.viewer(), parse_id(id, &["accountId"])?).await
}

/// Reads paper accounts.
#[derive(Debug, Default)]
pub(crate) struct TradingQuery;

#[Object]
impl TradingQuery {
    /// Your paper accounts, the newest first; with TRADING_READ_ALL those of all your tenant. Needs TRADING_READ.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Connection<Account>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let (domain, viewer) = (&request.domain, request.viewer());
            let page = domain.accounts_page(viewer, &PageArgs { first, after, ..PageArgs::default() }).await?;
            let total = if with_total { Some(domain.count_accounts(viewer).await?) } else { None };
            let page = page.try_map(async |accounts| Account::many(&request, accounts).await).await?;
            Ok(Connection::of(page, total, |account| encode_cursor(trading::Account::ORDER, &IdKey(account.row().id))))
        })
        .await
    }

    /// The paper account of this id; null where there is none that you may read. Needs TRADING_READ.
    async fn account(
        &self, ctx: &Context<'_>, #[graphql(desc = "The id, `acc_…`.")] id: ID
    ) -> Field<Option<Account>> {
        field(ctx, READ, async move |request: Request| {
            match request.domain.account(request.viewer(), parse_id(&id, &["id"])?).await? {
                Some(account) => Account::one(&request, account).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    /// What an account holds: its open trades by asset, in the order of the symbols; null where there is no such account that you may read. Needs TRADING_READ.
    async fn positions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
    ) -> Field<Option<Vec<Position>>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let positions = request.domain.positions(&account).await?;
            Position::many(&request, &account, positions).await.map(Some)
        })
        .await
    }

    /// What an account is worth and how that is spread; null where there is no such account that you may read. Needs TRADING_READ.
    async fn portfolio(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
    ) -> Field<Option<Portfolio>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let portfolio = request.domain.portfolio(&account).await?;
            Portfolio::new(&request, &account, portfolio).await.map(Some)
        })
        .await
    }

    /// The orders of an account, the newest first; null where there is no such account that you may read. Needs TRADING_READ.
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "Only those with this status; null for all.")] status: Option<OrderStatus>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Option<Connection<Order>>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let (domain, status) = (&request.domain, status.map(Into::into));
            let args = PageArgs { first, after, ..PageArgs::default() };
            let page = domain.orders_page(&account, status, &args).await?;
            let total = if with_total { Some(domain.count_orders(&account, status).await?) } else { None };
            let page = page.try_map(async |orders| Order::many(&request, &account, orders).await).await?;
            Ok(Some(Connection::of(page, total, |order| encode_cursor(trading::Order::ORDER, &IdKey(order.row().id)))))
        })
        .await
    }

    /// The closed trades of an account, what was closed last first; null where there is no such account that you may read. Needs TRADING_READ.
    async fn trade_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "Which trades; null for all.")] filter: Option<TradeFilter>,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Option<Connection<Trade>>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let (domain, filter) = (&request.domain, filter.unwrap_or_default().into_domain(&request).await?);
            let args = PageArgs { first, after, ..PageArgs::default() };
            let page = domain.trade_history(&account, &filter, &args).await?;
            let total = if with_total { Some(domain.count_trade_history(&account, &filter).await?) } else { None };
            let page = page.try_map(async |trades| Trade::many(&request, &account, trades).await).await?;
            Ok(Some(Connection::of(page, total, |trade| trade.row().cursor())))
        })
        .await
    }

    /// The same as a text in CSV (RFC 4180), the first closed first, at most 10,000 trades; no cell is taken for a formula by a spreadsheet. Null where there is no such account that you may read. Needs TRADING_READ.
    async fn trade_history_csv(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "Which trades; null for all.")] filter: Option<TradeFilter>,
    ) -> Field<Option<String>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let filter = filter.unwrap_or_default().into_domain(&request).await?;
            request.domain.export_trade_history(&account, &filter).await.map(Some)
        })
        .await
    }

    /// Every change of an account's balance, the last first; null where there is no such account that you may read. Needs TRADING_READ.
    async fn ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "How many, at most 100; 20 where nothing is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Field<Option<Connection<LedgerEntry>>> {
        let with_total = ctx.look_ahead().field("totalCount").exists();
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            let args = PageArgs { first, after, ..PageArgs::default() };
            let page = request.domain.ledger_page(&account, &args).await?;
            let total = if with_total { Some(request.domain.count_ledger(&account).await?) } else { None };
            Ok(Some(Connection::of(page.map(LedgerEntry), total, |LedgerEntry(entry)| entry.cursor())))
        })
        .await
    }

    /// Why an account's balance is what it is, or was at a moment; null where there is no such account that you may read. Needs TRADING_READ.
    async fn explain_balance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account, `acc_…`.")] account_id: ID,
        #[graphql(desc = "When; null for now.")] at: Option<DateTime<Utc>>,
    ) -> Field<Option<BalanceExplanation>> {
        field(ctx, READ, async move |request: Request| {
            let Some(account) = readable(&request, &account_id).await? else { return Ok(None) };
            Ok(Some(request.domain.explain_balance(&account, at).await?.into()))
        })
        .await
    }
}
