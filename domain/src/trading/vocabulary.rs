//! The words of paper trading.

use std::fmt;

use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::signals::vocabulary::{words, written};

words! {
    /// What an account may do.
    AccountStatus {
        /// Trade.
        Active = "ACTIVE",
        /// Close what is open, and nothing else.
        Suspended = "SUSPENDED",
        /// Nothing any more: it is kept to be read.
        Closed = "CLOSED",
    }
}

words! {
    /// What becomes of a market order while the market is closed.
    WhenClosed {
        /// It is refused.
        Reject = "REJECT",
        /// It waits for the market to open.
        Wait = "WAIT",
    }
}

words! {
    /// Which way an order goes, and the trade that it opens: a trade of a BUY is long, of a SELL short.
    Side {
        /// Buy.
        Buy = "BUY",
        /// Sell.
        Sell = "SELL",
    }
}

written! { Side }

impl Side {
    /// The side that closes what this one opened.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// 1 for what gains when prices rise, -1 for what gains when they fall.
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }
}

words! {
    /// At which price an order is to be filled.
    OrderType {
        /// At what the market gives.
        Market = "MARKET",
        /// At its limit or better.
        Limit = "LIMIT",
        /// At what the market gives once its stop price is touched.
        Stop = "STOP",
    }
}

words! {
    /// How far an order has come.
    OrderStatus {
        /// It waits to be filled.
        Pending = "PENDING",
        /// It was filled.
        Filled = "FILLED",
        /// It was refused; the refusal says why.
        Rejected = "REJECTED",
        /// It was taken back before it was filled.
        Cancelled = "CANCELLED",
    }
}

words! {
    /// Whether a trade is still open.
    TradeStatus {
        /// It gains and loses with the price.
        Open = "OPEN",
        /// Its profit or loss is booked.
        Closed = "CLOSED",
    }
}

words! {
    /// What closed a trade.
    CloseReason {
        /// Whoever owns it.
        Manual = "MANUAL",
        /// Its stop loss.
        StopLoss = "STOP_LOSS",
        /// Its take profit.
        TakeProfit = "TAKE_PROFIT",
        /// The account's stop-out level.
        StopOut = "STOP_OUT",
        /// The challenge, which ended, or was locked until the day is over.
        Challenge = "CHALLENGE",
    }
}

words! {
    /// What a balance was changed by.
    LedgerKind {
        /// Money that was put in, such as the initial balance.
        Deposit = "DEPOSIT",
        /// The fee of a fill.
        Fee = "FEE",
        /// The gain or loss of a trade that was closed, before fees.
        RealizedPnl = "REALIZED_PNL",
        /// A correction by whoever runs the tenant.
        Adjustment = "ADJUSTMENT",
        /// A fee that was given back.
        Refund = "REFUND",
    }
}

words! {
    /// What a fill's price was taken from.
    FillBasis {
        /// A quote.
        Quote = "QUOTE",
        /// A candle that closed, such as after an outage.
        Candle = "CANDLE",
    }
}
