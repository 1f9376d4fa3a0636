//! Writing down trades that are taken to have happened: the demo's.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter};

use super::account::{self, Model as Account};
use super::accounts::NewAccount;
use super::book::{Mark, Marks};
use super::booking::Booking;
use super::cost::Cost;
use super::decide::Execution;
use super::look::Look;
use super::request::{NewOrder, OrderRequest};
use super::trade::Model as Trade;
use super::trigger::entry;
use super::vocabulary::{CloseReason, OrderType, Side};
use crate::Domain;
use crate::error::{Error, Fault, Result};
use crate::fixed::Price;
use crate::ids::{TenantId, UserId};
use crate::market::{Asset, LicenceClass, Quote, Rate, SourceName};
use crate::viewer::ClientInfo;

/// A trade that is taken to have happened, of an asset in the account's currency.
#[derive(Clone, Debug)]
pub struct PastTrade {
    /// The symbol of its asset.
    pub symbol: &'static str,
    /// Long or short.
    pub side: Side,
    /// How much.
    pub quantity: &'static str,
    /// When it was opened, and for what.
    pub opened: PastPrice,
    /// When it was closed, and for what, and what closed it; none while it is open.
    pub closed: Option<(PastPrice, CloseReason)>,
}

/// What was bid and asked for an asset at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastPrice {
    /// The moment.
    pub at: DateTime<Utc>,
    /// What a seller got, in the asset's currency.
    pub bid: Price,
    /// What a buyer paid.
    pub ask: Price,
}

impl Domain {
    /// Opens an account of this user with trades that are taken to have happened, the first first, unless they have an
    /// account of their own already; tells whether it did. For demo data: fills, fees and the ledger are made as those of any trade.
    ///
    /// # Errors
    /// When a trade is not one, or the database does not answer.
    pub async fn put_past_trades(
        &self,
        owner: (TenantId, UserId),
        new: NewAccount,
        opened_at: DateTime<Utc>,
        trades: &[PastTrade],
    ) -> Result<bool> {
        let own = account::Entity::unscoped().filter(account::Column::UserId.eq(owner.1));
        let own = own.filter(account::Column::ChallengeId.is_null());
        if own.count(self.db().reader()).await? > 0 {
            return Ok(false);
        }
        let account = self.open_account_of(owner, new, opened_at, &ClientInfo::default()).await?;
        for trade in trades {
            self.put_past_trade(&account, trade).await?;
        }
        Ok(true)
    }

    async fn put_past_trade(&self, account: &Account, past: &PastTrade) -> Result<()> {
        let asset = self.asset_of_symbol(past.symbol, &[]).await?;
        let (at, mark) = (past.opened.at, mark(&asset, past.opened)?);
        let mut booking = Booking::new(self, self.read_book(account.id).await?, at);
        let opened = self.open_past(&mut booking, &mark, past.side, past.quantity)?;
        booking.settle(&Marks::from([(asset.id, mark)]))?;
        written(booking).await?;

        let Some((closed, reason)) = past.closed else { return Ok(()) };
        let (at, mark) = (closed.at, self::mark(&asset, closed)?);
        let mut booking = Booking::new(self, self.read_book(account.id).await?, at);
        self.close_past(&mut booking, &mark, &opened, reason)?;
        booking.settle(&Marks::new())?;
        written(booking).await
    }

    /// Opens a trade by a market order at a mark that is taken to have been.
    pub(crate) fn open_past(&self, booking: &mut Booking, mark: &Mark, side: Side, quantity: &str) -> Result<Trade> {
        let request = OrderRequest::read(&NewOrder {
            account_id: booking.book.account.id,
            symbol: mark.asset.symbol.clone(),
            side,
            quantity: quantity.to_owned(),
            order_type: OrderType::Market,
            limit_price: None,
            stop_price: None,
            stop_loss: None,
            take_profit: None,
            client_order_id: None,
            signal_id: None,
        });
        let request = request.map_err(Error::Problems)?;
        let execution = met(mark, side, booking.now())?;
        let cost = Cost::of(&booking.book, mark, execution.price, request.quantity)?;
        let order = self.new_order(booking, &mark.asset, &request);
        booking.place(order.clone());
        Ok(booking.open(order, &execution, &cost)?.1)
    }

    /// Closes a trade at a mark that is taken to have been.
    pub(crate) fn close_past(
        &self,
        booking: &mut Booking,
        mark: &Mark,
        trade: &Trade,
        reason: CloseReason,
    ) -> Result<()> {
        let execution = met(mark, trade.side.opposite(), booking.now())?;
        let order = self.closing_order(booking, trade, trade.quantity, None);
        booking.place(order.clone());
        booking.close(order, trade, trade.quantity, reason, &execution)?;
        Ok(())
    }
}

/// Writes what nobody can have changed meanwhile, and writes to nobody about it.
pub(crate) async fn written(mut booking: Booking) -> Result<()> {
    booking.writes_letters = false;
    booking
        .write()
        .await?
        .map(drop)
        .map_err(|_| Fault::Bug("an account of the demo was changed meanwhile".to_owned()).into())
}

/// The mark of a price that is taken to have been.
pub(crate) fn mark(asset: &Arc<Asset>, PastPrice { at, bid, ask }: PastPrice) -> Result<Mark> {
    let quote = Quote {
        asset_id: asset.id,
        symbol: asset.symbol.clone(),
        price: bid,
        bid,
        ask,
        currency: asset.currency.clone(),
        previous_close: None,
        exchange_time: at,
        fetched_at: at,
        source: SourceName::Demo,
        licence: LicenceClass::Public,
        is_stale: false,
    };
    let rate = Rate { rate: Price::from_int(1)?, source: None, at, licence: LicenceClass::Public, is_stale: false };
    Ok(Mark::new(Arc::clone(asset), quote, rate, false)?)
}

fn met(mark: &Mark, side: Side, at: DateTime<Utc>) -> Result<Execution> {
    let look = Look::quote(mark, at);
    let touch = entry(OrderType::Market, side, None, &look.tick);
    let touch = touch.ok_or_else(|| Fault::Bug("a market order meets every quote".to_owned()))?;
    Ok(Execution::of(&touch, side, mark, &look)?)
}
