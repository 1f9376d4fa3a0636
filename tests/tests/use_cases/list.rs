//! Reading signals: filters, orders, pages, and that each list has its index.

use std::sync::Arc;

use bellwether_domain::paging::PageArgs;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{
    Audience, Compare, Direction, Mode, NewSignal, OnDuplicate, SignalFilter, SignalOrder, SignalView, SortDirection,
    SortField, Timeframe,
};
use bellwether_domain::{Error, Viewer};
use bellwether_tests::{Backend, TestApp, TestDomain, both_databases};
use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::record::signal;

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "BTC-USD"];
const STRATEGIES: [Option<&str>; 3] = [None, Some("breakout"), Some("Reversal")];

/// Signals of all kinds, many of them equal in what lists are sorted by.
async fn fill(app: &TestDomain, viewer: &Viewer, count: i64) {
    let (mut signals, may_publish) = (Vec::new(), viewer.member().unwrap().role != Role::Trader);
    for index in 0..count {
        let place = usize::try_from(index).unwrap();
        signals.push(NewSignal {
            symbol: SYMBOLS[place % 3].to_owned(),
            strategy: STRATEGIES[place / 3 % 3].map(str::to_owned),
            mode: Some(Mode::ALL[place / 2 % 3]),
            timeframe: Some(Timeframe::ALL[place / 5 % 7]),
            direction: Some(Direction::ALL[place / 7 % 3]),
            confidence: i32::try_from(index * 7 % 21).unwrap() * 5,
            signal_time: signal(0).signal_time.map(|time| time - TimeDelta::minutes(index / 4)),
            audience: may_publish.then_some(if place % 4 == 0 { Audience::Private } else { Audience::Tenant }),
            ..signal(0)
        });
    }
    for answer in app.domain.record_signals(viewer, signals).await.unwrap() {
        answer.unwrap();
    }
}

async fn page(
    app: &TestDomain,
    viewer: &Viewer,
    filter: &SignalFilter,
    order: SignalOrder,
    args: PageArgs,
) -> Vec<SignalView> {
    app.domain.signals_page(viewer, filter, order, &args).await.unwrap().items
}

/// All that the viewer may see, page by page.
async fn walk(
    app: &TestDomain,
    viewer: &Viewer,
    filter: &SignalFilter,
    order: SignalOrder,
    size: i32,
) -> Vec<SignalView> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let args = PageArgs { first: Some(size), after: after.clone(), ..PageArgs::default() };
        let page = app.domain.signals_page(viewer, filter, order, &args).await.unwrap();
        assert_eq!(page.has_previous, after.is_some());
        after = page.items.last().map(|view| order.cursor(view));
        all.extend(page.items);
        if !page.has_next {
            return all;
        }
    }
}

fn orders() -> impl Iterator<Item = SignalOrder> {
    [SortField::SignalTime, SortField::Confidence].into_iter().flat_map(|field| {
        [SortDirection::Asc, SortDirection::Desc].into_iter().map(move |direction| SignalOrder { field, direction })
    })
}

fn ids(views: &[SignalView]) -> Vec<bellwether_domain::ids::SignalId> {
    views.iter().map(|view| view.signal.id).collect()
}

/// A filter tree as a caller could send it.
fn filters() -> impl Strategy<Value = SignalFilter> {
    fn compare<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Compare<T>> {
        let one = proptest::sample::select(values.clone());
        let many = proptest::sample::subsequence(values.clone(), 0..=values.len());
        (proptest::option::of(one), proptest::option::of(many)).prop_map(|(eq, one_of)| Compare {
            eq,
            one_of,
            ..Compare::default()
        })
    }
    fn range<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Compare<T>> {
        let bound = || proptest::option::weighted(0.3, proptest::sample::select(values.clone()));
        (bound(), bound(), bound(), bound()).prop_map(|(gte, lte, gt, lt)| Compare {
            gte,
            lte,
            gt,
            lt,
            ..Compare::default()
        })
    }
    let start = signal(0).signal_time.unwrap();
    let leaf = prop_oneof![
        compare(vec!["AAPL".to_owned(), "MSFT".to_owned(), "NONE".to_owned()]).prop_map(SignalFilter::Symbol),
        compare(vec!["breakout".to_owned(), "Reversal".to_owned(), "reversal".to_owned()])
            .prop_map(SignalFilter::Strategy),
        compare(Direction::ALL.to_vec()).prop_map(SignalFilter::Direction),
        compare(Mode::ALL.to_vec()).prop_map(SignalFilter::Mode),
        compare(Timeframe::ALL.to_vec()).prop_map(SignalFilter::Timeframe),
        compare(Audience::ALL.to_vec()).prop_map(SignalFilter::Audience),
        range((0..=20).map(|n| n * 5).collect()).prop_map(SignalFilter::Confidence),
        range((0..30).map(|n| start - TimeDelta::minutes(n)).collect()).prop_map(SignalFilter::SignalTime),
        any::<bool>().prop_map(SignalFilter::Settled),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let many = proptest::collection::vec(inner, 0..4);
        prop_oneof![many.clone().prop_map(SignalFilter::All), many.prop_map(SignalFilter::Any)]
    })
}

both_databases! {
    /// The database and the feed understand a filter alike: 300 random trees against every signal.
    async fn a_filter_means_the_same_to_database_and_feed(app: TestDomain) {
        let viewer = app.viewer("a", Role::Admin).await;
        fill(&app, &viewer, 120).await;
        let all = app.domain.signals_after(&viewer, 0, 1_000).await.unwrap();
        let mut runner = TestRunner::new_with_rng(Config::default(), proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha));
        for _ in 0..300 {
            let filter = filters().new_tree(&mut runner).unwrap().current();
            let mut expected: Vec<_> = all.iter().filter(|view| filter.matches(view)).map(|view| view.signal.id).collect();
            let mut found = ids(&walk(&app, &viewer, &filter, SignalOrder::default(), 100).await);
            assert_eq!(app.domain.count_signals(&viewer, &filter).await.unwrap(), expected.len() as u64, "{filter:?}");
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{filter:?}");
        }
    }

    /// In every order: pages forward are pages backward turned round, without a gap or a repetition.
    async fn pages_are_whole_in_every_order_and_both_ways(app: TestDomain) {
        let viewer = app.viewer("a", Role::Admin).await;
        fill(&app, &viewer, 53).await;
        let none = SignalFilter::default();
        for order in orders() {
            let forward = walk(&app, &viewer, &none, order, 10).await;
            assert_eq!(forward.len(), 53);
            let sorted = forward.windows(2).all(|pair| {
                let key = |view: &SignalView| match order.field {
                    SortField::SignalTime => (view.signal.signal_time.timestamp_micros(), view.signal.id),
                    SortField::Confidence => (view.signal.confidence.into(), view.signal.id),
                };
                if order.direction == SortDirection::Asc { key(&pair[0]) < key(&pair[1]) } else { key(&pair[0]) > key(&pair[1]) }
            });
            assert!(sorted, "{order:?}");
            let (mut backward, mut before) = (Vec::new(), None);
            loop {
                let args = PageArgs { last: Some(10), before: before.clone(), ..PageArgs::default() };
                let page = app.domain.signals_page(&viewer, &none, order, &args).await.unwrap();
                before = page.items.first().map(|view| order.cursor(view));
                backward.splice(0..0, page.items);
                if !page.has_previous { break }
            }
            assert_eq!(ids(&backward), ids(&forward), "{order:?}");
        }
    }

    async fn a_cursor_of_another_order_is_refused(app: TestDomain) {
        let viewer = app.viewer("a", Role::Trader).await;
        fill(&app, &viewer, 3).await;
        let by_time = SignalOrder::default();
        let first = page(&app, &viewer, &SignalFilter::default(), by_time, PageArgs::default()).await;
        let by_confidence = SignalOrder { field: SortField::Confidence, ..by_time };
        for cursor in [by_time.cursor(&first[0]).as_str(), "", "x", "MTp0aW1lLTo5OTk5OTk5OTk5OTk5OTk5OTk5OjA"] {
            let args = PageArgs { after: Some(cursor.to_owned()), ..PageArgs::default() };
            let refused = app.domain.signals_page(&viewer, &SignalFilter::default(), by_confidence, &args).await;
            assert!(matches!(refused, Err(Error::Problems(_))), "{cursor}");
        }
    }

    async fn private_signals_and_other_tenants_do_not_exist(app: TestDomain) {
        let (author, other) = (app.viewer("a", Role::Admin).await, app.viewer("a", Role::Trader).await);
        let (stranger, owner) = (app.viewer("b", Role::Admin).await, app.viewer("b", Role::Owner).await);
        fill(&app, &author, 40).await;
        let count = async |viewer: &Viewer| app.domain.count_signals(viewer, &SignalFilter::default()).await.unwrap();
        assert_eq!((count(&author).await, count(&other).await, count(&stranger).await, count(&owner).await), (40, 30, 0, 30));
        for view in app.domain.signals_after(&author, 0, 100).await.unwrap() {
            let is_shared = view.signal.audience == Audience::Tenant;
            for (viewer, sees) in [(&author, true), (&other, is_shared), (&stranger, false), (&owner, is_shared)] {
                assert_eq!(app.domain.signal(viewer, view.signal.id).await.unwrap().is_some(), sees);
                assert_eq!(view.signal.is_visible_to(viewer), sees, "the feed's rule is the list's");
            }
        }
    }

    async fn latest_is_the_newest_of_each_timeframe_and_mode(app: TestDomain) {
        let viewer = app.viewer("a", Role::Admin).await;
        fill(&app, &viewer, 200).await;
        let symbols: Vec<String> = ["msft", "NOPE", "AAPL"].map(str::to_owned).to_vec();
        let latest = app.domain.latest_signals(&viewer, &symbols).await.unwrap();
        let all = app.domain.signals_after(&viewer, 0, 1_000).await.unwrap();
        let key = |view: &SignalView| (view.asset.symbol.clone(), view.signal.timeframe, view.signal.mode);
        let mut expected = Vec::new();
        for symbol in ["MSFT", "AAPL"] {
            let mut newest = std::collections::BTreeMap::new();
            for view in all.iter().filter(|view| view.asset.symbol == symbol) {
                let best = newest.entry((view.signal.timeframe, view.signal.mode)).or_insert_with(|| Arc::new(view.clone()));
                if (view.signal.signal_time, view.signal.id) > (best.signal.signal_time, best.signal.id) {
                    *best = Arc::new(view.clone());
                }
            }
            expected.extend(newest.into_values().map(|view| (key(&view), view.signal.id)));
        }
        let found: Vec<_> = latest.iter().map(|view| (key(view), view.signal.id)).collect();
        assert_eq!(found, expected);
        assert!(app.domain.latest_signals(&viewer, &vec!["AAPL".to_owned(); 101]).await.is_err());
    }

    /// A page takes as many statements whatever is on it: no author or asset is read by itself.
    async fn a_page_takes_one_statement_however_long(app: TestApp) {
        let client = app.sign_in("a", Role::Seller).await;
        let viewer = app.domain.authenticate(client.token.as_deref().unwrap()).await.unwrap();
        let past = |index: i64| NewSignal { signal_time: DateTime::from_timestamp(1_700_000_000 + index * 60, 0), ..signal(0) };
        app.domain.record_signals(&viewer, (0..60).map(past).collect()).await.unwrap();
        let query = "query ($first: Int!) { signals(first: $first) { nodes { symbol strategy asset { name } author { firstName } } } }";
        let mut counts = Vec::new();
        for first in [1, 20, 60] {
            let read = async || {
                let page = client.data(query, json!({"first": first})).await;
                assert_eq!(page["signals"]["nodes"].as_array().unwrap().len(), first);
            };
            counts.push(app.statements(read).await);
        }
        assert_eq!(counts, [1, 1, 1], "which signals, and in which order; what they say is remembered");
    }

    /// What is remembered of a signal is never older than what is in the database, whichever instance wrote it.
    async fn a_change_by_another_instance_shows_at_once(app: TestApp) {
        let client = app.sign_in("a", Role::Seller).await;
        let viewer = app.domain.authenticate(client.token.as_deref().unwrap()).await.unwrap();
        let (other, _) = app.another().await;
        let summary = async || {
            let (filter, order, args) = Default::default();
            app.domain.signals_page(&viewer, &filter, order, &args).await.unwrap().items[0].signal.summary.clone()
        };
        for (index, text) in ["first", "second", "third"].into_iter().enumerate() {
            let new = NewSignal { summary: Some(text.to_owned()), on_duplicate: OnDuplicate::Update, ..signal(0) };
            let writer = if index % 2 == 0 { &app.domain } else { &other };
            writer.record_signals(&viewer, vec![new]).await.unwrap().pop().unwrap().unwrap();
            assert_eq!(summary().await.as_deref(), Some(text));
            assert_eq!(summary().await.as_deref(), Some(text));
        }
    }

    /// Every order, alone and with the filters that come with it, is read from an index without sorting.
    async fn every_list_has_its_index(app: TestDomain) {
        let viewer = app.viewer("a", Role::Admin).await;
        fill(&app, &viewer, 500).await;
        let db = app.domain.db();
        let lists = [
            ("tenant_id = $1", "signal_time", "signals_by_time"),
            ("tenant_id = $1", "confidence", "signals_by_confidence"),
            ("1 = 1 OR tenant_id = $1", "signal_time", "signals_of_all_by_time"),
            ("1 = 1 OR tenant_id = $1", "confidence", "signals_of_all_by_confidence"),
            ("tenant_id = $1 AND sequence > 5", "sequence", "signals_by_sequence"),
        ];
        if app.database.backend == Backend::Postgres {
            db.writer().execute_unprepared("ANALYZE; ").await.unwrap();
        }
        for (condition, column, index) in lists {
            let id = if column == "sequence" { String::new() } else { ", id DESC".to_owned() };
            let explain = if app.database.backend == Backend::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
            let sql = format!("{explain} SELECT * FROM signals WHERE {condition} ORDER BY {column} DESC{id} LIMIT 51");
            // With few rows PostgreSQL would rather sort: it is asked whether it could do without.
            let statement = Statement::from_sql_and_values(db.backend(), sql, [app.tenant("a").into()]);
            let plan = explain_plan(&app, statement).await;
            // With one tenant's rows alone PostgreSQL may as well take the index over all tenants.
            let of_all = index.replace("signals_by", "signals_of_all_by");
            assert!(plan.contains(index) || plan.contains(&of_all), "{condition} by {column}: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{condition} by {column}: {plan}");
        }
    }
}

async fn explain_plan(app: &TestDomain, statement: Statement) -> String {
    let is_sqlite = app.database.backend == Backend::Sqlite;
    let rows = app
        .domain
        .db()
        .write(|tx| {
            let statement = statement.clone();
            Box::pin(async move {
                if !is_sqlite {
                    tx.execute_unprepared("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off").await?;
                }
                Ok(tx.query_all_raw(statement).await?)
            })
        })
        .await
        .unwrap();
    let column = if is_sqlite { "detail" } else { "QUERY PLAN" };
    rows.iter().map(|row| row.try_get::<String>("", column).unwrap()).collect::<Vec<_>>().join("\n")
}
