//! Placing an order.

use std::sync::Arc;

use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

use super::account::{self, Model as Account};
use super::book::{Book, Mark, Marks};
use super::booking::Booking;
use super::cost::Cost;
use super::decide::{Situation, Verdict, decide};
use super::order::Model as Order;
use super::referee::Referee;
use super::request::{NewOrder, OrderRequest};
use super::trade::Model as Trade;
use super::vocabulary::OrderStatus;
use super::{fill, order, trade};
use crate::Domain;
use crate::challenges::Breach;
use crate::error::{Error, Fault, Problem, ProblemCode, Result};
use crate::fixed::Price;
use crate::ids::{AccountId, AssetId, Id, OrderId};
use crate::market::{Asset, Quote, Rate, Symbol};
use crate::permission::Permission;
use crate::viewer::Viewer;

/// How often somebody else may have been quicker.
pub(crate) const MOST_TRIES: u32 = 20;

/// Orders of an account that may wait at once: what one quote touches is booked in one go.
const MOST_WAITING: u64 = 200;

/// An order that was placed.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The order.
    pub order: Order,
    /// The trade that it opened; none while it waits, or where it was refused.
    pub trade: Option<Trade>,
    /// Its account.
    pub account: Account,
    /// Whether it had been placed before.
    pub replayed: bool,
}

/// What an order would do, if it were placed now.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The account.
    pub account: Account,
    /// The asset.
    pub asset: Arc<Asset>,
    /// The last price that it would be judged by.
    pub quote: Quote,
    /// What a seller gets.
    pub bid: Price,
    /// What a buyer pays.
    pub ask: Price,
    /// What one unit of the asset's currency is in the account's.
    pub rate: Rate,
    /// The price that it would be filled at, or waits for; none where it would be refused before that is known.
    pub expected_price: Option<Price>,
    /// Whether it would be filled at once.
    pub fills_now: bool,
    /// What it would cost; none where it would be refused.
    pub cost: Option<Cost>,
    /// What the account is worth now.
    pub standing: super::Standing,
    /// Why it would be refused.
    pub refusal: Option<Problem>,
    /// The rule of the account's challenge that it would break as soon as it is filled.
    pub would_break: Option<Breach>,
}

impl Domain {
    /// Places an order on an account of the viewer's: fills it, lets it wait, or refuses it. A refused order is kept too.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; problems with the input that keep it from being written down: what is no number, an asset
    /// or account that is not there, CONFLICT for another order under the same client's id; MARKET_DATA_UNAVAILABLE.
    pub async fn place_order(&self, viewer: &Viewer, new: NewOrder) -> Result<Placed> {
        viewer.permitted(Permission::TradingWrite)?;
        let request = OrderRequest::read(&new).map_err(Error::Problems)?;
        let asset = self.ordered_asset(&new.symbol).await?;
        self.check_signal(viewer, &request).await?;
        self.place_read(viewer, new.account_id, &asset, &request).await
    }

    async fn place_read(
        &self,
        viewer: &Viewer,
        id: AccountId,
        asset: &Arc<Asset>,
        request: &OrderRequest,
    ) -> Result<Placed> {
        let mut turn = self.desk().turn(id).await;
        let mut is_fresh = false;
        for _ in 0..MOST_TRIES {
            let book = self.own_book(viewer, id).await?;
            if let Some(placed) = self.replay(&book.account, request, asset.id).await? {
                return Ok(placed);
            }
            let marks = self.marks_of(&book, Some(asset)).await?;
            if !is_fresh && marks.get(&asset.id).is_none_or(|mark| mark.rate_is_stale) {
                // Nobody else waits for a source.
                drop(turn);
                self.freshen_rate(&asset.currency, &book.account.currency).await?;
                (turn, is_fresh) = (self.desk().turn(id).await, true);
                continue;
            }
            let mark = marks.get(&asset.id).ok_or_else(|| Fault::MarketDataUnavailable(asset.symbol.clone()))?;
            let now = self.now();
            if self.begin_day(&book, &marks, now).await? {
                continue;
            }
            let verdict = self.verdict(&book, &marks, mark, request).await?;
            let verdict = self.limit_waiting(&book.account, verdict).await?;
            let mut booking = Booking::new(self, book, now);
            let order = self.new_order(&booking, asset, request);
            booking.place(order.clone());
            let (order, trade) = match verdict {
                Verdict::Refuse(problem) => (booking.finish(order, OrderStatus::Rejected, Some(&problem)), None),
                Verdict::Wait(..) => (order, None),
                Verdict::Fill(execution, cost) => {
                    let (order, trade) = booking.open(order, &execution, &cost)?;
                    booking.settle(&marks)?;
                    // The challenge may have closed it at once.
                    (order, Some(booking.opened(trade.id).unwrap_or(trade)))
                }
            };
            if let Ok(book) = booking.write().await? {
                return Ok(Placed { order, trade, account: book.account, replayed: false });
            }
        }
        drop(turn);
        Err(Fault::Unavailable(None).into())
    }

    /// What an order would do now. Nothing is written.
    ///
    /// # Errors
    /// As [`Domain::place_order`].
    pub async fn simulate_order(&self, viewer: &Viewer, new: NewOrder) -> Result<Simulation> {
        viewer.permitted(Permission::TradingWrite)?;
        let request = OrderRequest::read(&new).map_err(Error::Problems)?;
        let asset = self.ordered_asset(&new.symbol).await?;
        let book = self.own_book(viewer, new.account_id).await?;
        self.check_signal(viewer, &request).await?;
        self.freshen_rate(&asset.currency, &book.account.currency).await?;
        let marks = self.marks_of(&book, Some(&asset)).await?;
        let mark = marks.get(&asset.id).ok_or_else(|| Fault::MarketDataUnavailable(asset.symbol.clone()))?;
        viewer.may_see_price(mark.quote.licence)?;
        viewer.may_see_price(mark.rate.licence)?;
        let standing = book.standing(&marks)?;
        let verdict = self.verdict(&book, &marks, mark, &request).await?;
        let verdict = self.limit_waiting(&book.account, verdict).await?;
        let would_break = match &verdict {
            Verdict::Fill(execution, cost) => {
                let mut booking = Booking::new(self, book.clone(), self.now());
                booking.open(self.new_order(&booking, &asset, &request), execution, cost)?;
                Referee::would_break(&booking, &marks)?
            }
            Verdict::Wait(..) | Verdict::Refuse(_) => None,
        };
        let (expected_price, fills_now, cost, refusal) = match verdict {
            Verdict::Fill(execution, cost) => (Some(execution.price), true, Some(cost), None),
            Verdict::Wait(price, cost) => (Some(price), false, Some(cost), None),
            Verdict::Refuse(problem) => (None, false, None, Some(problem)),
        };
        let (bid, ask, quote, rate) = (mark.bid, mark.ask, mark.quote.clone(), mark.rate);
        let account = book.account;
        Ok(Simulation {
            account,
            asset,
            quote,
            bid,
            ask,
            rate,
            expected_price,
            fills_now,
            cost,
            standing,
            refusal,
            would_break,
        })
    }

    /// What becomes of an order now.
    pub(super) async fn verdict(
        &self,
        book: &Book,
        marks: &Marks,
        mark: &Mark,
        request: &OrderRequest,
    ) -> Result<Verdict> {
        let standing = book.standing(marks)?;
        let now = self.now();
        let market = self.market_status(&mark.asset, now);
        let lock = self.guard_of(&book.account).await?.lock(&book.account, standing.equity, None, now);
        let lock = book.challenge.as_ref().and_then(|referee| referee.lock(now)).or(lock);
        Ok(decide(&Situation { book, standing, mark, market, lock, now }, request))
    }

    /// The verdict, unless it would leave one order more waiting than an account may have. The version of the account, which
    /// every order takes, keeps two at once from both being the last.
    async fn limit_waiting(&self, account: &Account, verdict: Verdict) -> Result<Verdict> {
        if !matches!(verdict, Verdict::Wait(..)) {
            return Ok(verdict);
        }
        let waiting = order::Entity::of(account.id).filter(order::Column::Status.eq(OrderStatus::Pending));
        if waiting.count(self.db().reader()).await? < MOST_WAITING {
            return Ok(verdict);
        }
        let message = format!("{MOST_WAITING} orders wait in this account: cancel one first");
        Ok(Verdict::Refuse(Problem::new(ProblemCode::PositionLimit, &["input"], message)))
    }

    /// The order that was placed under the same client's id, if any.
    async fn replay(&self, account: &Account, request: &OrderRequest, asset: AssetId) -> Result<Option<Placed>> {
        let Some(id) = &request.client_order_id else { return Ok(None) };
        let Some(order) = self.order_of_client(account.id, id, &request.hash(asset)).await? else { return Ok(None) };
        let trade = self.trade_opened_by(&order).await?;
        Ok(Some(Placed { order, trade, account: account.clone(), replayed: true }))
    }

    /// The order of this client's id.
    ///
    /// # Errors
    /// CONFLICT where something else was sent under it.
    pub(super) async fn order_of_client(&self, account: AccountId, id: &str, hash: &[u8]) -> Result<Option<Order>> {
        let known = order::Entity::of(account).filter(order::Column::ClientOrderId.eq(id));
        match known.one(self.db().reader()).await? {
            Some(order) if order.request_hash.as_deref() != Some(hash) => {
                let message = "another order was placed under this id: take a new one";
                Err(Problem::new(ProblemCode::Conflict, &["input", "clientOrderId"], message).into())
            }
            known => Ok(known),
        }
    }

    /// The trade that an order has opened.
    pub(super) async fn trade_opened_by(&self, order: &Order) -> Result<Option<Trade>> {
        let reader = self.db().reader();
        let fill = fill::Entity::of(order.account_id).filter(fill::Column::OrderId.eq(order.id)).one(reader).await?;
        let Some(fill) = fill else { return Ok(None) };
        let trades = trade::Entity::of(order.account_id).filter(trade::Column::OpenFillId.eq(fill.id));
        // Of a trade and the parts of it that were closed, the trade itself.
        Ok(trades.filter(trade::Column::ParentId.is_null()).one(reader).await?)
    }

    pub(super) fn new_order(&self, booking: &Booking, asset: &Asset, request: &OrderRequest) -> Order {
        let account = &booking.book.account;
        Order {
            id: OrderId::from_uuid(self.new_uuid()),
            tenant_id: account.tenant_id,
            account_id: account.id,
            account_version: booking.version(),
            asset_id: asset.id,
            signal_id: request.signal_id,
            closes_trade_id: None,
            request_hash: request.client_order_id.as_ref().map(|_| request.hash(asset.id)),
            client_order_id: request.client_order_id.clone(),
            side: request.side,
            order_type: request.order_type,
            quantity: request.quantity,
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            stop_loss: request.stop_loss,
            take_profit: request.take_profit,
            status: OrderStatus::Pending,
            refusal_code: None,
            refusal_message: None,
            created_at: booking.now(),
            done_at: None,
        }
    }

    /// The asset that an order names.
    pub(super) async fn ordered_asset(&self, symbol: &str) -> Result<Arc<Asset>> {
        self.asset_of_symbol(symbol, &["input", "symbol"]).await
    }

    /// The asset of a symbol as somebody wrote it.
    ///
    /// # Errors
    /// A problem at this path: VALIDATION for what is no symbol, NOT_FOUND for one that is not known.
    pub async fn asset_of_symbol(&self, symbol: &str, path: &[&str]) -> Result<Arc<Asset>> {
        let symbol = Symbol::try_from(symbol).map_err(|error| Problem::validation(path, error.to_string()))?;
        let asset = self.asset_by_symbol(&symbol).await?;
        Ok(asset.ok_or_else(|| Problem::new(ProblemCode::NotFound, path, self.unknown_symbol(&symbol)))?)
    }

    /// The book of an account of the viewer's own.
    pub(super) async fn own_book(&self, viewer: &Viewer, id: AccountId) -> Result<Book> {
        let account = account::Entity::owned_by(viewer).filter(account::Column::Id.eq(id));
        let problem = || Problem::new(ProblemCode::NotFound, &["input", "accountId"], "you have no such account");
        Ok(self.read_book_in(account).await?.ok_or_else(problem)?)
    }

    /// A signal that an order follows must be one that the viewer may see.
    async fn check_signal(&self, viewer: &Viewer, request: &OrderRequest) -> Result<()> {
        let Some(id) = request.signal_id else { return Ok(()) };
        let problem = || Problem::new(ProblemCode::NotFound, &["input", "signalId"], "there is no such signal");
        self.signal(viewer, id).await?.map(drop).ok_or_else(|| problem().into())
    }
}
