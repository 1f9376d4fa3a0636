//! Leaderboards and what traders achieve.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwether_domain::challenges::Rules;
use bellwether_domain::identity::NewPerson;
use bellwether_domain::ids::Id;
use bellwether_domain::paging::{PageArgs, encode_cursor};
use bellwether_domain::permission::Role;
use bellwether_domain::ranking::{
    AchievementKind, Badge, Board, Level, Period, Profile, RankKey, Ranked, RankingReport, RankingUpdate, Scope,
};
use bellwether_domain::trading::{Account, AccountStatus, CloseReason, NewAccount, PastPrice, PastTrade, Side};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::task::JoinSet;

use super::challenges::support::{account_of, begun, usual};
use super::trading::support::*;

/// What is traded: at every hour of every day.
const SYMBOL: &str = "BTC-USD";

fn board(period: Period, scope: Scope) -> Board {
    Board { period, scope, on: None }
}

const ALL_TIME: Board = Board { period: Period::AllTime, scope: Scope::Paper, on: None };

/// Opens an account of 100,000 as this role of tenant `a`.
async fn account_for(app: &TestDomain, role: Role) -> (Viewer, Account) {
    let viewer = app.viewer("a", role).await;
    let new = NewAccount { fee_percent: Some("0".to_owned()), ..with("USD", 1) };
    let account = app.domain.open_account(&viewer, new, &ClientInfo::default()).await.unwrap();
    (viewer, account)
}

/// Buys and sells one after the other, each with about this gain.
async fn trade(app: &TestDomain, viewer: &Viewer, account: &Account, gains: &[i64]) {
    for gain in gains {
        requote(app, SYMBOL, "10000", "10000").await;
        let trade = open(app, viewer, market(account, Side::Buy, "1", SYMBOL)).await;
        // What slips is about 10.
        let price = (10_010 + gain).to_string();
        requote(app, SYMBOL, &price, &price).await;
        close(app, viewer, &trade, None).await;
    }
}

async fn page(domain: &Domain, viewer: &Viewer, board: &Board, args: PageArgs) -> Vec<Ranked> {
    domain.leaderboard(viewer, board, None, &args).await.unwrap().items
}

/// The ranks with whose they are.
async fn ranks(app: &TestDomain, viewer: &Viewer, board: &Board) -> Vec<(u64, Role)> {
    let roles = [Role::Trader, Role::Seller, Role::Admin, Role::Owner, Role::Support];
    let role = |ranked: &Ranked| roles.into_iter().find(|role| ranked.is_of(app.user("a", *role))).unwrap();
    let page = page(&app.domain, viewer, board, PageArgs::default()).await;
    page.iter().map(|ranked| (ranked.rank, role(ranked))).collect()
}

/// Computes everybody anew.
async fn check_all(domain: &Domain) -> RankingReport {
    let (mut report, mut after) = (RankingReport::default(), None);
    while let Some(last) = domain.check_rankings_after(after, domain.ranked_since(), &mut report).await.unwrap() {
        after = Some(last);
    }
    report
}

/// What is written down is what the trades say.
async fn assert_agrees(app: &TestDomain) {
    assert_eq!(check_all(&app.domain).await.corrected, 0);
}

fn unlocked(profile: &Profile) -> Vec<AchievementKind> {
    let unlocked = profile.achievements.iter().filter(|known| known.unlocked_at.is_some());
    unlocked.map(|known| known.kind).collect()
}

fn progress(profile: &Profile, kind: AchievementKind) -> (String, String) {
    let known = profile.achievements.iter().find(|known| known.kind == kind).unwrap();
    (known.progress.to_string(), known.goal.to_string())
}

both_databases! {
    async fn a_trader_is_ranked_by_the_best_account_that_has_traded_enough(app: TestDomain) {
        let (trader, first) = account_for(&app, Role::Trader).await;
        let (seller, sold) = account_for(&app, Role::Seller).await;
        let (admin, own) = account_for(&app, Role::Admin).await;
        trade(&app, &trader, &first, &[100, 100, -50, 100, 100]).await;
        trade(&app, &seller, &sold, &[500, 500, 500, 500]).await;
        trade(&app, &admin, &own, &[80, 80, 80, 80, 80]).await;
        assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate { ranked: 3, failed: 0 });
        assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate::default(), "nothing waits any more");
        // Four trades are not enough.
        assert_eq!(ranks(&app, &trader, &ALL_TIME).await, [(1, Role::Admin), (2, Role::Trader)]);
        assert_eq!(app.domain.own_rank(&seller, &ALL_TIME).await.unwrap(), None);
        trade(&app, &seller, &sold, &[-500]).await;
        // A second account counts only where it is the better one.
        let (_, second) = account_for(&app, Role::Trader).await;
        trade(&app, &trader, &second, &[10, 10, 10, 10, 10]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(ranks(&app, &trader, &ALL_TIME).await, [(1, Role::Seller), (2, Role::Admin), (3, Role::Trader)]);
        let own_rank = app.domain.own_rank(&trader, &ALL_TIME).await.unwrap().unwrap();
        assert_eq!((own_rank.rank, own_rank.standing.account_id, own_rank.standing.trades), (3, first.id, 5));
        assert_eq!((own_rank.win_rate().to_string(), own_rank.standing.wins), ("80".to_owned(), 4));
        trade(&app, &trader, &second, &[900]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(ranks(&app, &seller, &ALL_TIME).await, [(1, Role::Seller), (2, Role::Trader), (3, Role::Admin)]);
        let better = app.domain.own_rank(&trader, &ALL_TIME).await.unwrap().unwrap();
        assert_eq!((better.rank, better.standing.account_id), (2, second.id));
        // One that was opened with less than 1,000 is not ranked.
        let new = NewAccount { initial_balance: Some("999.99".to_owned()), ..with("USD", 100) };
        let small = app.domain.open_account(&seller, new, &ClientInfo::default()).await.unwrap();
        trade(&app, &seller, &small, &[90; 5]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(app.domain.own_rank(&seller, &ALL_TIME).await.unwrap().unwrap().standing.account_id, sold.id);
        // Others' boards are others'.
        let other = app.viewer("b", Role::Trader).await;
        assert_eq!(page(&app.domain, &other, &ALL_TIME, PageArgs::default()).await, []);
        assert_eq!(app.domain.count_leaderboard(&other, &ALL_TIME, None).await.unwrap(), 0);
        assert_agrees(&app).await;
    }

    async fn a_trade_that_is_closed_in_parts_counts_once(app: TestDomain) {
        let (viewer, account) = account_for(&app, Role::Trader).await;
        trade(&app, &viewer, &account, &[10, 10, 10, 10]).await;
        requote(&app, SYMBOL, "10000", "10000").await;
        let parts = open(&app, &viewer, market(&account, Side::Buy, "4", SYMBOL)).await;
        for _ in 0..3 {
            requote(&app, SYMBOL, "10100", "10100").await;
            close(&app, &viewer, &parts, Some("1")).await;
        }
        app.domain.update_rankings().await.unwrap();
        assert_eq!(app.domain.own_rank(&viewer, &ALL_TIME).await.unwrap(), None, "it is not over");
        let profile = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!((profile.row.opened, profile.row.closed, profile.row.won), (5, 4, 4));
        let metrics = app.domain.account_metrics(&account).await.unwrap();
        let closed = metrics.mean_win.unwrap().to_string().parse::<f64>().unwrap() * f64::from(metrics.wins);
        let told: f64 = profile.results[0].profit.to_string().parse().unwrap();
        assert!((told - closed).abs() < 0.01, "what the parts gained is told at once: {told}, {closed}");
        // The last part loses more than the others gained.
        requote(&app, SYMBOL, "9000", "9000").await;
        close(&app, &viewer, &parts, None).await;
        app.domain.update_rankings().await.unwrap();
        let ranked = app.domain.own_rank(&viewer, &ALL_TIME).await.unwrap().unwrap();
        assert_eq!((ranked.standing.trades, ranked.standing.wins), (5, 4));
        let metrics = app.domain.account_metrics(&account).await.unwrap();
        assert_eq!(ranked.standing.profit, metrics.total_pnl, "all parts are in it");
        assert_agrees(&app).await;
    }

    async fn a_period_counts_what_was_closed_within_it(app: TestDomain) {
        // Monday, 2 March 2026.
        let (viewer, account) = account_for(&app, Role::Trader).await;
        wait_until(&app, "2026-03-06T12:00:00Z");
        trade(&app, &viewer, &account, &[100, 100, 100, 100, 100]).await;
        wait_until(&app, "2026-03-09T00:00:00Z");
        trade(&app, &viewer, &account, &[-10, -10, -10, -10, -10, -10]).await;
        app.domain.update_rankings().await.unwrap();
        let of = async |period, on: Option<&str>| {
            let board = Board { period, scope: Scope::Paper, on: on.map(|day| day.parse().unwrap()) };
            app.domain.own_rank(&viewer, &board).await.unwrap().map(|ranked| ranked.standing)
        };
        let (week, month) = (of(Period::Week, None).await.unwrap(), of(Period::Month, None).await.unwrap());
        assert_eq!((week.trades, week.wins, week.begins.as_str()), (6, 0, "2026-03-09"));
        assert_eq!((month.trades, month.wins, month.begins.as_str()), (11, 5, "2026-03-01"));
        let before = of(Period::Week, Some("2026-03-08")).await.unwrap();
        assert_eq!((before.trades, before.begins.as_str()), (5, "2026-03-02"));
        assert_eq!(month.profit, before.profit.checked_add(week.profit).unwrap());
        assert_eq!((before.consistency.unwrap().raw(), week.consistency), (0, None));
        assert_eq!(of(Period::Week, Some("2026-03-16")).await, None);
        // The week that has begun is empty, and all time is not.
        wait_until(&app, "2026-04-01T00:00:00Z");
        assert_eq!((of(Period::Week, None).await, of(Period::Month, None).await), (None, None));
        assert_eq!(of(Period::AllTime, None).await.unwrap().trades, 11);
        // After 400 days a week is not kept, and that is no mistake.
        app.clock.advance(TimeDelta::days(420));
        assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate::default());
        let removed = app.domain.remove_entries_before(app.domain.ranked_since()).await.unwrap();
        assert_eq!(removed, 3, "two weeks and a month");
        assert_eq!(of(Period::Week, Some("2026-03-08")).await, None);
        assert_agrees(&app).await;
    }

    async fn closed_accounts_and_suspended_traders_are_not_ranked(app: TestDomain) {
        let (trader, account) = account_for(&app, Role::Trader).await;
        let (seller, sold) = account_for(&app, Role::Seller).await;
        trade(&app, &trader, &account, &[50; 5]).await;
        trade(&app, &seller, &sold, &[20; 5]).await;
        app.domain.update_rankings().await.unwrap();
        let admin = app.viewer("a", Role::Admin).await;
        assert_eq!(ranks(&app, &admin, &ALL_TIME).await, [(1, Role::Trader), (2, Role::Seller)]);
        for (status, places) in [(AccountStatus::Suspended, 1), (AccountStatus::Active, 2), (AccountStatus::Closed, 1)] {
            app.domain.set_account_status(&admin, account.id, status, "test", &ClientInfo::default()).await.unwrap();
            app.domain.update_rankings().await.unwrap();
            assert_eq!(ranks(&app, &admin, &ALL_TIME).await.len(), places, "{status}");
        }
        assert_eq!(ranks(&app, &admin, &ALL_TIME).await, [(1, Role::Seller)]);
        // What they have done stays.
        assert_eq!(app.domain.trader_profile(&trader).await.unwrap().row.won, 5);
        app.domain.suspend_user(&admin, app.user("a", Role::Seller), "test", &ClientInfo::default()).await.unwrap();
        assert_eq!(ranks(&app, &admin, &ALL_TIME).await, []);
        assert_eq!(app.domain.count_leaderboard(&admin, &ALL_TIME, None).await.unwrap(), 0);
        assert_agrees(&app).await;
    }

    async fn challenges_have_a_board_of_their_own(app: TestDomain) {
        requote(&app, SYMBOL, "10000", "10000").await;
        let (viewer, challenge) = begun(&app, vec![Rules { profit_target: Some("5".parse().unwrap()), ..usual() }]).await;
        let account = account_of(&app, &viewer, &challenge).await;
        trade(&app, &viewer, &account, &[80; 5]).await;
        app.domain.update_rankings().await.unwrap();
        let challenges = board(Period::Month, Scope::Challenge);
        assert_eq!(ranks(&app, &viewer, &challenges).await, [(1, Role::Trader)]);
        assert_eq!(ranks(&app, &viewer, &ALL_TIME).await, []);
        // Passed, it stays, and is an achievement.
        trade(&app, &viewer, &account, &[300]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(ranks(&app, &viewer, &challenges).await, [(1, Role::Trader)]);
        let profile = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!(profile.row.challenges_passed, 1);
        assert!(unlocked(&profile).contains(&AchievementKind::ChallengePassed), "{profile:?}");
        assert_eq!(profile.points(), 10 + 6 * 5 + 100);
        // One that is failed is not ranked, whatever it gained before.
        let (viewer, failed) = begun(&app, vec![usual()]).await;
        let second = account_of(&app, &viewer, &failed).await;
        trade(&app, &viewer, &second, &[180; 5]).await;
        app.domain.update_rankings().await.unwrap();
        let ranked = async || app.domain.own_rank(&viewer, &challenges).await.unwrap().unwrap().standing.account_id;
        assert_eq!(ranked().await, second.id);
        trade(&app, &viewer, &second, &[-1_500]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(ranked().await, account.id);
        assert_eq!(app.domain.trader_profile(&viewer).await.unwrap().row.challenges_passed, 1);
        assert_agrees(&app).await;
    }

    async fn what_is_achieved_is_achieved_once(app: TestDomain) {
        let (viewer, account) = account_for(&app, Role::Trader).await;
        let nothing = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!((unlocked(&nothing), nothing.points(), nothing.level()), (vec![], 0, Level::Novice));
        assert_eq!((nothing.display_name.as_str(), nothing.win_rate()), ("", None));
        requote(&app, SYMBOL, "10000", "10000").await;
        let held = open(&app, &viewer, market(&account, Side::Buy, "1", SYMBOL)).await;
        app.domain.update_rankings().await.unwrap();
        let begun = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!((unlocked(&begun), begun.points()), (vec![AchievementKind::FirstTrade], 10));
        assert!(begun.display_name.starts_with("T-"), "{}", begun.display_name);
        requote(&app, SYMBOL, "9900", "9900").await;
        close(&app, &viewer, &held, None).await;
        trade(&app, &viewer, &account, &[60; 9]).await;
        app.domain.update_rankings().await.unwrap();
        let nine = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!(unlocked(&nine), [AchievementKind::FirstTrade, AchievementKind::FirstProfitableTrade]);
        assert_eq!(progress(&nine, AchievementKind::TenWinsInARow), ("9".to_owned(), "10".to_owned()));
        assert_eq!((nine.badges(), nine.points()), (vec![Badge::Bronze], 10 + 9 * 5));
        trade(&app, &viewer, &account, &[800]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(app.domain.note_top_ten().await.unwrap(), 1);
        assert_eq!(app.domain.note_top_ten().await.unwrap(), 0);
        let ten = app.domain.trader_profile(&viewer).await.unwrap();
        let expected = [
            AchievementKind::FirstTrade,
            AchievementKind::FirstProfitableTrade,
            AchievementKind::TenWinsInARow,
            AchievementKind::Profit1000,
            AchievementKind::TopTen,
        ];
        assert_eq!(unlocked(&ten), expected);
        assert_eq!((ten.points(), ten.level(), ten.badges()), (10 + 50 + 50, Level::Trader, vec![Badge::Bronze, Badge::TopTen]));
        // What was gained is lost again: what was achieved is not, and its moment stays.
        trade(&app, &viewer, &account, &[-2_000]).await;
        app.domain.update_rankings().await.unwrap();
        let lost = app.domain.trader_profile(&viewer).await.unwrap();
        assert_eq!(unlocked(&lost), expected);
        assert_eq!(progress(&lost, AchievementKind::Profit1000), ("1000".to_owned(), "1000".to_owned()));
        assert_eq!(progress(&lost, AchievementKind::Profit10000).0, "0");
        let moments = |profile: &Profile| profile.achievements.iter().map(|known| known.unlocked_at).collect::<Vec<_>>();
        assert_eq!(moments(&lost), moments(&ten));
        assert_agrees(&app).await;
    }

    async fn profits_in_other_currencies_are_counted_in_dollars(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        let new = NewAccount { fee_percent: Some("0".to_owned()), ..with("EUR", 1) };
        quote(&app.domain, "EURUSD=X", "1.25", "1.25").await;
        let account = app.domain.open_account(&viewer, new, &ClientInfo::default()).await.unwrap();
        trade(&app, &viewer, &account, &[1_100]).await;
        app.domain.update_rankings().await.unwrap();
        let profile = app.domain.trader_profile(&viewer).await.unwrap();
        let [result] = &profile.results[..] else { panic!("{profile:?}") };
        let euros: f64 = result.profit.to_string().parse().unwrap();
        assert!(result.currency == "EUR" && euros < 1_000.0, "{result:?}");
        assert!(unlocked(&profile).contains(&AchievementKind::Profit1000), "{profile:?}");
        let (dollars, _) = progress(&profile, AchievementKind::Profit10000);
        assert!((dollars.parse::<f64>().unwrap() - euros * 1.25).abs() < 0.01, "{dollars} of {euros}");
    }

    async fn a_board_is_read_page_by_page(app: TestDomain) {
        for (role, gain) in [(Role::Trader, 30), (Role::Seller, 50), (Role::Admin, 10), (Role::Owner, 40)] {
            let (viewer, account) = account_for(&app, role).await;
            trade(&app, &viewer, &account, &[gain; 5]).await;
        }
        app.domain.update_rankings().await.unwrap();
        let viewer = app.viewer("a", Role::Support).await;
        let all = page(&app.domain, &viewer, &ALL_TIME, PageArgs::default()).await;
        assert_eq!(all.iter().map(|ranked| ranked.rank).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let cursor = |index: usize| Some(encode_cursor(Ranked::ORDER, &RankKey::from(&all[index].standing)));
        let of = async |args| page(&app.domain, &viewer, &ALL_TIME, args).await;
        let first = |first, after| PageArgs { first: Some(first), after, ..PageArgs::default() };
        assert_eq!(of(first(2, None)).await, all[..2]);
        assert_eq!(of(first(2, cursor(0))).await, all[1..3]);
        assert_eq!(of(first(2, cursor(2))).await, all[3..]);
        let last = |last, before| PageArgs { last: Some(last), before, ..PageArgs::default() };
        assert_eq!(of(last(2, None)).await, all[2..]);
        assert_eq!(of(last(1, cursor(2))).await, all[1..2]);
        // Nobody finds an account in a cursor.
        let told = cursor(0).map(|cursor| String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap()).unwrap();
        assert!(!told.contains(&all[0].standing.account_id.uuid().simple().to_string()), "{told}");
        let least = URL_SAFE_NO_PAD.encode(format!("1:leaderboard:{0}:{0}:0:{0}", i64::MIN));
        assert_eq!(of(first(1, Some(least))).await, all[..1]);
        for wrong in ["", "MTpsZWFkZXJib2FyZDox", "MTpsZWFkZXJib2FyZDoxOjI6MzpA"] {
            assert!(app.domain.leaderboard(&viewer, &ALL_TIME, None, &first(2, Some(wrong.to_owned()))).await.is_err());
        }
        // Each keeps the rank among all.
        let third = &all[2];
        let name = third.display_name.to_lowercase();
        let found = app.domain.leaderboard(&viewer, &ALL_TIME, Some(&name), &PageArgs::default()).await.unwrap().items;
        assert_eq!(found, std::slice::from_ref(third));
        assert_eq!(app.domain.count_leaderboard(&viewer, &ALL_TIME, Some(&name)).await.unwrap(), 1);
        assert_eq!(app.domain.leaderboard(&viewer, &ALL_TIME, Some("%"), &PageArgs::default()).await.unwrap().items, []);
        assert!(app.domain.leaderboard(&viewer, &ALL_TIME, Some(" "), &PageArgs::default()).await.is_err());
    }

    async fn names_are_found_where_they_are_shown_and_nowhere_else(app: TestDomain) {
        let (trader, account) = account_for(&app, Role::Trader).await;
        trade(&app, &trader, &account, &[30; 5]).await;
        app.domain.update_rankings().await.unwrap();
        tamper(&app, &account, "UPDATE users SET first_name = 'Émile' WHERE id = (SELECT user_id FROM accounts WHERE id = $1)").await;
        let found = async |name: &str| app.domain.count_leaderboard(&trader, &ALL_TIME, Some(name)).await.unwrap();
        assert_eq!((found("Émile").await, found("mile").await), (0, 0), "the name is not shown");
        app.domain.show_name_on_leaderboards(&trader, true).await.unwrap();
        assert_eq!((found("Émile").await, found("mile").await, found("MILE").await), (1, 1, 1));
        assert_eq!(found("t-").await, 0, "nor is the pseudonym then");
    }

    async fn of_equal_profits_the_smaller_fall_is_better_and_then_the_earlier(app: TestDomain) {
        let (seller, sold) = account_for(&app, Role::Seller).await;
        let (trader, first) = account_for(&app, Role::Trader).await;
        let (admin, own) = account_for(&app, Role::Admin).await;
        trade(&app, &seller, &sold, &[-5_000, 3_000, 3_000, 3_000, 3_000]).await;
        trade(&app, &trader, &first, &[3_000, 3_000, 3_000, 3_000, -5_000]).await;
        trade(&app, &admin, &own, &[3_000, 3_000, 3_000, 3_000, -5_000]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(ranks(&app, &seller, &ALL_TIME).await, [(1, Role::Trader), (2, Role::Admin), (3, Role::Seller)]);
        let page = page(&app.domain, &seller, &ALL_TIME, PageArgs::default()).await;
        assert!(page.iter().all(|ranked| ranked.standing.profit_percent() == page[0].standing.profit_percent()));
        assert_eq!(page[0].standing.drawdown_percent, page[1].standing.drawdown_percent);
    }

    async fn ten_are_the_top_ten_and_nobody_who_lost(app: TestDomain) {
        let tenant = app.tenant("a");
        // Eleven who gained, and two who lost.
        for number in 0..13 {
            let person = NewPerson {
                email: format!("trader{number}@many.test"),
                password: "Test-Passw0rd!".into(),
                first_name: "Many".to_owned(),
                last_name: format!("Trader {number}"),
                role: Role::Trader,
            };
            let user = app.domain.create_user(tenant, person).await.unwrap();
            let at = |minutes| app.clock_now() - TimeDelta::minutes(minutes);
            let price = |minutes, price: &str| PastPrice { at: at(minutes), bid: price.parse().unwrap(), ask: price.parse().unwrap() };
            let trades = (0..5).map(|index| PastTrade {
                symbol: SYMBOL,
                side: Side::Buy,
                quantity: "1",
                opened: price(600 - index * 2, "10000"),
                closed: Some((price(599 - index * 2 - number, ["10100", "9000"][usize::from(number > 10)]), CloseReason::Manual)),
            });
            let trades: Vec<_> = trades.collect();
            let new = NewAccount::default();
            assert!(app.domain.put_past_trades((tenant, user.id), new, at(700), &trades).await.unwrap());
        }
        app.domain.update_rankings().await.unwrap();
        assert_eq!(app.domain.note_top_ten().await.unwrap(), 10);
        assert_eq!(app.domain.note_top_ten().await.unwrap(), 0);
        let viewer = app.viewer("a", Role::Support).await;
        let all = page(&app.domain, &viewer, &ALL_TIME, PageArgs::default()).await;
        let top: Vec<bool> = all.iter().map(|ranked| ranked.is_top_ten).collect();
        assert_eq!((all.len(), top.iter().filter(|is_top| **is_top).count()), (13, 10));
        assert!(top[..10].iter().all(|is_top| *is_top), "{top:?}");
    }

    async fn one_who_cannot_be_ranked_holds_up_nobody(app: TestDomain) {
        let (trader, account) = account_for(&app, Role::Trader).await;
        let (seller, sold) = account_for(&app, Role::Seller).await;
        trade(&app, &trader, &account, &[50; 5]).await;
        trade(&app, &seller, &sold, &[20; 5]).await;
        let most = "UPDATE trades SET gross_pnl = 9223372036854775807, realized_pnl = 9223372036854775807 WHERE account_id = $1";
        tamper(&app, &account, most).await;
        assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate { ranked: 1, failed: 1 });
        assert_eq!(ranks(&app, &seller, &ALL_TIME).await, [(1, Role::Seller)]);
        let report = check_all(&app.domain).await;
        assert_eq!(report, RankingReport { traders: 2, corrected: 0, failed: 1 });
        // They wait, and are ranked when it can be done.
        tamper(&app, &account, "UPDATE trades SET gross_pnl = 10000, realized_pnl = 10000 WHERE account_id = $1").await;
        assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate { ranked: 1, failed: 0 });
        assert_eq!(ranks(&app, &seller, &ALL_TIME).await.len(), 2);
        // Nor does one of whom something cannot even be read, which PostgreSQL would not take.
        if app.domain.db().backend() == DbBackend::Sqlite {
            trade(&app, &seller, &sold, &[20]).await;
            trade(&app, &trader, &account, &[20]).await;
            tamper(&app, &account, "UPDATE trades SET opened_at = 'never' WHERE account_id = $1").await;
            assert_eq!(app.domain.update_rankings().await.unwrap(), RankingUpdate { ranked: 1, failed: 1 });
            assert_eq!(check_all(&app.domain).await, RankingReport { traders: 2, corrected: 0, failed: 1 });
        }
    }

    async fn nobody_sees_a_name_that_was_not_shown(app: TestDomain) {
        let (trader, account) = account_for(&app, Role::Trader).await;
        trade(&app, &trader, &account, &[30; 5]).await;
        app.domain.update_rankings().await.unwrap();
        let seller = app.viewer("a", Role::Seller).await;
        let named = async || page(&app.domain, &seller, &ALL_TIME, PageArgs::default()).await.remove(0).display_name;
        let pseudonym = named().await;
        assert!(pseudonym.starts_with("T-"), "{pseudonym}");
        let shown = app.domain.show_name_on_leaderboards(&trader, true).await.unwrap();
        assert_eq!(named().await, shown.display_name);
        assert!(!shown.display_name.starts_with("T-"), "{shown:?}");
        // Figures that are written later leave the choice, and the choice the figures.
        trade(&app, &trader, &account, &[30]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(named().await, shown.display_name);
        let hidden = app.domain.show_name_on_leaderboards(&trader, false).await.unwrap();
        assert_eq!(named().await, hidden.display_name);
        assert!(hidden.display_name.starts_with("T-") && hidden.display_name != pseudonym, "{hidden:?}");
        assert_eq!(app.domain.show_name_on_leaderboards(&trader, false).await.unwrap().display_name, hidden.display_name);
        assert_eq!(app.domain.trader_profile(&trader).await.unwrap().row.opened, 6);
        // Whoever chooses before they trade is shown from the first.
        let chosen = app.domain.show_name_on_leaderboards(&seller, true).await.unwrap();
        let (_, sold) = account_for(&app, Role::Seller).await;
        trade(&app, &seller, &sold, &[300; 5]).await;
        app.domain.update_rankings().await.unwrap();
        assert_eq!(named().await, chosen.display_name);
        assert_agrees(&app).await;
    }

    async fn what_somebody_wrote_into_it_is_found_and_mended(app: TestDomain) {
        let (viewer, account) = account_for(&app, Role::Trader).await;
        trade(&app, &viewer, &account, &[30; 5]).await;
        app.domain.update_rankings().await.unwrap();
        let before = app.domain.own_rank(&viewer, &ALL_TIME).await.unwrap();
        for change in [
            "UPDATE leaderboard_entries SET loss_percent = -9000000 WHERE account_id = $1",
            "DELETE FROM leaderboard_entries WHERE account_id = $1",
            "UPDATE trader_profiles SET won = 0, longest_win_run = 0 WHERE user_id = (SELECT user_id FROM accounts WHERE id = $1)",
            "DELETE FROM achievements WHERE user_id = (SELECT user_id FROM accounts WHERE id = $1)",
            "UPDATE trader_results SET profit = 1 WHERE user_id = (SELECT user_id FROM accounts WHERE id = $1)",
        ] {
            tamper(&app, &account, change).await;
            let report = check_all(&app.domain).await;
            assert_eq!((report.traders, report.corrected), (1, 1), "{change}");
            assert_agrees(&app).await;
            let after = app.domain.own_rank(&viewer, &ALL_TIME).await.unwrap().unwrap();
            assert_eq!(after.standing, before.as_ref().unwrap().standing);
        }
        // What waits in the queue is no mistake.
        trade(&app, &viewer, &account, &[30]).await;
        assert_agrees(&app).await;
        assert_eq!(app.domain.own_rank(&viewer, &ALL_TIME).await.unwrap().unwrap().standing.trades, 5);
    }

    async fn two_that_rank_while_it_is_traded_come_to_what_the_trades_say(app: TestDomain) {
        let mut rng = ChaCha20Rng::seed_from_u64(60);
        let mut traders = Vec::new();
        for role in [Role::Trader, Role::Seller, Role::Admin] {
            traders.push(account_for(&app, role).await);
            traders.push(account_for(&app, role).await);
        }
        let domains = [app.domain.clone(), app.another().await];
        for _ in 0..6 {
            requote(&app, SYMBOL, "10000", "10000").await;
            let mut open_trades = Vec::new();
            for (viewer, account) in &traders {
                open_trades.push(open(&app, viewer, market(account, Side::Buy, "1", SYMBOL)).await);
            }
            let price = rng.random_range(9_700..10_400).to_string();
            requote(&app, SYMBOL, &price, &price).await;
            let mut tasks = JoinSet::new();
            for ((viewer, _), trade) in traders.iter().zip(&open_trades) {
                let (domain, viewer, all) = (app.domain.clone(), viewer.clone(), closing(trade, None));
                tasks.spawn(async move { domain.close_trade(&viewer, all).await.map(drop).unwrap() });
            }
            for domain in domains.clone() {
                tasks.spawn(async move { domain.update_rankings().await.map(drop).unwrap() });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
            assert_agrees(&app).await;
        }
        app.domain.update_rankings().await.unwrap();
        assert_agrees(&app).await;
        // And to what plain SQL makes of the trades.
        let db = app.domain.db();
        let oracle = "SELECT COUNT(*) AS wrong FROM leaderboard_entries JOIN (
                SELECT account_id, COUNT(*) AS trades, CAST(SUM(realized_pnl) AS BIGINT) AS profit
                FROM trades WHERE status = 'CLOSED' GROUP BY account_id
            ) AS told ON told.account_id = leaderboard_entries.account_id
            WHERE period = 'ALL_TIME' AND (told.trades <> leaderboard_entries.trades OR told.profit <> leaderboard_entries.profit)";
        let row = db.reader().query_one_raw(Statement::from_string(db.backend(), oracle)).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "wrong").unwrap(), 0);
        assert_eq!(ranks(&app, &traders[0].0, &ALL_TIME).await.len(), 3);
    }
}
