//! A paper account.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use bellwether_domain::{Error, Fault, trading};
use chrono::{DateTime, Utc};

use super::READ;
use crate::challenges::{Challenge, Challenges};
use crate::context::Request;
use crate::field::{Field, field};
use crate::paging::Item;
use crate::scalars::Decimal;

/// An account with paper money.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    account: Arc<trading::Account>,
    standing: trading::Standing,
    challenges: Arc<Challenges>,
}

impl Account {
    /// An account with what it is worth now.
    pub(crate) async fn one(request: &Request, account: trading::Account) -> Result<Self, Error> {
        let standing = request.domain.standing(&account).await?;
        let challenges = Arc::new(Challenges::of(std::slice::from_ref(&account)));
        Ok(Self { account: Arc::new(account), standing, challenges })
    }

    /// Accounts of a list, with what they are worth read at once.
    pub(crate) async fn many(request: &Request, accounts: Vec<trading::Account>) -> Result<Vec<Self>, Error> {
        let standings = request.domain.standings(&accounts).await?;
        let challenges = Arc::new(Challenges::of(&accounts));
        let with_standing = |account: trading::Account| {
            let standing = standings.get(&account.id).copied();
            let standing = standing.ok_or_else(|| Fault::Bug(format!("{} was not valued", account.id)))?;
            Ok(Self { account: Arc::new(account), standing, challenges: Arc::clone(&challenges) })
        };
        accounts.into_iter().map(with_standing).collect()
    }

    pub(crate) fn row(&self) -> &trading::Account {
        &self.account
    }
}

impl Item for Account {
    const NAME: &str = "Account";
}

/// An account with paper money. All its amounts are in its currency.
#[Object]
impl Account {
    /// The id, `acc_…`.
    pub(crate) async fn id(&self) -> ID {
        self.account.id.to_string().into()
    }

    /// The number, to be read to somebody: `PA-` and ten letters and digits.
    async fn number(&self) -> &str {
        &self.account.number
    }

    /// The name that its owner gave it.
    async fn name(&self) -> &str {
        &self.account.name
    }

    /// The id of its owner, `usr_…`.
    async fn owner_id(&self) -> ID {
        self.account.user_id.to_string().into()
    }

    /// The currency of all its amounts, ISO 4217.
    async fn currency(&self) -> &str {
        &self.account.currency
    }

    /// What it may do.
    async fn status(&self) -> AccountStatus {
        self.account.status.into()
    }

    /// How much can be held with one unit of its money, 1 to 100.
    async fn leverage(&self) -> i32 {
        self.account.leverage
    }

    /// The deposit that it was opened with.
    async fn initial_balance(&self) -> Decimal {
        self.account.initial_balance.into()
    }

    /// The part of its fees that goes by the notional of a fill, in percent: 0.05 is five basis points.
    async fn fee_percent(&self) -> Decimal {
        self.account.fee_percent.into()
    }

    /// The least that a fill costs.
    async fn fee_minimum(&self) -> Decimal {
        self.account.fee_minimum.into()
    }

    /// The part of its fees that goes by the unit.
    async fn fee_per_unit(&self) -> Decimal {
        self.account.fee_per_unit.into()
    }

    /// What becomes of a market order while the market is closed.
    async fn when_closed(&self) -> WhenClosed {
        self.account.when_closed.into()
    }

    /// How many trades may be open at once; null for as many as there is margin for, at most 500.
    async fn max_open_trades(&self) -> Option<i32> {
        self.account.max_open_trades
    }

    /// How large the position in one asset may be; null for as large as there is margin for.
    async fn max_position(&self) -> Option<Decimal> {
        self.account.max_position.map(Decimal::from)
    }

    /// The share of the used margin, in percent, at which its trades are closed at the market, the one that has lost most first; 0 for when no equity is left.
    async fn stop_out_percent(&self) -> i32 {
        self.account.stop_out_percent
    }

    /// The equity in percent of the used margin: at 100 and below it takes no more trades, at stopOutPercent and below open ones are closed. Null where nothing is tied up.
    async fn margin_level_percent(&self) -> Option<Decimal> {
        self.standing.margin_level().map(Decimal::from)
    }

    /// What its owner asked to be kept from.
    async fn protections(&self) -> Protections {
        Protections::from(&self.account.protections)
    }

    /// The realized cash: the last entry of its ledger.
    async fn balance(&self) -> Decimal {
        self.standing.balance.into()
    }

    /// What its open trades would gain if they were closed at the quotes, before the fees of closing.
    async fn unrealized_pnl(&self) -> Decimal {
        self.standing.unrealized_pnl.into()
    }

    /// The balance and that.
    async fn equity(&self) -> Decimal {
        self.standing.equity.into()
    }

    /// What its open trades tie up.
    async fn used_margin(&self) -> Decimal {
        self.standing.used_margin.into()
    }

    /// What new trades may tie up: the balance, or the equity where that is less, without the used margin. Gains count when they are realized.
    async fn free_margin(&self) -> Decimal {
        self.standing.free_margin.into()
    }

    /// Whether every open trade has a quote; one without is counted as worth what it was opened for.
    async fn is_valued(&self) -> bool {
        self.standing.is_complete
    }

    /// The challenge that it belongs to, which says what it may do; null for one of its owner's own.
    async fn challenge(&self, ctx: &Context<'_>) -> Field<Option<Challenge>> {
        field(ctx, READ, async move |request: Request| match self.account.challenge_id {
            Some(id) => self.challenges.one(&request, id).await,
            None => Ok(None),
        })
        .await
    }

    /// How often it was changed, from 1.
    async fn version(&self) -> String {
        self.account.version.to_string()
    }

    /// When it was opened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.account.created_at
    }

    /// When anything of it last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.account.updated_at
    }
}

/// What an owner asked to be kept from: no order is taken while one of these holds.
#[derive(Clone, Debug, SimpleObject)]
struct Protections {
    /// For so many seconds after a trade that lost; null for not.
    cooldown_seconds: Option<i32>,
    /// For a while after so many stops; null for not.
    stop_guard: Option<StopGuard>,
    /// While the equity lies far below its highest; null for not.
    max_drawdown: Option<DrawdownLock>,
}

/// No order for a while after so many stops.
#[derive(Clone, Debug, SimpleObject)]
struct StopGuard {
    /// How many stops.
    stops: i32,
    /// Within how many seconds.
    window_seconds: i32,
    /// For how many seconds after the last of them.
    pause_seconds: i32,
}

/// No order while the equity lies far below its highest.
#[derive(Clone, Debug, SimpleObject)]
struct DrawdownLock {
    /// How far, in percent of the highest.
    percent: Decimal,
    /// Of the highest within how many seconds.
    window_seconds: i32,
}

impl From<&trading::Protections> for Protections {
    fn from(protections: &trading::Protections) -> Self {
        let guard = |guard: trading::StopGuard| StopGuard {
            stops: guard.stops,
            window_seconds: guard.window_seconds,
            pause_seconds: guard.pause_seconds,
        };
        let lock = |lock: trading::DrawdownLock| DrawdownLock {
            percent: lock.percent().into(),
            window_seconds: lock.window_seconds,
        };
        Self {
            cooldown_seconds: protections.cooldown_seconds,
            stop_guard: protections.stop_guard.map(guard),
            max_drawdown: protections.max_drawdown.map(lock),
        }
    }
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::AccountStatus")]
pub(crate) enum AccountStatus {
    /// Trade.
    Active,
    /// Close what is open, and nothing else.
    Suspended,
    /// Nothing any more: it is kept to be read.
    Closed,
}

/// What becomes of a market order while the market is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "trading::WhenClosed")]
pub(crate) enum WhenClosed {
    /// It is refused.
    Reject,
    /// It waits for the market to open.
    Wait,
}
