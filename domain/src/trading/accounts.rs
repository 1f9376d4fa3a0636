//! Opening paper accounts, reading them, and changing what they may do.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, Condition, DatabaseTransaction, QueryOrder, QuerySelect};
use serde_json::json;

use super::account::{Column, Entity, Model as Account};
use super::book::{Book, Marks};
use super::booking::Booking;
use super::currency::{currencies, minor_digits};
use super::fees::FeeSchedule;
use super::ledger::{self, Model as LedgerEntry};
use super::place_order::MOST_TRIES;
use super::protections::Protections;
use super::request::positive;
use super::stop_out::usual_level;
use super::vocabulary::{AccountStatus, LedgerKind, TradeStatus, WhenClosed};
use super::{Standing, account, trade};
use crate::Domain;
use crate::audit::{Action, NewEntry};
use crate::challenges::{Challenge, Rules};
use crate::error::{Error, Fault, Limit, Problem, ProblemCode, Result};
use crate::fixed::{Fixed, Money, MoneyUnit, Unit};
use crate::ids::{AccountId, AssetId, Id, TenantId, UserId};
use crate::keyset::newest_first;
use crate::paging::{IdKey, Page, PageArgs};
use crate::permission::Permission;
use crate::text;
use crate::viewer::{ClientInfo, Viewer};

/// Accounts that one user may have that are not closed.
const MOST_ACCOUNTS: u64 = 20;
/// The largest initial balance: a hundred million.
pub(crate) const LARGEST_BALANCE: i64 = 100_000_000;
/// Trades that the account of a challenge may have open: each look that changes something writes all of them down.
const MOST_CHALLENGE_TRADES: i32 = 100;
/// The letters and digits of account numbers: Crockford's base 32, without those that are read as others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An account to be opened. What is none takes its default.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// What its owner calls it; "Paper account" by default.
    pub name: Option<String>,
    /// The currency of all its money, ISO 4217; USD by default.
    pub currency: Option<String>,
    /// The deposit that it is opened with; 100,000 by default.
    pub initial_balance: Option<String>,
    /// How much can be held with one unit of its money, 1 to 100; 1 by default.
    pub leverage: Option<i32>,
    /// The part of its fees that goes by the notional, in percent; 0.05 by default.
    pub fee_percent: Option<String>,
    /// The least that a fill costs; nothing by default.
    pub fee_minimum: Option<String>,
    /// The part of its fees that goes by the unit; nothing by default.
    pub fee_per_unit: Option<String>,
    /// What becomes of a market order while the market is closed; refused by default.
    pub when_closed: Option<WhenClosed>,
    /// How many trades may be open at once.
    pub max_open_trades: Option<i32>,
    /// How large the position in one asset may be, in the account's currency.
    pub max_position: Option<String>,
    /// The share of the used margin, in percent, at which its trades are closed, 0 to 100; by default 50 where it is
    /// leveraged, and 0 where it is not.
    pub stop_out_percent: Option<i32>,
    /// What its owner asks to be kept from.
    pub protections: Protections,
}

impl Account {
    /// The text that the cursors of lists of accounts carry.
    pub const ORDER: &str = "accounts";
}

impl Domain {
    /// Opens an account of the viewer's, with its initial balance as its first ledger entry.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; every problem with the input at once; LIMIT_EXCEEDED.
    pub async fn open_account(&self, viewer: &Viewer, new: NewAccount, client: &ClientInfo) -> Result<Account> {
        let member = viewer.permitted(Permission::TradingWrite)?;
        self.open_account_of((member.tenant_id, member.user_id), new, self.now(), client).await
    }

    /// Opens an account of this user, as at a moment.
    pub(super) async fn open_account_of(
        &self,
        (tenant_id, user_id): (TenantId, UserId),
        new: NewAccount,
        now: DateTime<Utc>,
        client: &ClientInfo,
    ) -> Result<Account> {
        let blank = Account {
            id: AccountId::from_uuid(self.new_uuid()),
            tenant_id,
            user_id,
            number: self.readable_number("PA"),
            name: String::new(),
            currency: String::new(),
            status: AccountStatus::Active,
            leverage: new.leverage.unwrap_or(1),
            initial_balance: Money::ZERO,
            fee_percent: FeeSchedule::USUAL.percent,
            fee_minimum: FeeSchedule::USUAL.minimum,
            fee_per_unit: FeeSchedule::USUAL.per_unit,
            when_closed: new.when_closed.unwrap_or(WhenClosed::Reject),
            max_open_trades: new.max_open_trades,
            max_position: None,
            stop_out_percent: new.stop_out_percent.unwrap_or_else(|| usual_level(new.leverage.unwrap_or(1))),
            protections: new.protections.clone(),
            challenge_id: None,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let account = filled(blank, &new)?;
        let balance = account.initial_balance;
        let book = Book { account, seq: 0, balance: Money::ZERO, open: Vec::new(), challenge: None };
        let mut booking = Booking::new(self, book, now);
        booking.entry(LedgerKind::Deposit, balance, None, None, Some("Initial balance".to_owned()))?;
        booking.note_equity(&Default::default())?;
        let account = booking.book.account.clone();
        let entry = NewEntry {
            tenant_id,
            actor_id: Some(user_id),
            action: Action::PaperAccountOpened,
            subject: Some(account.id.to_string()),
            details: json!({"number": account.number, "currency": account.currency, "balance": balance.to_string()}),
            client: client.clone(),
        };
        let work = Arc::new((booking, entry));
        let row = account::ActiveModel::from(account.clone()).reset_all();
        self.db()
            .write(|tx: &DatabaseTransaction| {
                let (domain, work, row, user) = (self.clone(), work.clone(), row.clone(), account.user_id);
                Box::pin(async move {
                    let open = Entity::unscoped().filter(Column::UserId.eq(user));
                    let open = open.filter(Column::ChallengeId.is_null());
                    let open = open.filter(Column::Status.ne(AccountStatus::Closed)).count(tx).await?;
                    if open >= MOST_ACCOUNTS {
                        return Err(too_many(open));
                    }
                    Entity::insert(row).exec_without_returning(tx).await?;
                    work.0.rows(tx).await?;
                    domain.audit(tx, work.1.clone()).await
                })
            })
            .await?;
        Ok(account)
    }

    /// The account that a challenge is judged on: its rules say what it may do.
    pub(crate) fn account_of_challenge(&self, challenge: &Challenge, rules: &Rules, now: DateTime<Utc>) -> Account {
        Account {
            id: AccountId::from_uuid(self.new_uuid()),
            tenant_id: challenge.tenant_id,
            user_id: challenge.user_id,
            number: self.readable_number("PA"),
            name: format!("{} challenge, phase {}", challenge.tier_name, challenge.phase).chars().take(60).collect(),
            currency: rules.currency.clone(),
            status: AccountStatus::Active,
            leverage: rules.leverage,
            initial_balance: rules.initial_balance,
            fee_percent: FeeSchedule::USUAL.percent,
            fee_minimum: FeeSchedule::USUAL.minimum,
            fee_per_unit: FeeSchedule::USUAL.per_unit,
            when_closed: WhenClosed::Reject,
            max_open_trades: Some(MOST_CHALLENGE_TRADES),
            max_position: rules.largest_position(),
            stop_out_percent: usual_level(rules.leverage),
            protections: Protections::default(),
            challenge_id: Some(challenge.id),
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// A number to be read to somebody, that is hardly ever given twice: 50 random bits after what it is of.
    pub(crate) fn readable_number(&self, prefix: &str) -> String {
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        let letters: String = self.entropy().bytes::<10>().iter().map(letter).collect();
        let (first, second) = letters.split_at(5);
        format!("{prefix}-{first}-{second}")
    }

    /// A page of the accounts that the viewer may read, newest first.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn accounts_page(&self, viewer: &Viewer, args: &PageArgs) -> Result<Page<Account>> {
        viewer.permitted(Permission::TradingRead)?;
        let request = args.parse::<IdKey<AccountId>>(Account::ORDER).map_err(Error::Problems)?;
        let rows = newest_first(Entity::visible_to(viewer), Column::Id, &request).all(self.db().reader()).await?;
        Ok(request.page(rows))
    }

    /// How many accounts the viewer may read.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn count_accounts(&self, viewer: &Viewer) -> Result<u64> {
        viewer.permitted(Permission::TradingRead)?;
        Ok(Entity::visible_to(viewer).count(self.db().reader()).await?)
    }

    /// An account, if the viewer may read it.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn account(&self, viewer: &Viewer, id: AccountId) -> Result<Option<Account>> {
        viewer.permitted(Permission::TradingRead)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.eq(id)).one(self.db().reader()).await?)
    }

    /// Those of these accounts that the viewer may read.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn accounts_by_id(&self, viewer: &Viewer, ids: Vec<AccountId>) -> Result<Vec<Account>> {
        viewer.permitted(Permission::TradingRead)?;
        Ok(Entity::visible_to(viewer).filter(Column::Id.is_in(ids)).all(self.db().reader()).await?)
    }

    /// What an account is worth now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn standing(&self, account: &Account) -> Result<Standing> {
        let book = self.book_of(account.clone()).await?;
        let marks = self.marks_of(&book, None).await?;
        Ok(book.standing(&marks)?)
    }

    /// What accounts are worth now, by their ids, with a handful of statements however many there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn standings(&self, accounts: &[Account]) -> Result<HashMap<AccountId, Standing>> {
        let reader = self.db().reader();
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let newest = ledger::Entity::unscoped().select_only().column(ledger::Column::AccountId);
        let newest = newest.column_as(ledger::Column::Seq.max(), "seq").group_by(ledger::Column::AccountId);
        let newest = newest.filter(ledger::Column::AccountId.is_in(ids.clone()));
        let newest: Vec<(AccountId, i64)> = newest.into_tuple().all(reader).await?;
        let keys = newest.iter().fold(Condition::any(), |any, (account, seq)| {
            any.add(Condition::all().add(ledger::Column::AccountId.eq(*account)).add(ledger::Column::Seq.eq(*seq)))
        });
        let last =
            if newest.is_empty() { Vec::new() } else { ledger::Entity::unscoped().filter(keys).all(reader).await? };
        let last: HashMap<AccountId, LedgerEntry> = last.into_iter().map(|entry| (entry.account_id, entry)).collect();
        let open = trade::Entity::unscoped().filter(trade::Column::Status.eq(TradeStatus::Open));
        let open = open.filter(trade::Column::AccountId.is_in(ids)).order_by_asc(trade::Column::OpenedAt);
        let open = open.order_by_asc(trade::Column::Id).all(reader).await?;
        let assets: Vec<AssetId> = open.iter().map(|trade| trade.asset_id).collect();
        let mut marks: HashMap<&str, Marks> = HashMap::new();
        let mut standings = HashMap::with_capacity(accounts.len());
        for account in accounts {
            let currency = account.currency.as_str();
            if !marks.contains_key(currency) {
                marks.insert(currency, self.marks(assets.clone(), currency).await?);
            }
            let entry = last.get(&account.id).ok_or_else(|| Fault::Bug(format!("{} has no ledger", account.id)))?;
            let open = open.iter().filter(|trade| trade.account_id == account.id).cloned().collect();
            let (seq, balance) = (entry.seq, entry.balance_after);
            let book = Book { account: account.clone(), seq, balance, open, challenge: None };
            if let Some(marks) = marks.get(currency) {
                standings.insert(account.id, book.standing(marks)?);
            }
        }
        Ok(standings)
    }

    /// Suspends an account of the viewer's tenant, activates or closes it. A closed account stays closed, and one with open
    /// trades can't be closed.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; NOT_FOUND, CONFLICT.
    pub async fn set_account_status(
        &self,
        viewer: &Viewer,
        id: AccountId,
        status: AccountStatus,
        reason: &str,
        client: &ClientInfo,
    ) -> Result<Account> {
        let member = viewer.permitted(Permission::TradingManage)?;
        let reason = text::line(reason, 300, &["input", "reason"])?;
        let account = self.account(viewer, id).await?;
        let gone = || Problem::new(ProblemCode::NotFound, &["input", "accountId"], "there is no such account");
        let account = account.ok_or_else(gone)?;
        let _turn = self.desk().turn(id).await;
        for _ in 0..MOST_TRIES {
            let book = self.read_book(id).await?;
            let conflict =
                |message: &str| Error::from(Problem::new(ProblemCode::Conflict, &["input", "status"], message));
            if book.account.status == status {
                return Ok(book.account);
            }
            if book.account.status == AccountStatus::Closed {
                return Err(conflict("a closed account stays closed"));
            }
            if book.account.challenge_id.is_some() {
                return Err(conflict(
                    "the account belongs to a challenge, which says what it may do: cancel that instead",
                ));
            }
            if status == AccountStatus::Closed && !book.open.is_empty() {
                return Err(conflict("the account has open trades: close them first"));
            }
            let mut booking = Booking::new(self, book, self.now());
            booking.set_status(status);
            let booking = Arc::new(booking);
            let entry = NewEntry {
                tenant_id: account.tenant_id,
                actor_id: (account.tenant_id == member.tenant_id).then_some(member.user_id),
                action: Action::PaperAccountStatusChanged,
                subject: Some(id.to_string()),
                details: json!({"status": status.as_str(), "reason": reason}),
                client: client.clone(),
            };
            let is_done = self
                .db()
                .write(|tx| {
                    let (domain, booking, entry) = (self.clone(), booking.clone(), entry.clone());
                    Box::pin(async move {
                        if !booking.run(tx).await? {
                            return Ok(false);
                        }
                        domain.audit(tx, entry).await.map(|()| true)
                    })
                })
                .await?;
            if is_done {
                self.account_feed().tell(id, booking.version());
                return Ok(booking.book.account.clone());
            }
        }
        Err(Fault::Unavailable(None).into())
    }
}

/// The account with what was asked for; every problem at once.
fn filled(blank: Account, new: &NewAccount) -> Result<Account> {
    let mut problems = new.protections.problems();
    let mut refuse = |field: &str, message: String| problems.push(Problem::validation(&["input", field], message));
    let name = text::line(new.name.as_deref().unwrap_or("Paper account"), 60, &[]);
    let name = name.map_err(|problem| refuse("name", problem.message)).unwrap_or_default();
    let currency = new.currency.as_deref().unwrap_or("USD").trim().to_ascii_uppercase();
    let digits = minor_digits(&currency);
    if digits.is_none() {
        refuse("currency", format!("expected one of {}", currencies().collect::<Vec<_>>().join(", ")));
    }
    if !(1..=100).contains(&blank.leverage) {
        refuse("leverage", format!("expected 1 to 100, got {}", blank.leverage));
    }
    if let Some(most) = blank.max_open_trades.filter(|most| !(1..=500).contains(most)) {
        refuse("maxOpenTrades", format!("expected 1 to 500, got {most}"));
    }
    if !(0..=100).contains(&blank.stop_out_percent) {
        refuse("stopOutPercent", format!("expected 0 to 100, got {}", blank.stop_out_percent));
    }
    let minor = 10_i64.pow(MoneyUnit::SCALE - digits.unwrap_or(MoneyUnit::SCALE));
    let mut money = |field: &str, text: Option<&str>, usual: Money| {
        let Some(text) = text else { return usual };
        let read = positive::<MoneyUnit>(text).and_then(|money| {
            if money.raw() % minor != 0 {
                return Err(format!("{currency} has no amount of {money}"));
            }
            let most = Money::from_int(LARGEST_BALANCE).unwrap_or(Money::MAX);
            if money > most { Err(format!("at most {most}")) } else { Ok(money) }
        });
        read.map_err(|message| refuse(field, message)).unwrap_or(usual)
    };
    let usual = Money::from_int(100_000)?;
    let initial_balance = money("initialBalance", new.initial_balance.as_deref(), usual);
    let max_position = new.max_position.as_deref().map(|text| money("maxPosition", Some(text), usual));
    let fee_minimum = money("feeMinimum", not_zero(new.fee_minimum.as_deref()), Money::ZERO);
    let fee_percent = rate("feePercent", new.fee_percent.as_deref(), FeeSchedule::LARGEST_PERCENT, &mut refuse);
    let most = crate::fixed::Price::from_int(1_000)?;
    let fee_per_unit = rate("feePerUnit", new.fee_per_unit.as_deref(), most, &mut refuse);
    if !problems.is_empty() {
        return Err(Error::Problems(problems));
    }
    Ok(Account {
        name,
        currency,
        initial_balance,
        fee_percent: fee_percent.unwrap_or(blank.fee_percent),
        fee_minimum,
        fee_per_unit: fee_per_unit.unwrap_or(blank.fee_per_unit),
        max_position,
        ..blank
    })
}

/// The text, unless it says zero.
fn not_zero(text: Option<&str>) -> Option<&str> {
    text.filter(|text| text.parse::<Money>() != Ok(Money::ZERO))
}

/// Reads a part of a fee schedule: 0 to the most.
fn rate<U: Unit>(
    field: &str,
    text: Option<&str>,
    most: Fixed<U>,
    refuse: &mut impl FnMut(&str, String),
) -> Option<Fixed<U>> {
    let read = text?.parse::<Fixed<U>>().map_err(|error| error.to_string());
    let within = |number: &Fixed<U>| (Fixed::ZERO..=most).contains(number);
    let read = read.and_then(|number| if within(&number) { Ok(number) } else { Err(format!("expected 0 to {most}")) });
    read.map_err(|message| refuse(field, message)).ok()
}

fn too_many(open: u64) -> Error {
    let saturate = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let limit = Limit { key: "accounts".to_owned(), used: saturate(open), allowed: saturate(MOST_ACCOUNTS) };
    let message = format!("you have {MOST_ACCOUNTS} accounts: an admin can close one");
    let problem = Problem::new(ProblemCode::LimitExceeded, &["input"], message);
    Problem { limit: Some(limit), ..problem }.into()
}
