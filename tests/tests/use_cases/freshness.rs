//! How new candles are that are judged, and that what was computed of them is not kept beyond them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bellwether_domain::analysis::{IndicatorKind, IndicatorParameters, IndicatorRequest};
use bellwether_domain::market::{
    Asset, Candle, CandleQuery, CandleRequest, ChartRange, Listing, MarketSource, QuoteAnswer, SourceError,
    SourceHealth, SourceName, Tidied, Timeframe,
};
use bellwether_domain::permission::Role;
use bellwether_domain::signals::RecordOutcome;
use bellwether_domain::{Error, Fault, ProblemCode, Viewer};
use bellwether_integrations::demo::Demo;
use bellwether_tests::{TestDomain, both_databases};
use chrono::TimeDelta;

use crate::analysis::{analysis, candle, code, day, put, sideways_then_up};

/// A source that has candles of 300 days, or says what it says instead.
#[derive(Debug, Default)]
struct Exchange {
    instead: Mutex<Option<Result<Tidied, SourceError>>>,
}

impl Exchange {
    fn says(&self, instead: Option<Result<Tidied, SourceError>>) {
        *self.instead.lock().unwrap() = instead;
    }

    fn is_silent(&self) {
        self.says(Some(Err(SourceError::Status(503))));
    }
}

#[async_trait]
impl MarketSource for Exchange {
    fn name(&self) -> SourceName {
        SourceName::Yahoo
    }

    fn knows(&self, asset: &Asset) -> bool {
        asset.symbol == "AAPL"
    }

    fn refresh_after(&self) -> TimeDelta {
        TimeDelta::seconds(60)
    }

    fn closing_after(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    fn timeframes(&self) -> &'static [Timeframe] {
        &[Timeframe::D1]
    }

    async fn quotes(&self, listings: &[Listing]) -> Vec<QuoteAnswer> {
        listings.iter().map(|listing| (listing.asset.id, Err(SourceError::TimedOut))).collect()
    }

    async fn candles(&self, _: &Listing, _: CandleRequest) -> Result<Tidied, SourceError> {
        if let Some(instead) = self.instead.lock().unwrap().clone() {
            return instead;
        }
        let candles: Vec<Candle> = (0..)
            .zip(sideways_then_up(300))
            .map(|(index, (prices, volume))| candle(day(index), prices, volume))
            .collect();
        Ok(candles.into())
    }

    fn health(&self) -> SourceHealth {
        SourceHealth::default()
    }
}

both_databases! {
    async fn a_candle_that_is_not_new_is_refused_or_its_age_is_told(app: TestDomain) {
        let exchange = Arc::new(Exchange::default());
        let mut app = app;
        app.domain = app.another_asking(vec![Arc::clone(&exchange) as Arc<dyn MarketSource>]).await;
        let trader = app.viewer("a", Role::Trader).await;
        // Noon of Monday, day 300: the newest candle there can be is that of day 299.
        let fresh = app.domain.analyze(&trader, analysis(None)).await.unwrap();
        assert_eq!(fresh.signal.signal_time, day(299));
        assert!(fresh.signal.reasons.0.iter().all(|reason| reason.indicator != "Candle"));

        // Noon of Tuesday: Monday's is due, and the source was asked for it and has none.
        app.clock.advance(TimeDelta::days(1));
        let aged = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        let told = aged.signal.reasons.0.last().unwrap();
        assert_eq!((told.indicator.as_str(), told.value.as_deref()), ("Candle", Some("36 hours")));
        assert_eq!(told.says, "the newest candle there is closed 36 hours ago, at 2026-03-02T00:00Z");

        // Noon of Wednesday: nobody was heard of since.
        app.clock.advance(TimeDelta::days(1));
        exchange.is_silent();
        let refused = app.domain.analyze(&trader, analysis(Some("macd-cross"))).await.unwrap_err();
        assert!(refused.to_string().contains("closed 2 days ago, and its source has none since"), "{refused}");
        assert_eq!(code(refused), ProblemCode::StaleQuote);

        // It is heard of, and has had none for longer than the longest weekend.
        app.clock.advance(TimeDelta::days(8));
        exchange.says(None);
        assert_eq!(code(app.domain.analyze(&trader, analysis(Some("macd-cross"))).await.unwrap_err()), ProblemCode::StaleQuote);
    }

    /// An asset that is taken off the market: its source had candles, and does not know it any more.
    async fn what_a_source_knew_once_is_not_judged_for_ever(app: TestDomain) {
        let exchange = Arc::new(Exchange::default());
        let mut app = app;
        app.domain = app.another_asking(vec![Arc::clone(&exchange) as Arc<dyn MarketSource>]).await;
        let trader = app.viewer("a", Role::Trader).await;
        app.domain.analyze(&trader, analysis(None)).await.unwrap();
        exchange.says(Some(Err(SourceError::Unknown)));
        app.clock.advance(TimeDelta::days(1));
        let aged = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        assert_eq!(aged.signal.reasons.0.last().unwrap().value.as_deref(), Some("36 hours"));
        app.clock.advance(TimeDelta::days(9));
        let refused = app.domain.analyze(&trader, analysis(Some("macd-cross"))).await.unwrap_err();
        assert_eq!(code(refused), ProblemCode::StaleQuote);
    }

    async fn a_file_is_no_answer_of_a_source(app: TestDomain) {
        let exchange = Arc::new(Exchange::default());
        exchange.is_silent();
        let mut app = app;
        app.domain = app.another_asking(vec![Arc::clone(&exchange) as Arc<dyn MarketSource>]).await;
        let trader = app.viewer("a", Role::Trader).await;
        // Noon of Monday, day 300: the file that was imported just now ends with Thursday.
        put(&app, 0, &sideways_then_up(297)).await;
        let refused = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap_err();
        assert_eq!(code(refused), ProblemCode::StaleQuote, "Friday's is due, and nobody was asked for it");
        // Once it says that it has none, that is an answer; the file goes on to be judged for as long as its end is news.
        app.clock.advance(TimeDelta::minutes(20));
        exchange.says(Some(Ok(Vec::<Candle>::new().into())));
        let aged = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        assert_eq!(aged.signal.reasons.0.last().unwrap().value.as_deref(), Some("3 days"));
        app.clock.advance(TimeDelta::days(9));
        let refused = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap_err();
        assert_eq!(code(refused), ProblemCode::StaleQuote, "the source knows the asset, and yet has had none for long");
        // Where it does not know the asset, nobody can be asked.
        app.clock.advance(TimeDelta::minutes(20));
        exchange.says(Some(Err(SourceError::Unknown)));
        let old = app.domain.analyze(&trader, analysis(Some("macd-cross"))).await.unwrap();
        assert_eq!(old.signal.reasons.0.last().unwrap().value.as_deref(), Some("12 days"));
    }

    /// Where the only source is the one that simulates, too: it does not go on with true ones.
    async fn candles_of_a_file_are_judged_with_their_age(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        put(&app, 0, &sideways_then_up(250)).await;
        let clock = Arc::clone(&app.clock);
        let simulating = app.another_asking(vec![Arc::new(Demo::new(clock, TimeDelta::seconds(60)))]).await;
        let old = simulating.analyze(&trader, analysis(Some("macd-cross"))).await.unwrap();
        assert_eq!(old.signal.reasons.0.last().unwrap().value.as_deref(), Some("50 days"));
        let old = app.domain.analyze(&trader, analysis(Some("volume-spike"))).await.unwrap();
        assert_eq!((old.outcome, old.signal.signal_time, old.signal.in_hindsight), (RecordOutcome::Inserted, day(249), true));
        assert_eq!(old.signal.reasons.0.last().unwrap().value.as_deref(), Some("50 days"));
    }

    async fn what_is_cached_goes_with_the_candles_that_it_was_computed_of(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        put(&app, 0, &sideways_then_up(299)).await;
        let query = CandleQuery {
            symbol: "AAPL".to_owned(),
            timeframe: Timeframe::D1,
            range: Some(ChartRange::Month),
            from: None,
            to: None,
            currency: None,
        };
        let kinds = [IndicatorRequest { kind: IndicatorKind::Sma, parameters: IndicatorParameters { period: Some(1), ..IndicatorParameters::default() } }];
        let newest = async || {
            let series = app.domain.indicators(&trader, &query, &kinds).await.unwrap().remove(0);
            assert_eq!(series.times.len(), series.lines[0].values.len());
            (*series.times.last().unwrap(), series.lines[0].values.last().unwrap().unwrap())
        };
        assert_eq!(newest().await, (day(298), 106.0));
        assert_eq!(newest().await, (day(298), 106.0), "the second time it is not computed");
        put(&app, 299, &[([10_600, 10_700, 10_500, 10_650], 1)]).await;
        assert_eq!(newest().await, (day(299), 106.5), "a new candle");
        app.clock.advance(TimeDelta::seconds(1));
        put(&app, 299, &[([10_600, 10_700, 10_500, 10_550], 1)]).await;
        assert_eq!(newest().await, (day(299), 105.5), "one that was corrected");

        // Who may not see the prices may not see what was computed of them for others.
        let none = app.domain.indicators(&Viewer::Anonymous, &query, &kinds).await.unwrap_err();
        assert!(matches!(none, Error::Fault(Fault::Unauthenticated(_))));
    }
}
