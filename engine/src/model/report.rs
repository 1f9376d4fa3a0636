//! How good forecasts were.

use serde::{Deserialize, Serialize};

use super::train::Forecast;

/// How forecasts turned out on candles that the model had not seen, beside saying every time how often closes had been
/// higher until then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How many forecasts there were.
    pub forecasts: usize,
    /// Which share of the closes was higher.
    pub base_rate: f64,
    /// The mean of (probability − outcome)²: 0 is perfect, 0.25 a coin (Brier, 1950).
    pub brier: f64,
    /// The same of always saying the base rate.
    pub base_brier: f64,
    /// The mean of −ln(the probability of what came): 0 is perfect, 0.693 a coin.
    pub log_loss: f64,
    /// The same of always saying the base rate.
    pub base_log_loss: f64,
    /// Ten parts of the forecasts, the least probable first: what was said and what came.
    pub deciles: Vec<Decile>,
}

/// A tenth of the forecasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// The least probability of a higher close among them.
    pub from: f64,
    /// The greatest.
    pub to: f64,
    /// How many there are.
    pub forecasts: usize,
    /// What was said on average.
    pub said: f64,
    /// Which share of the closes was higher.
    pub came: f64,
}

/// As far from certain as a probability is taken to be, so that one error does not count without end.
const UNCERTAIN: f64 = 1e-6;

impl Report {
    /// Of these forecasts; none where there are none.
    pub fn of(forecasts: &[Forecast]) -> Option<Self> {
        if forecasts.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&Forecast) -> f64| forecasts.iter().map(of).sum::<f64>() / forecasts.len() as f64;
        let mut by_probability: Vec<&Forecast> = forecasts.iter().collect();
        by_probability.sort_by(|a, b| a.probability.total_cmp(&b.probability));
        let bound = |tenth: usize| tenth * by_probability.len() / 10;
        let deciles = (0..10).filter_map(|tenth| Decile::of(by_probability.get(bound(tenth)..bound(tenth + 1))?));
        Some(Self {
            forecasts: forecasts.len(),
            base_rate: mean(&|forecast| f64::from(forecast.is_higher)),
            brier: mean(&|forecast| brier(forecast.probability, forecast.is_higher)),
            base_brier: mean(&|forecast| brier(forecast.base_rate, forecast.is_higher)),
            log_loss: mean(&|forecast| log_loss(forecast.probability, forecast.is_higher)),
            base_log_loss: mean(&|forecast| log_loss(forecast.base_rate, forecast.is_higher)),
            deciles: deciles.collect(),
        })
    }

    /// Whether the model said more than the base rate does, by both measures.
    pub fn is_better_than_base(&self) -> bool {
        self.brier < self.base_brier && self.log_loss < self.base_log_loss
    }

    /// The tenth that a probability falls into.
    pub fn decile(&self, probability: f64) -> Option<&Decile> {
        self.deciles.iter().find(|decile| probability <= decile.to).or(self.deciles.last())
    }
}

impl Decile {
    fn of(forecasts: &[&Forecast]) -> Option<Self> {
        let (first, last) = (forecasts.first()?, forecasts.last()?);
        let count = forecasts.len() as f64;
        Some(Self {
            from: first.probability,
            to: last.probability,
            forecasts: forecasts.len(),
            said: forecasts.iter().map(|forecast| forecast.probability).sum::<f64>() / count,
            came: forecasts.iter().map(|forecast| f64::from(forecast.is_higher)).sum::<f64>() / count,
        })
    }
}

fn brier(probability: f64, is_higher: bool) -> f64 {
    (probability - f64::from(is_higher)).powi(2)
}

fn log_loss(probability: f64, is_higher: bool) -> f64 {
    let of_what_came = if is_higher { probability } else { 1.0 - probability };
    -of_what_came.clamp(UNCERTAIN, 1.0 - UNCERTAIN).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_their_definitions() {
        let forecast = |probability, is_higher| Forecast { at: 0, probability, base_rate: 0.5, is_higher };
        let forecasts = [forecast(0.8, true), forecast(0.6, false)];
        let report = Report::of(&forecasts).unwrap();
        assert!((report.brier - (0.04 + 0.36) / 2.0).abs() < 1e-12 && (report.base_brier - 0.25).abs() < 1e-12);
        assert!((report.log_loss - (-(0.8_f64.ln()) - 0.4_f64.ln()) / 2.0).abs() < 1e-12);
        assert!((report.base_log_loss - 2.0_f64.ln()).abs() < 1e-12 && report.base_rate == 0.5);
        assert!(report.is_better_than_base());
        assert_eq!(Report::of(&[]), None);
    }

    #[test]
    fn deciles_hold_a_tenth_each() {
        let forecasts: Vec<Forecast> = (0..105)
            .map(|i| Forecast { at: i, probability: i as f64 / 105.0, base_rate: 0.5, is_higher: i % 3 == 0 })
            .collect();
        let report = Report::of(&forecasts).unwrap();
        assert_eq!(report.deciles.len(), 10);
        assert_eq!(report.deciles.iter().map(|decile| decile.forecasts).sum::<usize>(), 105);
        assert!(report.deciles.iter().all(|decile| decile.from <= decile.said && decile.said <= decile.to));
        assert_eq!(report.decile(0.0), report.deciles.first());
        assert_eq!(report.decile(1.0), report.deciles.last());
    }
}
