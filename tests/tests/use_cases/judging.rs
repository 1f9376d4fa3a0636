//! What signals are judged by, which of them count, and how many groups of them are told.

use std::sync::Arc;

use bellwether_domain::analysis::StatsGroup;
use bellwether_domain::market::{ChartRange, SourceName, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::signals::{
    Audience, Compare, Direction, Mode, NewSignal, OnDuplicate, Outcome, RecordOutcome, Recording, Signal,
    SignalFilter, SignalOrder, SignalOrigin,
};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{ProblemCode, Viewer};
use bellwether_integrations::demo::Demo;
use bellwether_migrations::Migrator;
use bellwether_tests::{TestDomain, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use sea_orm_migration::MigratorTrait;

use crate::analysis::{asset, at_rest, candle, code, day, purchase, put, record, signals};
use crate::market::chart;
use crate::market::scripted::Scripted;
use crate::scheduler::run;

const QUIET: ([i64; 4], i64) = ([10_000, 10_100, 9_900, 10_000], 1);

/// The signal of an asset about a time.
async fn of(app: &TestDomain, viewer: &Viewer, symbol: &str, time: DateTime<Utc>) -> Arc<Signal> {
    let all = signals(app, viewer, SignalFilter::default()).await;
    let is =
        |view: &&bellwether_domain::signals::SignalView| view.asset.symbol == symbol && view.signal.signal_time == time;
    all.iter().find(is).unwrap().signal.clone()
}

/// Puts daily candles of MSFT from a day on, simulated or not.
async fn put_msft(app: &TestDomain, from: i64, rows: &[([i64; 4], i64)], source: SourceName) {
    let candles: Vec<_> = (from..).zip(rows).map(|(index, (p, volume))| candle(day(index), *p, *volume)).collect();
    let asset = asset(&app.domain, "MSFT").await;
    assert_eq!(app.domain.put_candles(&asset, Timeframe::D1, source, candles).await.unwrap(), rows.len());
}

fn msft(index: i64) -> NewSignal {
    NewSignal { symbol: "MSFT".to_owned(), ..purchase(index) }
}

async fn settle(app: &TestDomain, owner: &Viewer) -> i64 {
    let settled = run(app, owner, "signal_settlement").await;
    assert_eq!(settled.status, RunStatus::Succeeded, "{:?}", settled.notes);
    settled.items
}

both_databases! {
    /// The present is noon of Monday, day 300, before the exchange opens; day 297 was a Friday.
    async fn what_is_said_in_hindsight_is_judged_and_does_not_count(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        put(&app, 290, &[QUIET; 8]).await;
        record(&app, &trader, vec![purchase(290), purchase(296), purchase(297), purchase(298)]).await;
        let late = async |index| of(&app, &trader, "AAPL", day(index)).await.in_hindsight;
        assert!(late(290).await && late(296).await, "the exchange was open since");
        assert!(!late(297).await && !late(298).await, "nobody knows more than on Friday");

        // The last hour of Friday opens at half past eight: the house says so, and anybody else may mean the hour before.
        let (house, last_hour) = (Recording {
            tenant_id: app.tenant("a"),
            author_id: Some(app.user("a", Role::Trader)),
            origin: SignalOrigin::Engine,
            may_publish: false,
        }, day(297) + TimeDelta::minutes(20 * 60 + 30));
        let hour = |symbol: &str| NewSignal {
            symbol: symbol.to_owned(),
            timeframe: Some(Timeframe::H1),
            signal_time: Some(last_hour),
            ..purchase(0)
        };
        app.domain.record_signals_as(&house, vec![hour("AAPL")]).await.unwrap().remove(0).unwrap();
        assert!(!of(&app, &trader, "AAPL", last_hour).await.in_hindsight);
        app.domain.record_signals_as(&house, vec![NewSignal { signal_time: Some(last_hour - TimeDelta::hours(1)), ..hour("MSFT") }]).await.unwrap().remove(0).unwrap();
        assert!(of(&app, &trader, "MSFT", last_hour - TimeDelta::hours(1)).await.in_hindsight);

        // A better word for the same is no other forecast; another target is.
        app.clock.advance(TimeDelta::days(2));
        let reworded = NewSignal { summary: Some("As said.".to_owned()), on_duplicate: OnDuplicate::Update, ..purchase(297) };
        let changed = NewSignal { target: Some("120".to_owned()), on_duplicate: OnDuplicate::Update, ..purchase(298) };
        for answer in app.domain.record_signals(&trader, vec![reworded, changed]).await.unwrap() {
            assert_eq!(answer.unwrap().outcome, RecordOutcome::Updated);
        }
        assert_eq!((late(297).await, late(298).await), (false, true));

        put(&app, 300, &[([10_000, 11_200, 9_990, 10_000], 1)]).await;
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 3, "all but the one whose target was put off");
        assert_eq!(of(&app, &trader, "AAPL", day(290)).await.outcome, Some(Outcome::Win), "it is judged all the same");
        let stats = async |with| app.domain.signal_stats(&trader, &SignalFilter::default(), None, with).await.unwrap().remove(0);
        let (told, all) = (stats(false).await, stats(true).await);
        assert_eq!((told.count, told.hits, told.settled, told.hindsight, told.simulated), (2, 1, 1, 4, 0));
        assert_eq!((all.count, all.hits, all.settled, all.hindsight, all.simulated), (6, 3, 3, 4, 0));
        let bands = app.domain.signal_stats(&trader, &SignalFilter::default(), Some(StatsGroup::Confidence), false).await.unwrap();
        assert_eq!((bands[0].group.as_deref(), bands[0].count, bands[0].hindsight), (Some("70-79"), 2, 4));
        assert_eq!(bands[0].win_rate.unwrap().to_string(), "100", "the win rate of the band");
    }

    /// New York trades from 14:30 to 21:00; Monday is day 300, and Tuesday its evening.
    async fn what_had_traded_when_a_signal_was_given_or_changed_does_not_count_for_it(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        let rise = ([10_000, 11_200, 9_990, 11_100], 1);
        put(&app, 299, &[QUIET]).await;
        let by = |strategy: &str, target: &str| NewSignal {
            strategy: Some(strategy.to_owned()),
            target: Some(target.to_owned()),
            ..purchase(299)
        };
        record(&app, &trader, vec![by("before the opening", "110"), by("changed in the evening", "150"),
            by("reworded in the evening", "110")]).await;
        // Monday, 22:00 UTC: the day's high is known, and it is not too late yet.
        app.clock.advance(TimeDelta::hours(10));
        record(&app, &trader, vec![by("given in the evening", "110")]).await;
        let again = |new| NewSignal { on_duplicate: OnDuplicate::Update, ..new };
        let reworded = NewSignal { summary: Some("As said.".to_owned()), ..by("reworded in the evening", "110") };
        for answer in app.domain.record_signals(&trader, vec![again(by("changed in the evening", "110")), again(reworded)]).await.unwrap() {
            let signal = answer.unwrap().signal;
            assert!(!signal.in_hindsight);
        }
        app.clock.advance(TimeDelta::days(1));
        put(&app, 300, &[rise]).await;
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 2, "those alone that were said before it opened");
        let outcomes: Vec<_> = signals(&app, &trader, SignalFilter::default())
            .await
            .into_iter()
            .map(|view| (view.strategy.unwrap().to_string(), view.signal.outcome))
            .collect();
        let of = |name: &str| outcomes.iter().find(|(strategy, _)| strategy == name).unwrap().1;
        assert_eq!((of("before the opening"), of("reworded in the evening")), (Some(Outcome::Win), Some(Outcome::Win)));
        assert_eq!((of("given in the evening"), of("changed in the evening")), (None, None));
    }

    async fn the_demos_history_counts_and_is_marked_as_simulated(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        put_msft(&app, 100, &[QUIET, ([10_000, 11_200, 9_990, 10_000], 1)], SourceName::Demo).await;
        let recording = Recording {
            tenant_id: app.tenant("a"),
            author_id: Some(app.user("a", Role::Trader)),
            origin: SignalOrigin::Seed,
            may_publish: false,
        };
        for answer in app.domain.record_signals_as(&recording, vec![msft(100)]).await.unwrap() {
            let signal = answer.unwrap().signal;
            assert_eq!((signal.in_hindsight, signal.is_simulated), (false, true));
        }
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 1);
        let told = app.domain.signal_stats(&trader, &SignalFilter::default(), None, false).await.unwrap().remove(0);
        assert_eq!((told.count, told.hits, told.hindsight, told.simulated), (1, 1, 0, 1));
    }

    async fn simulated_and_true_prices_judge_only_what_was_said_of_them(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        let rise = ([10_000, 11_200, 9_990, 10_000], 1);
        put_msft(&app, 100, &[QUIET, QUIET, rise], SourceName::Demo).await;
        put(&app, 100, &[QUIET, QUIET, rise]).await;
        let of_simulated = |index, symbol: &str| NewSignal { symbol: symbol.to_owned(), is_simulated: true, ..purchase(index) };
        record(&app, &trader, vec![msft(100), of_simulated(101, "MSFT"), purchase(100), of_simulated(101, "AAPL")]).await;
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 2);
        let found = async |symbol, index| {
            let signal = of(&app, &trader, symbol, day(index)).await;
            (signal.outcome, signal.is_simulated)
        };
        assert_eq!(found("MSFT", 101).await, (Some(Outcome::Win), true));
        assert_eq!(found("AAPL", 100).await, (Some(Outcome::Win), false));
        assert_eq!(found("MSFT", 100).await, (None, false), "simulated prices say nothing of it");
        assert_eq!(found("AAPL", 101).await, (None, true), "true prices say nothing of it");

        // In a demo there are no others for what comes from outside.
        app.domain.anchor_demo(app.clock_now()).await.unwrap();
        assert_eq!(settle(&app, &owner).await, 1);
        assert_eq!(found("MSFT", 100).await, (Some(Outcome::Win), true), "and it is marked");
        assert_eq!(found("AAPL", 101).await, (None, true));
    }

    async fn a_signal_expires_where_candles_go_on_or_its_asset_has_ceased(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        // 30 candles of a day, eight times as long, and ten days: the window of day 40 ends with day 290.
        put(&app, 40, &[QUIET; 3]).await;
        record(&app, &trader, vec![purchase(40), msft(40)]).await;
        let _jobs = at_rest(&app, &owner).await;
        let outcome = async |symbol| {
            let signal = of(&app, &trader, symbol, day(40)).await;
            (signal.outcome, signal.return_percent.map(|percent| percent.to_string()))
        };
        assert_eq!(settle(&app, &owner).await, 0, "its window is over, but its candles may only be missing");
        put(&app, 291, &[QUIET]).await;
        assert_eq!(settle(&app, &owner).await, 1);
        assert_eq!(outcome("AAPL").await, (Some(Outcome::Expired), Some("0".to_owned())), "candles go on beyond it");
        assert_eq!(outcome("MSFT").await, (None, None), "it has none");
        // Thirty days after the window's end it has ceased.
        app.clock.advance(TimeDelta::days(19));
        assert_eq!(settle(&app, &owner).await, 0);
        app.clock.advance(TimeDelta::days(1));
        assert_eq!(settle(&app, &owner).await, 1);
        assert_eq!(outcome("MSFT").await, (Some(Outcome::Expired), None), "nothing judged it");
        let told = app.domain.signal_stats(&trader, &SignalFilter::default(), None, true).await.unwrap().remove(0);
        assert_eq!((told.count, told.settled, told.expired), (2, 1, 1), "what nothing judged is no figure");
    }

    async fn the_candles_that_open_signals_wait_for_are_fetched(app: TestDomain) {
        let mut app = app;
        let owner = app.viewer("a", Role::Owner).await;
        let clock = Arc::clone(&app.clock);
        app.domain = app.another_asking(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(60)))]).await;
        app.domain.anchor_demo(app.clock_now()).await.unwrap();
        let trader = app.viewer("a", Role::Trader).await;
        let time = app.clock_now() - TimeDelta::days(5);
        let signal = NewSignal {
            symbol: "BTC-USD".to_owned(),
            mode: Some(Mode::Scalp),
            timeframe: Some(Timeframe::M15),
            signal_time: Some(time),
            entry: None,
            target: None,
            stop: None,
            ..purchase(0)
        };
        record(&app, &trader, vec![signal]).await;
        let bitcoin = asset(&app.domain, "BTC-USD").await;
        let stored = app.domain.closed_candles(&bitcoin, Timeframe::M15, None, app.clock_now(), 10).await.unwrap();
        assert!(stored.is_empty(), "nobody has asked for them yet");
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 1);
        let settled = of(&app, &trader, "BTC-USD", time).await;
        assert_eq!((settled.outcome, settled.is_simulated), (Some(Outcome::Expired), true), "after its 24 candles");
        assert!(settled.return_percent.is_some());
    }

    async fn candles_are_fetched_first_of_what_was_asked_for_longest_ago(app: TestDomain) {
        let mut app = app;
        let owner = app.viewer("a", Role::Owner).await;
        let (domain, source) = Scripted::asked_by(&app).await;
        app.domain = domain;
        let trader = app.viewer("a", Role::Trader).await;
        record(&app, &trader, vec![purchase(297), msft(297)]).await;
        app.domain.pause_job(&owner, "candle_refresh", &ClientInfo::default()).await.unwrap();
        let _jobs = at_rest(&app, &owner).await;
        // It has none of either, so that both are asked for each time.
        for [just_asked, other] in [["AAPL", "MSFT"], ["MSFT", "AAPL"], ["AAPL", "MSFT"]] {
            let daily = chart(just_asked, Timeframe::D1, ChartRange::Month);
            app.domain.candle_series(&trader, &daily).await.unwrap_err();
            assert_eq!(source.charted(), [just_asked]);
            app.clock.advance(TimeDelta::minutes(20));
            settle(&app, &owner).await;
            assert_eq!(source.charted(), [other, just_asked]);
            app.clock.advance(TimeDelta::minutes(20));
        }
    }

    /// A signal is judged by its own window alone, whoever is looked at beside it.
    async fn a_verdict_does_not_depend_on_its_batch(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        // 24 candles of a day, eight times as long, and ten days: the window of day 0 ends with day 202, and the rise comes after.
        let rise = ([10_000, 11_200, 9_990, 10_000], 1);
        put(&app, 0, &[QUIET, QUIET]).await;
        put(&app, 205, &[QUIET, rise]).await;
        let scalp = |strategy: &str, index| NewSignal {
            mode: Some(Mode::Scalp),
            strategy: Some(strategy.to_owned()),
            ..purchase(index)
        };
        record(&app, &trader, vec![scalp("alone", 0)]).await;
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(settle(&app, &owner).await, 1);
        record(&app, &trader, vec![scalp("beside another", 0), scalp("another", 205)]).await;
        assert_eq!(settle(&app, &owner).await, 2);
        let outcomes: Vec<_> = signals(&app, &trader, SignalFilter::default())
            .await
            .into_iter()
            .map(|view| (view.strategy.unwrap().to_string(), view.signal.outcome, view.signal.return_percent))
            .collect();
        let of = |name: &str| outcomes.iter().find(|(strategy, ..)| strategy == name).map(|(_, o, p)| (*o, *p)).unwrap();
        assert_eq!(of("alone"), of("beside another"));
        assert_eq!((of("alone").0, of("another").0), (Some(Outcome::Expired), Some(Outcome::Win)));
    }

    /// What was recorded before it was written down how, is told apart by its times.
    async fn the_migration_marks_what_is_there(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        put_msft(&app, 100, &[QUIET], SourceName::Demo).await;
        // The longest weekend may lie between day 296 and noon of day 300; nobody has hourly candles of MSFT, nor weeks.
        record(&app, &trader, vec![purchase(100), purchase(296), purchase(299), msft(299)]).await;
        let house = Recording { tenant_id: app.tenant("a"), author_id: None, origin: SignalOrigin::Engine, may_publish: true };
        let of = |timeframe, index| NewSignal { timeframe: Some(timeframe), audience: Some(Audience::Tenant), ..msft(index) };
        for answer in app.domain.record_signals_as(&house, vec![of(Timeframe::W1, 293), of(Timeframe::H1, 298)]).await.unwrap() {
            answer.unwrap();
        }
        let seed = Recording {
            tenant_id: app.tenant("a"),
            author_id: Some(app.user("a", Role::Trader)),
            origin: SignalOrigin::Seed,
            may_publish: false,
        };
        app.domain.record_signals_as(&seed, vec![purchase(101)]).await.unwrap().remove(0).unwrap();
        let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        let own = names.iter().position(|name| name == "m20261128_000002_analysis").unwrap();
        let steps = u32::try_from(names.len() - own).unwrap();
        Migrator::down(app.domain.db().writer(), Some(steps)).await.unwrap();
        Migrator::up(app.domain.db().writer(), None).await.unwrap();
        let again = app.another().await;
        let args = PageArgs { first: Some(100), ..PageArgs::default() };
        let all = again.signals_page(&trader, &SignalFilter::default(), SignalOrder::default(), &args).await.unwrap().items;
        let mut told: Vec<_> = all
            .iter()
            .map(|view| (view.asset.symbol.as_str(), view.signal.signal_time, view.signal.in_hindsight, view.signal.is_simulated))
            .collect();
        told.sort();
        assert_eq!(told, [
            ("AAPL", day(100), true, false),
            ("AAPL", day(101), false, true),
            ("AAPL", day(296), false, false),
            ("AAPL", day(299), false, false),
            ("MSFT", day(293), false, true),
            ("MSFT", day(298), false, false),
            ("MSFT", day(299), false, false),
        ]);
    }

    /// Candles of minutes are not kept for ever.
    async fn seeding_again_adds_no_signal_whatever_candles_were_removed(app: TestDomain) {
        let (clock, anchor) = (Arc::clone(&app.clock), app.clock_now());
        let domain = app.another_asking(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(60)))]).await;
        domain.anchor_demo(anchor).await.unwrap();
        let first = bellwether_seeds::demo(&domain).await.unwrap();
        assert!(first.inserted > 500, "{first}");
        app.clock.advance(TimeDelta::days(15));
        let kept = (anchor - TimeDelta::hours(6)).timestamp();
        let remove = format!("DELETE FROM candles WHERE timeframe = '15m' AND open_time < {kept}");
        assert!(domain.db().writer().execute_unprepared(&remove).await.unwrap().rows_affected() > 0);
        let again = bellwether_seeds::demo(&domain).await.unwrap();
        assert_eq!(again.inserted, 0, "{again}");
        assert!(again.ignored > 0 && again.ignored < first.inserted, "{again}");
    }

    async fn too_many_groups_are_refused(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        let by = |n: i32| NewSignal {
            strategy: Some(format!("strategy {n}")),
            direction: Some(if n < 3 { Direction::Sell } else { Direction::Buy }),
            target: None,
            stop: None,
            audience: Some(Audience::Private),
            ..purchase(299)
        };
        record(&app, &trader, (0..500).map(by).collect()).await;
        let stats = async |filter: SignalFilter| {
            app.domain.signal_stats(&trader, &filter, Some(StatsGroup::Strategy), false).await
        };
        assert_eq!(stats(SignalFilter::default()).await.unwrap().len(), 500);
        record(&app, &trader, vec![by(500)]).await;
        let refused = stats(SignalFilter::default()).await.unwrap_err();
        assert!(refused.to_string().contains("more than 500 groups"), "{refused}");
        assert_eq!(code(refused), ProblemCode::Validation);
        let sales = SignalFilter::Direction(Compare::equal(Direction::Sell));
        assert_eq!(stats(sales).await.unwrap().len(), 3, "a filter helps");
    }
}
