//! Analysis: what is made of stored candles, how it is judged by later ones, and how it did.

use std::sync::Arc;

use bellwether_domain::analysis::{
    Analysis, IndicatorKind, IndicatorParameters, IndicatorRequest, SignalStats, StatsGroup,
};
use bellwether_domain::market::{Asset, Candle, CandleQuery, ChartRange, SourceName, Symbol, Timeframe};
use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::scheduler::RunStatus;
use bellwether_domain::signals::{
    Audience, Compare, Direction, Mode, NewSignal, Outcome, Reason, RecordOutcome, SignalFilter, SignalOrder,
    SignalOrigin, SignalView,
};
use bellwether_domain::viewer::ClientInfo;
use bellwether_domain::{Domain, Error, Fault, ProblemCode, Viewer};
use bellwether_tests::{TestDomain, both_databases};
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::DropGuard;

use crate::scheduler::{run, scheduling};

/// The first day of the candles of these tests: 300 days before their present.
pub(crate) fn day(index: i64) -> DateTime<Utc> {
    "2025-05-06T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(index)
}

pub(crate) async fn asset(domain: &Domain, symbol: &str) -> Arc<Asset> {
    domain.asset_by_symbol(&Symbol::try_from(symbol).unwrap()).await.unwrap().unwrap()
}

pub(crate) fn candle(open_time: DateTime<Utc>, [open, high, low, close]: [i64; 4], volume: i64) -> Candle {
    let price = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100).parse().unwrap();
    let volume = volume.to_string().parse().unwrap();
    Candle::new(open_time, price(open), price(high), price(low), price(close), volume).unwrap()
}

/// Puts daily candles of AAPL from a day on; prices in cents.
pub(crate) async fn put(app: &TestDomain, from: i64, rows: &[([i64; 4], i64)]) {
    let candles: Vec<Candle> =
        (from..).zip(rows).map(|(index, (prices, volume))| candle(day(index), *prices, *volume)).collect();
    let asset = asset(&app.domain, "AAPL").await;
    let count = app.domain.put_candles(&asset, Timeframe::D1, SourceName::Csv, candles).await.unwrap();
    assert_eq!(count, rows.len(), "all of them have closed");
}

/// A market that goes sideways between 100 and 102, and at its last candle steps up with four times the volume.
pub(crate) fn sideways_then_up(candles: i64) -> Vec<([i64; 4], i64)> {
    let mut before = 10_000;
    let mut rows: Vec<_> = (1..candles)
        .map(|i| {
            let (open, close) = (before, 10_000 + 100 * (i % 3));
            before = close;
            ([open, open.max(close) + 20, open.min(close) - 20, close], 1_000)
        })
        .collect();
    rows.push(([before, 10_650, before - 20, 10_600], 4_000));
    rows
}

pub(crate) fn analysis(strategy: Option<&str>) -> Analysis {
    Analysis {
        symbol: "aapl".to_owned(),
        timeframe: Timeframe::D1,
        mode: Mode::Swing,
        strategy: strategy.map(str::to_owned),
    }
}

pub(crate) fn code(error: Error) -> ProblemCode {
    match error {
        Error::Problems(problems) => problems[0].code,
        Error::Fault(fault) => panic!("{fault}"),
    }
}

pub(crate) async fn signals(app: &TestDomain, viewer: &Viewer, filter: SignalFilter) -> Vec<SignalView> {
    let args = PageArgs { first: Some(100), ..PageArgs::default() };
    app.domain.signals_page(viewer, &filter, SignalOrder::default(), &args).await.unwrap().items
}

/// A purchase at 100 for 110, given up at 95, about a day.
pub(crate) fn purchase(index: i64) -> NewSignal {
    NewSignal {
        symbol: "AAPL".to_owned(),
        mode: Some(Mode::Swing),
        timeframe: Some(Timeframe::D1),
        signal_time: Some(day(index)),
        direction: Some(Direction::Buy),
        confidence: 70,
        strategy: Some("by-hand".to_owned()),
        entry: Some("100".to_owned()),
        target: Some("110".to_owned()),
        stop: Some("95".to_owned()),
        ..NewSignal::default()
    }
}

pub(crate) async fn record(app: &TestDomain, viewer: &Viewer, signals: Vec<NewSignal>) {
    for answer in app.domain.record_signals(viewer, signals).await.unwrap() {
        assert_eq!(answer.unwrap().outcome, RecordOutcome::Inserted);
    }
}

/// A scheduler whose jobs of this file run only when they are asked to.
pub(crate) async fn at_rest(app: &TestDomain, owner: &Viewer) -> DropGuard {
    for job in ["signal_generation", "candle_close_signals", "signal_settlement"] {
        app.domain.pause_job(owner, job, &ClientInfo::default()).await.unwrap();
    }
    scheduling(&app.domain, "one")
}

both_databases! {
    async fn an_analysis_is_a_private_signal_about_the_newest_closed_candle_recorded_once(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        // The present is noon of day 300: that day's candle has not closed.
        put(&app, 0, &sideways_then_up(300)).await;
        let first = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        let again = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        assert_eq!((first.outcome, again.outcome), (RecordOutcome::Inserted, RecordOutcome::Ignored));
        assert_eq!(first.signal.id, again.signal.id);
        let signal = first.signal;
        assert_eq!((signal.direction, signal.source), (Direction::Buy, SignalOrigin::Engine));
        assert_eq!((signal.audience, signal.author_id), (Audience::Private, Some(app.user("a", Role::Trader))));
        assert_eq!((signal.signal_time, signal.entry.unwrap().to_string().as_str()), (day(299), "106"));
        let (entry, target, stop) = (signal.entry.unwrap(), signal.target.unwrap(), signal.stop.unwrap());
        assert!(stop < entry && entry < target, "{stop} {entry} {target}");
        assert_eq!((target.raw() % 1_000_000, stop.raw() % 1_000_000), (0, 0), "prices are multiples of a cent");
        assert_eq!(signal.reasons.0[0].says, "volume is 4.0 times its average of 20 candles while the price rose");
        assert!(signal.summary.unwrap().starts_with("BUY AAPL on 1d, confidence "));
        let payload = signal.payload.unwrap();
        assert_eq!((&payload["strategy"]["version"], &payload["candles"]), (&1.into(), &300.into()));
        let colleague = app.viewer("a", Role::Admin).await;
        assert!(app.domain.signal(&colleague, signal.id).await.unwrap().is_none(), "it is the trader's own");

        // Another candle is another signal, and another strategy too.
        app.clock.advance(TimeDelta::days(1));
        put(&app, 300, &[([10_600, 10_620, 10_580, 10_600], 1_000)]).await;
        let next = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        assert_eq!((next.outcome, next.signal.direction), (RecordOutcome::Inserted, Direction::Hold));
        let usual = app.domain.analyze(&trader, analysis(None)).await.unwrap();
        assert_eq!(usual.outcome, RecordOutcome::Inserted);
        assert_eq!(app.domain.count_signals(&trader, &SignalFilter::default()).await.unwrap(), 3);
    }

    async fn what_cannot_be_analysed_is_told_why(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        let refused = async |analysis| app.domain.analyze(&trader, analysis).await.unwrap_err();
        assert!(matches!(refused(analysis(None)).await, Error::Fault(Fault::MarketDataUnavailable(_))));
        put(&app, 250, &sideways_then_up(50)).await;
        let Error::Problems(problems) = refused(analysis(Some("golden-cross"))).await else { panic!() };
        assert_eq!((problems[0].code, problems[0].path.as_slice()), (ProblemCode::Validation, ["timeframe".to_owned()].as_slice()));
        assert!(problems[0].message.contains("needs 201") && problems[0].message.contains("there are 50"));
        assert_eq!(code(refused(analysis(Some("astrology"))).await), ProblemCode::NotFound);
        let unknown = Analysis { symbol: "NOSUCH".to_owned(), ..analysis(None) };
        assert_eq!(code(refused(unknown).await), ProblemCode::NotFound);
        let support = app.viewer("a", Role::Support).await;
        let forbidden = app.domain.analyze(&support, analysis(None)).await.unwrap_err();
        assert!(matches!(forbidden, Error::Fault(Fault::Forbidden(_))));
    }

    async fn a_strategy_is_switched_for_one_tenant(app: TestDomain) {
        put(&app, 0, &sideways_then_up(300)).await;
        let (admin, trader) = (app.viewer("a", Role::Admin).await, app.viewer("a", Role::Trader).await);
        let client = ClientInfo::default();
        let refused = app.domain.switch_strategy(&trader, "volume-spike", false, &client).await.unwrap_err();
        assert!(matches!(refused, Error::Fault(Fault::Forbidden(_))));
        assert_eq!(code(app.domain.switch_strategy(&admin, "astrology", true, &client).await.unwrap_err()), ProblemCode::NotFound);
        assert!(!app.domain.switch_strategy(&admin, "volume-spike", false, &client).await.unwrap().is_on);
        let is_on = async |viewer: &Viewer| {
            let all = app.domain.strategy_statuses(viewer).await.unwrap();
            assert_eq!(all.len(), 7);
            all.iter().find(|status| status.strategy.name == "volume-spike").unwrap().is_on
        };
        let other = app.viewer("b", Role::Trader).await;
        assert_eq!((is_on(&trader).await, is_on(&other).await), (false, true));
        let refused = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap_err();
        assert_eq!(code(refused), ProblemCode::Conflict);
        app.domain.analyze(&other, analysis(Some("volume-spike"))).await.unwrap();
        app.domain.switch_strategy(&admin, "volume-spike", true, &client).await.unwrap();
        app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
    }

    /// Both jobs, in both tenants, with a strategy that one of them has off.
    async fn the_house_makes_signals_for_every_tenant_once_a_candle(app: TestDomain) {
        let (owner, other) = (app.viewer("a", Role::Owner).await, app.viewer("b", Role::Admin).await);
        put(&app, 0, &sideways_then_up(300)).await;
        app.domain.switch_strategy(&other, "volume-spike", false, &ClientInfo::default()).await.unwrap();
        let _jobs = at_rest(&app, &owner).await;
        let made = run(&app, &owner, "candle_close_signals").await;
        assert_eq!(made.status, RunStatus::Succeeded, "{:?}", made.notes);
        let trader = app.viewer("a", Role::Trader).await;
        let here = signals(&app, &trader, SignalFilter::default()).await;
        assert_eq!(signals(&app, &other, SignalFilter::default()).await.len(), here.len() - 1);
        assert_eq!(made.items, 2 * here.len() as i64 - 1);
        let spike = here.iter().find(|view| view.strategy.as_deref() == Some("volume-spike")).unwrap();
        assert_eq!((spike.signal.author_id, spike.signal.audience), (None, Audience::Tenant));
        assert_eq!((spike.signal.mode, spike.signal.direction), (Mode::Swing, Direction::Buy));
        assert!(here.iter().all(|view| view.signal.direction != Direction::Hold), "what holds is no news");

        assert_eq!(run(&app, &owner, "candle_close_signals").await.items, 0, "no candle has closed since");
        run(&app, &owner, "signal_generation").await;
        assert_eq!(signals(&app, &trader, SignalFilter::default()).await.len(), here.len(), "each is there once");
    }

    /// One series of an asset may still be simulated where another is true.
    async fn the_house_judges_no_simulated_candles_but_in_a_demo(app: TestDomain) {
        let owner = app.viewer("a", Role::Owner).await;
        let apple = asset(&app.domain, "AAPL").await;
        let rows = sideways_then_up(300);
        let days: Vec<Candle> = (0..).zip(&rows).map(|(index, (p, volume))| candle(day(index), *p, *volume)).collect();
        app.domain.put_candles(&apple, Timeframe::D1, SourceName::Demo, days).await.unwrap();
        let hours = vec![candle(day(299), [10_000; 4], 1)];
        app.domain.put_candles(&apple, Timeframe::H1, SourceName::Csv, hours).await.unwrap();
        let _jobs = at_rest(&app, &owner).await;
        let made = run(&app, &owner, "signal_generation").await;
        assert_eq!((made.status, made.items), (RunStatus::Succeeded, 0), "{:?}", made.notes);
        app.domain.anchor_demo(app.clock_now()).await.unwrap();
        assert!(run(&app, &owner, "signal_generation").await.items > 0, "simulated ones are all there is");
    }

    async fn candles_settle_signals(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        let quiet = ([10_000, 10_100, 9_900, 10_000], 1);
        put(&app, 100, &[quiet, quiet, ([10_500, 11_000, 10_400, 10_800], 1), quiet]).await;
        put(&app, 120, &[quiet, ([9_400, 9_900, 9_000, 9_800], 1)]).await;
        let sale = NewSignal {
            direction: Some(Direction::Sell),
            target: Some("90".to_owned()),
            stop: Some("105".to_owned()),
            ..purchase(101)
        };
        let hold = NewSignal { direction: Some(Direction::Hold), strategy: None, ..purchase(100) };
        let elsewhere = NewSignal { symbol: "MSFT".to_owned(), ..purchase(100) };
        record(&app, &trader, vec![purchase(100), sale, purchase(120), purchase(121), hold, elsewhere]).await;
        let before: Vec<_> = signals(&app, &trader, SignalFilter::default()).await;
        let newest = before.iter().map(|view| view.signal.sequence).max().unwrap();
        let _jobs = at_rest(&app, &owner).await;
        let settled = run(&app, &owner, "signal_settlement").await;
        assert_eq!((settled.status, settled.items), (RunStatus::Succeeded, 3), "{:?}", settled.notes);
        let after = signals(&app, &trader, SignalFilter::default()).await;
        let outcome = |symbol: &str, direction: Direction, index: i64| {
            let is = |view: &&SignalView| {
                view.asset.symbol == symbol && view.signal.direction == direction && view.signal.signal_time == day(index)
            };
            let signal = &after.iter().find(is).unwrap().signal;
            assert_eq!(signal.settled_at.is_some(), signal.outcome.is_some());
            assert_eq!(signal.sequence > newest, signal.outcome.is_some(), "whoever follows is told");
            signal.outcome.map(|outcome| (outcome, signal.return_percent.unwrap().to_string()))
        };
        assert_eq!(outcome("AAPL", Direction::Buy, 100), Some((Outcome::Win, "10".to_owned())));
        assert_eq!(outcome("AAPL", Direction::Sell, 101), Some((Outcome::Loss, "-5".to_owned())), "it opened at the stop");
        assert_eq!(outcome("AAPL", Direction::Buy, 120), Some((Outcome::Loss, "-6".to_owned())), "below the stop: the open");
        assert_eq!(outcome("AAPL", Direction::Buy, 121), None, "no candle after its own");
        assert_eq!(outcome("AAPL", Direction::Hold, 100), None, "its thirty candles are not there, and not all days passed");
        assert_eq!(outcome("MSFT", Direction::Buy, 100), None, "it has no candles");
        assert_eq!(run(&app, &owner, "signal_settlement").await.items, 0, "what is settled stays");
    }

    async fn statistics_are_those_of_what_may_be_seen(app: TestDomain) {
        let (trader, admin) = (app.viewer("a", Role::Trader).await, app.viewer("a", Role::Admin).await);
        let owner = app.viewer("a", Role::Owner).await;
        let quiet = ([10_000, 10_100, 9_900, 10_000], 1);
        let (rise, fall) = (([10_000, 11_200, 9_990, 10_000], 1), ([10_000, 10_010, 9_300, 10_000], 1));
        // Wins at days 1, 3, 5; losses at 7, 9; then nothing for as long as a horizon lasts.
        let mut rows = Vec::new();
        for turn in [rise, rise, rise, fall, fall] {
            rows.extend([quiet, turn]);
        }
        rows.extend([quiet; 32]);
        put(&app, 0, &rows).await;
        let by = |index: i64, confidence, strategy: &str| NewSignal {
            confidence,
            strategy: Some(strategy.to_owned()),
            ..purchase(index)
        };
        record(&app, &trader, vec![
            by(0, 95, "good"), by(2, 90, "good"), by(4, 100, "good"), by(6, 85, "good"), by(10, 80, "good"),
            by(8, 15, "bad"), by(200, 10, "bad"),
            NewSignal { direction: Some(Direction::Hold), ..by(1, 50, "good") },
        ]).await;
        let published = NewSignal { audience: Some(Audience::Tenant), ..by(0, 70, "house") };
        record(&app, &admin, vec![published]).await;
        let _jobs = at_rest(&app, &owner).await;
        assert_eq!(run(&app, &owner, "signal_settlement").await.items, 8);

        let everything = SignalFilter::default();
        let stats = async |viewer: &Viewer, filter: &SignalFilter, group| {
            // They are told of days gone by: that they are left out otherwise is for judging.rs to tell.
            app.domain.signal_stats(viewer, filter, group, true).await.unwrap()
        };
        let of = |all: &[SignalStats], group: &str| {
            all.iter().find(|stats| stats.group.as_deref() == Some(group)).cloned().unwrap()
        };
        let text = |percent: Option<bellwether_domain::fixed::Percent>| percent.map(|percent| percent.to_string());
        let all = stats(&trader, &everything, None).await;
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].count, all[0].settled, all[0].hits, all[0].misses, all[0].expired), (9, 7, 4, 2, 1));
        assert_eq!(text(all[0].win_rate).as_deref(), Some("66.6667"));
        assert_eq!((text(all[0].mean_gain).as_deref(), text(all[0].mean_loss).as_deref()), (Some("10"), Some("-5")));
        assert_eq!(text(all[0].expectancy).as_deref(), Some("4.2857"), "(4 · 10 − 2 · 5) / 7");
        assert_eq!(all[0].best_strategy.as_deref(), Some("good"));
        let by_strategy = stats(&trader, &everything, Some(StatsGroup::Strategy)).await;
        assert_eq!(by_strategy.len(), 3);
        let good = of(&by_strategy, "good");
        assert_eq!((good.count, good.hits, good.misses, good.expired), (6, 3, 1, 1), "the one that holds counts as a signal");
        let bands = stats(&trader, &everything, Some(StatsGroup::Confidence)).await;
        assert_eq!((of(&bands, "90-100").hits, of(&bands, "80-89").misses, of(&bands, "10-19").count), (3, 1, 2));
        assert_eq!(of(&stats(&trader, &everything, Some(StatsGroup::Asset)).await, "AAPL").count, 9);
        assert_eq!(of(&stats(&trader, &everything, Some(StatsGroup::Direction)).await, "HOLD").settled, 0);
        assert_eq!(of(&stats(&trader, &everything, Some(StatsGroup::Timeframe)).await, "1d").hits, 4);
        assert_eq!(of(&stats(&trader, &everything, Some(StatsGroup::Mode)).await, "SWING").hits, 4);
        let months = stats(&trader, &everything, Some(StatsGroup::Month)).await;
        assert_eq!((of(&months, "2025-05").count, of(&months, "2025-11").count), (8, 1));
        let sure = SignalFilter::Confidence(Compare { gte: Some(90), ..Compare::default() });
        assert_eq!(stats(&trader, &sure, None).await[0].count, 3);

        // The admin sees the published one alone, whoever asks in the other tenant nothing.
        assert_eq!(stats(&admin, &everything, None).await[0].count, 1);
        let other = app.viewer("b", Role::Trader).await;
        assert_eq!(stats(&other, &everything, None).await, [SignalStats::default()]);
        assert_eq!(stats(&other, &everything, Some(StatsGroup::Strategy)).await, []);
    }

    async fn similar_signals_are_judged_ones_the_most_alike_first(app: TestDomain) {
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        let rise = ([10_000, 11_200, 9_990, 10_000], 1);
        put(&app, 0, &[rise; 20]).await;
        let because = |indicators: &[&str]| -> Vec<Reason> {
            let reason = |name: &&str| Reason { indicator: (*name).to_owned(), value: None, says: "so".to_owned() };
            indicators.iter().map(reason).collect()
        };
        let one = NewSignal { reasons: because(&["RSI(14)", "Volume"]), ..purchase(15) };
        let twin = NewSignal { reasons: because(&["Volume", "RSI(14)"]), ..purchase(3) };
        let cousin = NewSignal { confidence: 20, reasons: because(&["RSI(14)"]), ..purchase(4) };
        let stranger = NewSignal { strategy: Some("other".to_owned()), mode: Some(Mode::Scalp), ..purchase(5) };
        let sale = NewSignal { direction: Some(Direction::Sell), ..purchase(6) };
        let open = NewSignal { reasons: because(&["RSI(14)", "Volume"]), ..purchase(19) };
        record(&app, &trader, vec![one, twin, cousin, stranger, sale, open]).await;
        let _jobs = at_rest(&app, &owner).await;
        run(&app, &owner, "signal_settlement").await;
        let all = signals(&app, &trader, SignalFilter::default()).await;
        let one = all.iter().find(|view| view.signal.signal_time == day(15)).unwrap().signal.id;
        let similar = app.domain.similar_signals(&trader, one, None).await.unwrap().unwrap();
        let found: Vec<_> = similar.iter().map(|similar| (similar.view.signal.signal_time, similar.similarity)).collect();
        assert_eq!(found, [(day(3), 100), (day(4), 75), (day(5), 35)]);
        assert!(similar.iter().all(|similar| similar.view.signal.outcome == Some(Outcome::Win)));
        assert_eq!(app.domain.similar_signals(&trader, one, Some(1)).await.unwrap().unwrap().len(), 1);
        assert_eq!(code(app.domain.similar_signals(&trader, one, Some(0)).await.unwrap_err()), ProblemCode::Validation);
        let admin = app.viewer("a", Role::Admin).await;
        assert!(app.domain.similar_signals(&admin, one, None).await.unwrap().is_none(), "it is not theirs to see");
    }

    async fn indicators_have_warmed_up_before_the_range(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        put(&app, 0, &sideways_then_up(300)).await;
        let query = CandleQuery {
            symbol: "AAPL".to_owned(),
            timeframe: Timeframe::D1,
            range: Some(ChartRange::Month),
            from: None,
            to: None,
            currency: None,
        };
        let kind = |kind| IndicatorRequest { kind, parameters: IndicatorParameters::default() };
        let kinds = [IndicatorKind::Sma, IndicatorKind::Macd, IndicatorKind::SupportResistance].map(kind);
        let series = app.domain.indicators(&trader, &query, &kinds).await.unwrap();
        let labels: Vec<_> = series.iter().map(|series| series.label.as_str()).collect();
        assert_eq!(labels, ["SMA(20)", "MACD(12, 26, 9)", "Support and resistance"]);
        let shown = app.domain.candle_series(&trader, &query).await.unwrap().candles;
        assert!((30..=36).contains(&shown.len()), "{}", shown.len());
        for series in &series {
            assert_eq!(series.times.first(), shown.first().map(|candle| &candle.open_time));
            assert!(series.lines.iter().all(|line| line.values.len() == shown.len()));
        }
        assert!(series[0].lines[0].values.iter().all(Option::is_some), "the first of the range has a value already");
        let last = series[0].lines[0].values.last().unwrap().unwrap();
        // The last 20 closes: 106, and 19 of 100 + i mod 3 for i from 281 to 299.
        let expected = (106.0 + (281..300).map(|i| 100.0 + f64::from(i % 3)).sum::<f64>()) / 20.0;
        assert!((last - expected).abs() < 1e-9, "{last} and not {expected}");

        let wrong = IndicatorParameters { period: Some(0), ..IndicatorParameters::default() };
        let refused = [kind(IndicatorKind::Sma), IndicatorRequest { kind: IndicatorKind::Rsi, parameters: wrong }];
        let Error::Problems(problems) = app.domain.indicators(&trader, &query, &refused).await.unwrap_err() else {
            panic!("refused by another kind of error")
        };
        assert_eq!(problems[0].path, ["kinds", "1", "period"]);
        let none = app.domain.indicators(&Viewer::Anonymous, &query, &kinds).await.unwrap_err();
        assert!(matches!(none, Error::Fault(Fault::Unauthenticated(_))), "imported prices are not for everybody");
    }
}
