//! A model beside the rules: off unless it is there, trained on stored candles, and heard for its own timeframe.

use std::sync::Arc;

use bellwether_domain::analysis::{Analysis, Model, ModelFeatures, ModelPrediction, ModelTrackRecord};
use bellwether_domain::market::{SourceName, Timeframe};
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{Direction, SignalFilter};
use bellwether_domain::{Error, ProblemCode};
use bellwether_tests::{TestDomain, both_databases};

use crate::analysis::{analysis, asset, at_rest, candle, code, day, put, sideways_then_up, signals};
use crate::scheduler::run;

/// One that finds it likely that every price rises.
#[derive(Debug)]
struct Optimist;

impl Model for Optimist {
    fn timeframe(&self) -> &str {
        "1d"
    }

    fn horizon(&self) -> usize {
        10
    }

    fn predict(&self, _: &ModelFeatures) -> ModelPrediction {
        ModelPrediction::of(0.62)
    }

    fn track_record(&self, _: ModelPrediction) -> Option<ModelTrackRecord> {
        Some(ModelTrackRecord { count: 120, came_true: 0.5 })
    }
}

both_databases! {
    async fn without_a_model_there_is_no_strategy_of_it(app: TestDomain) {
        let trader = app.viewer("a", Role::Trader).await;
        put(&app, 0, &sideways_then_up(300)).await;
        assert_eq!(code(app.domain.analyze(&trader, analysis(Some("model"))).await.unwrap_err()), ProblemCode::NotFound);
        let statuses = app.domain.strategy_statuses(&trader).await.unwrap();
        assert!(statuses.iter().all(|status| status.strategy.name != "model"));
    }

    async fn with_a_model_it_is_one_more_strategy(app: TestDomain) {
        let mut app = app;
        app.domain = app.another_with_model(Arc::new(Optimist)).await;
        let (owner, trader) = (app.viewer("a", Role::Owner).await, app.viewer("a", Role::Trader).await);
        put(&app, 0, &sideways_then_up(300)).await;
        assert_eq!(app.domain.strategy_statuses(&trader).await.unwrap().len(), 8);
        let signal = app.domain.analyze(&trader, analysis(Some("model"))).await.unwrap().signal;
        assert_eq!((signal.direction, signal.confidence), (Direction::Buy, 62));
        assert_eq!(
            signal.reasons.0[0].says,
            "the model gives 62.0 % that the close is higher 10 candles from now; of 120 such forecasts of candles it had not seen 50.0 % came true"
        );
        assert!(signal.target.is_some() && signal.stop.is_some());
        let other = Analysis { timeframe: Timeframe::W1, ..analysis(Some("model")) };
        let Error::Problems(problems) = app.domain.analyze(&trader, other).await.unwrap_err() else { panic!() };
        assert_eq!((problems[0].code, problems[0].path[0].as_str()), (ProblemCode::Validation, "timeframe"));

        let _jobs = at_rest(&app, &owner).await;
        run(&app, &owner, "candle_close_signals").await;
        let all = signals(&app, &trader, SignalFilter::default()).await;
        let of_house = all.iter().filter(|view| view.strategy.as_deref() == Some("model") && view.signal.author_id.is_none());
        assert_eq!(of_house.count(), 1, "the house makes signals by it too");
    }

    async fn it_learns_from_stored_candles_and_refuses_too_few(app: TestDomain) {
        put(&app, 0, &sideways_then_up(300)).await;
        let refused = app.domain.train_model(Timeframe::D1, 5, |_, _| {}).await.unwrap_err();
        assert!(refused.to_string().contains("a model needs 1000 candles"), "{refused}");
        assert_eq!(code(refused), ProblemCode::Validation);

        // A price that comes back to 100 whenever it strays, by a draw that is the same every time.
        let (mut state, mut close) = (7_u64, 10_000_i64);
        let rows: Vec<_> = (0..2_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let open = close;
                close += (10_000 - close) * 3 / 10 + (state >> 40) as i64 % 301 - 150;
                ([open, open.max(close) + 20, open.min(close) - 20, close], 1_000)
            })
            .collect();
        let candles: Vec<_> = (-1_700..).zip(&rows).map(|(index, (p, volume))| candle(day(index), *p, *volume)).collect();
        for (symbol, source) in [("NVDA", SourceName::Csv), ("MSFT", SourceName::Demo)] {
            let asset = asset(&app.domain, symbol).await;
            app.domain.put_candles(&asset, Timeframe::D1, source, candles.clone()).await.unwrap();
        }
        let mut told = Vec::new();
        let trained = app.domain.train_model(Timeframe::D1, 5, |read, of| told.push((read, of))).await.unwrap();
        assert_eq!(told, [(0, 2), (1, 2), (2, 2)], "simulated candles are not learned from");
        assert!(trained.is_current() && !trained.is_simulated);
        assert_eq!((trained.timeframe.as_str(), trained.horizon), ("1d", 5));
        assert!(trained.report.is_better_than_base(), "{:?}", trained.report);
        let again = app.domain.train_model(Timeframe::D1, 5, |_, _| {}).await.unwrap();
        assert_eq!(trained, again);
    }
}
