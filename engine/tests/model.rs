//! The model that learns from candles: that it learns what is there, and nothing that is not.

use bellwether_engine::Bar;
use bellwether_engine::model::{Forecast, Logistic, Model, Sample, TrainError, Trained, samples, train, walk_forward};
use bellwether_engine::strategies::{Analyst, MODEL, Observation, Side, modelled};

const DAY: i64 = 86_400;
const HORIZON: usize = 5;

/// Numbers from 0 to 1 that are the same every time.
fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Candles of a day each. With a pull a price that is far from 100 comes back; without it goes where it likes.
fn market(seed: u64, candles: usize, pull: f64) -> Vec<(i64, Bar)> {
    let (mut draw, mut close) = (draws(seed), 100.0_f64);
    let day = |i: usize| {
        let open = close;
        close *= 1.0 + 0.03 * (draw() - 0.5) + pull * (100.0 / close).ln();
        let (high, low) = (open.max(close) * (1.0 + 0.004 * draw()), open.min(close) * (1.0 - 0.004 * draw()));
        ((i as i64 + 1) * DAY, Bar { open, high, low, close, volume: 1_000.0 + 500.0 * draw() })
    };
    (0..candles).map(day).collect()
}

fn learned(seed: u64, candles: usize, pull: f64) -> Result<Trained, TrainError> {
    train(samples(&market(seed, candles, pull), HORIZON, 1), "1d", HORIZON, false)
}

#[test]
fn a_pattern_that_is_there_is_learned() {
    let trained = learned(3, 6_000, 0.3).unwrap();
    let report = &trained.report;
    assert!(report.is_better_than_base() && report.brier < 0.23, "{report:?}");
    // What it said is about what came, and what it found likely came more often.
    assert!(report.deciles[9].came > 0.7 && report.deciles[0].came < 0.3, "{report:?}");
    for decile in &report.deciles {
        assert!((decile.said - decile.came).abs() < 0.15, "{decile:?}");
    }
    assert_eq!((trained.samples, trained.from, trained.until), (report_size(6_000), 200 * DAY, 6_000 * DAY));
    assert!(trained.is_current());
    assert!(!Trained { features: Vec::new(), ..trained.clone() }.is_current());
    assert!(!Trained { version: 0, ..trained }.is_current());
}

/// Candles that have features and an outcome.
fn report_size(candles: usize) -> usize {
    candles - 199 - HORIZON
}

#[test]
fn where_there_is_no_pattern_the_report_says_so() {
    let report = learned(11, 4_000, 0.0).unwrap().report;
    assert!(report.brier > report.base_brier - 0.005, "nothing was there to be learned: {report:?}");
    assert!((report.base_brier - 0.25).abs() < 0.01);
}

#[test]
fn the_same_candles_make_the_same_model_to_the_last_bit() {
    let (one, other) = (learned(5, 1_500, 0.05).unwrap(), learned(5, 1_500, 0.05).unwrap());
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
    assert_ne!(one.logistic, learned(6, 1_500, 0.05).unwrap().logistic);
}

#[test]
fn too_little_and_one_sided_data_is_refused() {
    assert_eq!(learned(5, 1_000, 0.05), Err(TrainError::TooFew { there: report_size(1_000), needed: 1_000 }));
    assert_eq!(learned(5, 100, 0.05), Err(TrainError::TooFew { there: 0, needed: 1_000 }));
    let up = |sample: Sample| Sample { is_higher: true, ..sample };
    let rising: Vec<Sample> = samples(&market(5, 1_500, 0.0), HORIZON, 1).into_iter().map(up).collect();
    assert_eq!(train(rising, "1d", HORIZON, false), Err(TrainError::OneSided));
    assert!(Logistic::fit(&[]).is_none());
}

#[test]
fn nothing_that_comes_later_changes_what_was_said_before() {
    let candles = market(7, 2_000, 0.05);
    let cut = 1_500;
    let mut other = candles.clone();
    other.splice(cut.., market(8, 2_000, 0.3).split_off(cut));
    let before = |bars: &[(i64, Bar)]| -> (Vec<Sample>, Vec<Forecast>) {
        let all = samples(bars, HORIZON, 1);
        let forecasts = walk_forward(&all).unwrap();
        let known = cut as i64 * DAY;
        (
            all.into_iter().filter(|sample| sample.known_at <= known).collect(),
            forecasts.into_iter().filter(|forecast| forecast.at + HORIZON as i64 * DAY <= known).collect(),
        )
    };
    let ((samples, forecasts), (other_samples, other_forecasts)) = (before(&candles), before(&other));
    assert!(samples.len() > 1_200 && forecasts.len() > 300, "{} {}", samples.len(), forecasts.len());
    assert_eq!(samples, other_samples);
    assert_eq!(forecasts, other_forecasts);
    // And it is no matter of course: with the future in its training it would have said otherwise.
    let all = |bars| Logistic::fit(&self::samples(bars, HORIZON, 1).iter().collect::<Vec<_>>()).unwrap();
    assert_ne!(all(&candles), all(&other));
}

#[test]
fn between_what_is_learned_from_and_what_is_forecast_is_a_gap_of_the_horizon() {
    // Outcomes that were not known when a part began are turned about: the forecasts of that part stay the same.
    let all = samples(&market(9, 2_000, 0.05), HORIZON, 1);
    let first = all[all.len() / 2].at;
    let part = all.len().div_ceil(2) / 5;
    let turned: Vec<Sample> = all
        .iter()
        .map(|sample| Sample { is_higher: sample.is_higher != (sample.known_at > first), ..sample.clone() })
        .collect();
    let said = |samples: &[Sample]| -> Vec<f64> {
        walk_forward(samples).unwrap().iter().take(part).map(|forecast| forecast.probability).collect()
    };
    assert_eq!(said(&all), said(&turned));
    let gap = all.iter().filter(|sample| sample.at < first && sample.known_at > first).count();
    assert_eq!(gap, HORIZON - 1, "these were not learned from");
}

#[test]
fn its_opinion_is_a_sentence_with_its_probability_and_its_record() {
    let trained = learned(3, 6_000, 0.3).unwrap();
    let mut acted = [0; 2];
    let mut analyst = Analyst::default();
    for (i, (_, bar)) in market(12, 600, 0.3).iter().enumerate() {
        analyst.next(bar);
        let opinion = modelled(&trained, &analyst);
        let reasons = opinion.reasons();
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].says.chars().count() <= 300 && reasons[0].says.bytes().any(|b| b.is_ascii_digit()));
        let Some(side) = opinion.side else {
            assert!(i + 1 >= MODEL.needs || opinion.confidence == 0);
            continue;
        };
        assert!(i + 1 >= MODEL.needs && opinion.confidence >= 55);
        acted[usize::from(side == Side::Buy)] += 1;
        let observation = *opinion.observations().next().unwrap();
        let Observation::Forecast { probability, record, .. } = observation else { panic!("{observation:?}") };
        assert_eq!(f64::from(opinion.confidence), (100.0 * probability).round());
        assert!(record.unwrap().count > 100);
        assert!(reasons[0].says.contains("came true") && reasons[0].says.contains(" % that the close is "));
    }
    assert!(acted.iter().all(|times| *times > 20), "{acted:?}");
    assert_eq!((trained.timeframe(), trained.horizon()), ("1d", HORIZON));
}
