//! The opinion of a model, in the same words as those of the rules.

use super::judge::{Opinion, holding};
use super::observation::{Hold, Observation};
use super::{Analyst, Basis, Strategy};
use crate::model::{Model, features};

/// The probability below which nothing is done.
const LEAST: f64 = 0.55;

/// The strategy whose opinion is a model's: not one of [`ALL`](super::ALL), for it is there only where a model is.
pub static MODEL: Strategy = Strategy {
    name: "model",
    version: 1,
    about: "A logistic model that was trained on stored candles. It acts from a probability of 55 % on, and its confidence is its probability in percent.",
    needs: 201,
    least: 2.0 * LEAST - 1.0,
    basis: Basis::Model,
};

/// What a model makes of the newest candle that the analyst has seen.
pub fn modelled(model: &dyn Model, analyst: &Analyst) -> Opinion {
    let seen = analyst.seen();
    if seen < MODEL.needs {
        return Opinion::hold(Hold::TooFew { seen, needs: MODEL.needs }, 0);
    }
    let Some(features) = features(analyst) else {
        return Opinion::hold(Hold::StandsStill, 100);
    };
    let prediction = model.predict(&features);
    let (probability, horizon) = (prediction.probability, model.horizon());
    if probability < LEAST {
        let hold = Hold::Unsure { higher: prediction.higher(), horizon, least: LEAST };
        return Opinion::hold(hold, holding(2.0 * probability - 1.0));
    }
    let record = model.track_record(prediction);
    let forecast = Observation::Forecast { side: prediction.side, probability, horizon, record };
    Opinion::of(prediction.side, (100.0 * probability).round() as u8, forecast)
}
