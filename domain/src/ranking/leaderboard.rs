//! Reading a leaderboard.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value};

use super::entry::Model as Standing;
use super::period::begins;
use super::profile::Model as Profile;
use super::vocabulary::{Period, Scope};
use crate::Domain;
use crate::clock::is_storable;
use crate::error::{Error, Result};
use crate::fixed::Percent;
use crate::ids::UserId;
use crate::paging::{CursorKey, Page, PageArgs, PageRequest};
use crate::permission::Permission;
use crate::text::{like_pattern, line};
use crate::viewer::{Member, Viewer};

/// Which leaderboard: of the viewer's own tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// What trades are counted.
    pub period: Period,
    /// Which accounts are held against each other.
    pub scope: Scope,
    /// A day within the period; none for today.
    pub on: Option<NaiveDate>,
}

/// A trader's place on a leaderboard, by their best account.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The place, from 1.
    pub rank: u64,
    /// How the account stands.
    pub standing: Standing,
    /// What the trader has done.
    pub profile: Profile,
    /// Whether they were once among the ten best of all time.
    pub is_top_ten: bool,
    /// The name that others see.
    pub display_name: String,
}

/// A position on a leaderboard: by the loss in percent, the drawdown, the moment, and a number that tells nothing of the
/// account; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankKey {
    loss: i64,
    drawdown: i64,
    reached_at: DateTime<Utc>,
    tiebreak: i64,
}

impl From<&Standing> for RankKey {
    fn from(standing: &Standing) -> Self {
        Self {
            loss: standing.loss_percent.raw(),
            drawdown: standing.drawdown_percent.raw(),
            reached_at: standing.reached_at,
            tiebreak: standing.tiebreak,
        }
    }
}

impl CursorKey for RankKey {
    fn encode(&self) -> String {
        format!("{}:{}:{}:{}", self.loss, self.drawdown, self.reached_at.timestamp_micros(), self.tiebreak)
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (loss, drawdown) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let reached_at = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
        let tiebreak = parts.next()?.parse().ok()?;
        (parts.next().is_none() && is_storable(reached_at)).then_some(Self { loss, drawdown, reached_at, tiebreak })
    }
}

/// The places of a board: whose account is ranked, and under which name.
const PLACES: &str = "FROM leaderboard_entries
    JOIN trader_profiles ON trader_profiles.user_id = leaderboard_entries.user_id
    JOIN users ON users.id = leaderboard_entries.user_id AND users.status = 'ACTIVE'
    WHERE leaderboard_entries.tenant_id = $1 AND scope = $2 AND period = $3 AND begins = $4 AND is_best";
const KEY: &str = "loss_percent, drawdown_percent, reached_at, tiebreak";
const BACKWARD: &str = "loss_percent DESC, drawdown_percent DESC, reached_at DESC, tiebreak DESC";
const NAME: &str =
    "CASE WHEN shows_name THEN users.first_name || ' ' || users.last_name ELSE trader_profiles.handle END";

/// The rank of a place before it is counted.
const UNCOUNTED: &str = "CAST(0 AS BIGINT)";

/// A statement about one board, as it grows.
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// The columns of a place, and what they are read of.
    fn columns(rank: &str) -> String {
        format!(
            "{rank} AS rank, leaderboard_entries.*, trader_profiles.handle, shows_name, version, opened, closed, won, longest_win_run, \
             longest_day_run, challenges_passed, trader_profiles.created_at, trader_profiles.updated_at, \
             {NAME} AS display_name, EXISTS (SELECT 1 FROM achievements \
             WHERE achievements.user_id = leaderboard_entries.user_id AND kind = 'TOP_TEN') AS is_top_ten"
        )
    }

    fn of(select: &str, board: &Board, member: &Member, today: NaiveDate) -> Self {
        let begins = begins(board.period, board.on.unwrap_or(today)).to_string();
        let (scope, period) = (board.scope.as_str(), board.period.as_str());
        let values = vec![member.tenant_id.into(), scope.into(), period.into(), begins.into()];
        Self { sql: format!("SELECT {select} {PLACES}"), values }
    }

    fn and(mut self, key: RankKey, side: &str) -> Self {
        let first = self.values.len() + 1;
        let place = |offset: usize| format!("${}", first + offset);
        let places = (0..4).map(place).collect::<Vec<_>>().join(", ");
        self.sql = format!("{} AND ({KEY}) {side} ({places})", self.sql);
        self.values.extend([key.loss.into(), key.drawdown.into(), key.reached_at.into(), key.tiebreak.into()]);
        self
    }

    async fn run(self, domain: &Domain) -> Result<Vec<QueryResult>> {
        let reader = domain.db().reader();
        let query = Statement::from_sql_and_values(reader.get_database_backend(), self.sql, self.values);
        Ok(reader.query_all_raw(query).await?)
    }

    async fn count(self, domain: &Domain) -> Result<u64> {
        let rows = self.run(domain).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "count"))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

impl Ranked {
    fn read(row: &QueryResult) -> Result<Self, sea_orm::DbErr> {
        let rank: i64 = row.try_get("", "rank")?;
        Ok(Self {
            rank: u64::try_from(rank).unwrap_or(0),
            standing: Standing::from_query_result(row, "")?,
            profile: Profile::from_query_result(row, "")?,
            is_top_ten: row.try_get("", "is_top_ten")?,
            display_name: row.try_get("", "display_name")?,
        })
    }
}

impl Domain {
    /// A page of a leaderboard of the viewer's tenant, the best first; with a text only those whose name has it in it,
    /// whatever its case (on SQLite that of ASCII letters).
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN; a problem with the page's arguments.
    pub async fn leaderboard(
        &self,
        viewer: &Viewer,
        board: &Board,
        search: Option<&str>,
        args: &PageArgs,
    ) -> Result<Page<Ranked>> {
        let member = viewer.permitted(Permission::TradingRead)?;
        let request: PageRequest<RankKey> = args.parse(Ranked::ORDER).map_err(Error::Problems)?;
        let mut query = self.places(member, board, search)?;
        for (key, side) in [(request.after, ">"), (request.before, "<")] {
            if let Some(key) = key {
                query = query.and(key, side);
            }
        }
        let order = if request.backward { BACKWARD } else { KEY };
        query.sql = format!("{} ORDER BY {order} LIMIT {}", query.sql, request.fetch());
        let rows = query.run(self).await?;
        let mut page = request.page(rows.iter().map(Ranked::read).collect::<Result<Vec<_>, _>>()?);
        if search.is_none() {
            let is_from_start = request.after.is_none() && !request.backward;
            let before = match page.items.first() {
                Some(first) if !is_from_start => {
                    self.places_before(member, board, RankKey::from(&first.standing)).await?
                }
                _ => 0,
            };
            page.items.iter_mut().zip(before + 1..).for_each(|(ranked, rank)| ranked.rank = rank);
        }
        Ok(page)
    }

    /// How many places it has.
    ///
    /// # Errors
    /// As [`Domain::leaderboard`].
    pub async fn count_leaderboard(&self, viewer: &Viewer, board: &Board, search: Option<&str>) -> Result<u64> {
        let member = viewer.permitted(Permission::TradingRead)?;
        let mut query = self.places(member, board, search)?;
        query.sql = format!("SELECT COUNT(*) AS count FROM ({}) AS places", query.sql);
        query.count(self).await
    }

    /// The viewer's own place; none where no account of theirs has closed five trades within the period.
    ///
    /// # Errors
    /// UNAUTHENTICATED, FORBIDDEN.
    pub async fn own_rank(&self, viewer: &Viewer, board: &Board) -> Result<Option<Ranked>> {
        let member = viewer.permitted(Permission::TradingRead)?;
        let mut query = Query::of(&Query::columns(UNCOUNTED), board, member, self.now().date_naive());
        query.values.push(member.user_id.into());
        query.sql = format!("{} AND leaderboard_entries.user_id = ${}", query.sql, query.values.len());
        let rows = query.run(self).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let ranked = Ranked::read(row)?;
        let before = self.places_before(member, board, RankKey::from(&ranked.standing)).await?;
        Ok(Some(Ranked { rank: before + 1, ..ranked }))
    }

    /// The places of a board. Among those that are searched each has its rank on the whole board.
    fn places(&self, member: &Member, board: &Board, search: Option<&str>) -> Result<Query> {
        let today = self.now().date_naive();
        let Some(search) = search else { return Ok(Query::of(&Query::columns(UNCOUNTED), board, member, today)) };
        let search = line(search, 100, &["search"])?;
        let ranked = Query::columns(&format!("ROW_NUMBER() OVER (ORDER BY {KEY})"));
        let mut query = Query::of(&ranked, board, member, today);
        // A name is also compared as it was typed: SQLite makes ASCII letters small, and no others.
        query.values.extend([like_pattern(&search.to_lowercase()).into(), like_pattern(&search).into()]);
        let (small, typed) = (query.values.len() - 1, query.values.len());
        query.sql = format!(
            "SELECT * FROM ({}) AS ranked WHERE (LOWER(display_name) LIKE ${small} ESCAPE '\\' \
             OR display_name LIKE ${typed} ESCAPE '\\')",
            query.sql
        );
        Ok(query)
    }

    async fn places_before(&self, member: &Member, board: &Board, key: RankKey) -> Result<u64> {
        Query::of("COUNT(*) AS count", board, member, self.now().date_naive()).and(key, "<").count(self).await
    }
}

impl Ranked {
    /// The text that the cursors of leaderboards carry.
    pub const ORDER: &str = "leaderboard";

    /// Whether the viewer may know whose place it is: their own, and for who may read all accounts of the tenant, all.
    pub fn is_open_to(&self, viewer: &Viewer) -> bool {
        viewer.may(Permission::TradingReadAll) || viewer.member().is_ok_and(|member| self.is_of(member.user_id))
    }

    /// Whether it is this user's.
    pub fn is_of(&self, user: UserId) -> bool {
        self.standing.user_id == user
    }

    /// How many of a hundred trades gained.
    pub fn win_rate(&self) -> Percent {
        super::figures::rate(self.standing.wins, self.standing.trades)
    }
}
