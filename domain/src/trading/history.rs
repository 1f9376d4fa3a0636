//! Reading what happened on an account: orders, fills, trades and the ledger, page by page.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Order as SortOrder, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::account::Model as Account;
use super::fill::{self, Model as Fill};
use super::ledger::{self, Model as LedgerEntry};
use super::order::{self, Model as Order};
use super::trade::{self, Model as Trade};
use super::vocabulary::{CloseReason, OrderStatus, Side, TradeStatus};
use crate::Domain;
use crate::error::{Error, Result};
use crate::ids::{AssetId, FillId, Id, OrderId, TradeId};
use crate::keyset::newest_first;
use crate::paging::{CursorKey, IdKey, Page, PageArgs, PageRequest, encode_cursor};
use crate::permission::Permission;
use crate::signals::Compare;
use crate::viewer::Viewer;

/// Which closed trades; what is none does not matter.
#[derive(Clone, Debug, Default)]
pub struct TradeFilter {
    /// Of this asset.
    pub asset: Option<AssetId>,
    /// Long or short.
    pub side: Option<Side>,
    /// Closed by this.
    pub close_reason: Option<CloseReason>,
    /// Opened then.
    pub opened_at: Option<Compare<DateTime<Utc>>>,
    /// Closed then.
    pub closed_at: Option<Compare<DateTime<Utc>>>,
    /// Whether it gained, after fees.
    pub is_win: Option<bool>,
}

/// A position in the list of closed trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ClosedKey {
    at: DateTime<Utc>,
    id: TradeId,
}

impl CursorKey for ClosedKey {
    fn encode(&self) -> String {
        format!("{}:{}", self.id.uuid().simple(), self.at.timestamp_micros())
    }

    fn decode(text: &str) -> Option<Self> {
        let (id, at) = text.split_once(':')?;
        let at = at.parse().ok().and_then(DateTime::from_timestamp_micros);
        let at = at.filter(|at| crate::clock::is_storable(*at))?;
        Some(Self { at, id: TradeId::from_uuid(Uuid::try_parse(id).ok()?) })
    }
}

/// A position in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SeqKey(i64);

impl CursorKey for SeqKey {
    fn encode(&self) -> String {
        self.0.to_string()
    }

    fn decode(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

const CLOSED: &str = "trades:closed-";
const LEDGER: &str = "ledger:seq-";

impl Trade {
    /// The cursor of a closed trade in the history.
    pub fn cursor(&self) -> String {
        encode_cursor(CLOSED, &ClosedKey { at: self.closed_at.unwrap_or(self.opened_at), id: self.id })
    }
}

impl LedgerEntry {
    /// The cursor of the entry in its ledger.
    pub fn cursor(&self) -> String {
        encode_cursor(LEDGER, &SeqKey(self.seq))
    }
}

impl Order {
    /// The text that the cursors of lists of orders carry.
    pub const ORDER: &str = "orders";
}

impl Domain {
    /// The open trades of an account that the viewer may read, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_trades(&self, account: &Account) -> Result<Vec<Trade>> {
        let open = trade::Entity::open(account.id).order_by_asc(trade::Column::OpenedAt);
        Ok(open.order_by_asc(trade::Column::Id).all(self.db().reader()).await?)
    }

    /// A page of the closed trades of an account that the viewer may read, what was closed last first.
    ///
    /// # Errors
    /// A problem with the page's arguments.
    pub async fn trade_history(&self, account: &Account, filter: &TradeFilter, args: &PageArgs) -> Result<Page<Trade>> {
        use trade::Column as C;
        let request: PageRequest<ClosedKey> = args.parse(CLOSED).map_err(Error::Problems)?;
        let mut query = closed(account, filter);
        let row = || Expr::tuple([Expr::col((trade::Entity, C::ClosedAt)), Expr::col((trade::Entity, C::Id))]);
        let bound = |key: ClosedKey| Expr::tuple([Expr::val(key.at), Expr::val(key.id)]);
        if let Some(after) = request.after {
            query = query.filter(row().lt(bound(after)));
        }
        if let Some(before) = request.before {
            query = query.filter(row().gt(bound(before)));
        }
        let direction = if request.backward { SortOrder::Asc } else { SortOrder::Desc };
        let query = query.order_by(C::ClosedAt, direction.clone()).order_by(C::Id, direction);
        Ok(request.page(query.limit(request.fetch()).all(self.db().reader()).await?))
    }

    /// How many closed trades the filter finds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_trade_history(&self, account: &Account, filter: &TradeFilter) -> Result<u64> {
        Ok(closed(account, filter).count(self.db().reader()).await?)
    }

    /// Up to `limit` closed trades of an account, the first closed first, after the one that is named.
    pub(super) async fn closed_after(
        &self,
        account: &Account,
        filter: &TradeFilter,
        after: Option<&Trade>,
        limit: u64,
    ) -> Result<Vec<Trade>> {
        use trade::Column as C;
        let mut query = closed(account, filter);
        if let Some(after) = after {
            let row = Expr::tuple([Expr::col((trade::Entity, C::ClosedAt)), Expr::col((trade::Entity, C::Id))]);
            query = query.filter(row.gt(Expr::tuple([Expr::val(after.closed_at), Expr::val(after.id)])));
        }
        Ok(query.order_by_asc(C::ClosedAt).order_by_asc(C::Id).limit(limit).all(self.db().reader()).await?)
    }

    /// A page of the orders of an account that the viewer may read, the newest first; only those with this status, where
    /// one is given.
    ///
    /// # Errors
    /// A problem with the page's arguments.
    pub async fn orders_page(
        &self,
        account: &Account,
        status: Option<OrderStatus>,
        args: &PageArgs,
    ) -> Result<Page<Order>> {
        let request = args.parse::<IdKey<OrderId>>(Order::ORDER).map_err(Error::Problems)?;
        let rows = newest_first(orders(account, status), order::Column::Id, &request);
        Ok(request.page(rows.all(self.db().reader()).await?))
    }

    /// How many orders there are of it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_orders(&self, account: &Account, status: Option<OrderStatus>) -> Result<u64> {
        Ok(orders(account, status).count(self.db().reader()).await?)
    }

    /// A page of the ledger of an account that the viewer may read, the last entry first.
    ///
    /// # Errors
    /// A problem with the page's arguments.
    pub async fn ledger_page(&self, account: &Account, args: &PageArgs) -> Result<Page<LedgerEntry>> {
        let request: PageRequest<SeqKey> = args.parse(LEDGER).map_err(Error::Problems)?;
        let mut query = ledger::Entity::of(account.id);
        if let Some(SeqKey(after)) = request.after {
            query = query.filter(ledger::Column::Seq.lt(after));
        }
        if let Some(SeqKey(before)) = request.before {
            query = query.filter(ledger::Column::Seq.gt(before));
        }
        let direction = if request.backward { SortOrder::Asc } else { SortOrder::Desc };
        let query = query.order_by(ledger::Column::Seq, direction).limit(request.fetch());
        Ok(request.page(query.all(self.db().reader()).await?))
    }

    /// How many entries the ledger has.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_ledger(&self, account: &Account) -> Result<u64> {
        Ok(ledger::Entity::of(account.id).count(self.db().reader()).await?)
    }

    /// The fills of these orders, by order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fills_of_orders(&self, account: &Account, orders: Vec<OrderId>) -> Result<HashMap<OrderId, Fill>> {
        let fills = fill::Entity::of(account.id).filter(fill::Column::OrderId.is_in(orders));
        Ok(fills.all(self.db().reader()).await?.into_iter().map(|fill| (fill.order_id, fill)).collect())
    }

    /// Fills of an account by their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fills_by_id(&self, account: &Account, ids: Vec<FillId>) -> Result<HashMap<FillId, Fill>> {
        let fills = fill::Entity::of(account.id).filter(fill::Column::Id.is_in(ids));
        Ok(fills.all(self.db().reader()).await?.into_iter().map(|fill| (fill.id, fill)).collect())
    }

    /// An order, if the viewer may read its account.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn order(&self, viewer: &Viewer, id: OrderId) -> Result<Option<(Account, Order)>> {
        viewer.permitted(Permission::TradingRead)?;
        let reader = self.db().reader();
        let Some(order) = order::Entity::unscoped().filter(order::Column::Id.eq(id)).one(reader).await? else {
            return Ok(None);
        };
        Ok(self.account(viewer, order.account_id).await?.map(|account| (account, order)))
    }

    /// A trade, if the viewer may read its account.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn trade(&self, viewer: &Viewer, id: TradeId) -> Result<Option<(Account, Trade)>> {
        viewer.permitted(Permission::TradingRead)?;
        let reader = self.db().reader();
        let Some(trade) = trade::Entity::unscoped().filter(trade::Column::Id.eq(id)).one(reader).await? else {
            return Ok(None);
        };
        Ok(self.account(viewer, trade.account_id).await?.map(|account| (account, trade)))
    }

    /// A fill, if the viewer may read its account.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn fill(&self, viewer: &Viewer, id: FillId) -> Result<Option<(Account, Fill)>> {
        viewer.permitted(Permission::TradingRead)?;
        let fill = fill::Entity::unscoped().filter(fill::Column::Id.eq(id)).one(self.db().reader()).await?;
        let Some(fill) = fill else { return Ok(None) };
        Ok(self.account(viewer, fill.account_id).await?.map(|account| (account, fill)))
    }
}

fn orders(account: &Account, status: Option<OrderStatus>) -> Select<order::Entity> {
    let orders = order::Entity::of(account.id);
    match status {
        Some(status) => orders.filter(order::Column::Status.eq(status)),
        None => orders,
    }
}

fn closed(account: &Account, filter: &TradeFilter) -> Select<trade::Entity> {
    use trade::Column as C;
    let mut query = trade::Entity::of(account.id).filter(C::Status.eq(TradeStatus::Closed));
    if let Some(asset) = filter.asset {
        query = query.filter(C::AssetId.eq(asset));
    }
    if let Some(side) = filter.side {
        query = query.filter(C::Side.eq(side));
    }
    if let Some(reason) = filter.close_reason {
        query = query.filter(C::CloseReason.eq(reason));
    }
    if let Some(at) = &filter.opened_at {
        query = query.filter(at.condition(C::OpenedAt));
    }
    if let Some(at) = &filter.closed_at {
        query = query.filter(at.condition(C::ClosedAt));
    }
    if let Some(is_win) = filter.is_win {
        query = query.filter(if is_win { C::RealizedPnl.gt(0) } else { C::RealizedPnl.lte(0) });
    }
    query
}
