//! The trade history as CSV.

use std::borrow::Cow;

use super::account::Model as Account;
use super::history::TradeFilter;
use super::trade::Model as Trade;
use crate::Domain;
use crate::csv::{text, write};
use crate::error::Result;
use crate::fixed::{Fixed, Unit};

/// Rows that one export holds at most.
const MOST_ROWS: usize = 10_000;
/// Rows read at once.
const BATCH: u64 = 1_000;

const HEADER: [&str; 15] = [
    "trade",
    "symbol",
    "side",
    "quantity",
    "opened_at",
    "entry_price",
    "closed_at",
    "exit_price",
    "gross_pnl",
    "fees",
    "realized_pnl",
    "currency",
    "duration_seconds",
    "close_reason",
    "account",
];

impl Domain {
    /// The closed trades of an account that the viewer may read as CSV (RFC 4180), the first closed first, at most 10,000.
    ///
    /// No cell that is a text is taken for a formula by a spreadsheet: one that would be begins with an apostrophe.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export_trade_history(&self, account: &Account, filter: &TradeFilter) -> Result<String> {
        let mut rows = vec![HEADER.map(Cow::from).to_vec()];
        let mut last: Option<Trade> = None;
        while rows.len() <= MOST_ROWS {
            let batch = self.closed_after(account, filter, last.as_ref(), BATCH).await?;
            let is_last = (batch.len() as u64) < BATCH;
            for trade in &batch {
                let symbol = self.asset_known_as(trade.asset_id).await?.symbol.clone();
                rows.push(row(account, trade, &symbol));
            }
            last = batch.last().cloned();
            if is_last {
                break;
            }
        }
        Ok(write(&rows)?)
    }
}

fn row<'t>(account: &Account, trade: &Trade, symbol: &str) -> Vec<Cow<'t, str>> {
    let fees = trade.exit_fee.and_then(|fee| fee.checked_add(trade.entry_fee).ok());
    let held = trade.closed_at.map(|closed| (closed - trade.opened_at).num_seconds());
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let cells: [String; 15] = [
        trade.id.to_string(),
        text(symbol),
        trade.side.to_string(),
        trade.quantity.to_string(),
        time(trade.opened_at),
        trade.entry_price.to_string(),
        trade.closed_at.map(time).unwrap_or_default(),
        number(trade.exit_price),
        number(trade.gross_pnl),
        number(fees),
        number(trade.realized_pnl),
        account.currency.clone(),
        held.map(|seconds| seconds.to_string()).unwrap_or_default(),
        trade.close_reason.map(|reason| reason.to_string()).unwrap_or_default(),
        text(&account.number),
    ];
    cells.into_iter().map(Cow::Owned).collect()
}

fn number<U: Unit>(number: Option<Fixed<U>>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
