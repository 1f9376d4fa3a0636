//! Logistic regression with a ridge, fitted by Newton's method (Hastie, Tibshirani and Friedman, The Elements of Statistical
//! Learning, 4.4.1 and 3.4.1). Nothing is random: the same samples make the same model to the last bit.

use serde::{Deserialize, Serialize};

use super::features::{FEATURES, Features};
use super::samples::Sample;

/// How strongly weights are drawn to zero: as much as this many samples would.
const RIDGE: f64 = 10.0;
/// Steps that are taken at most; fewer than ten are usual.
const STEPS: usize = 50;
/// A step that moves no weight further is the last.
const SETTLED: f64 = 1e-10;
const COUNT: usize = FEATURES.len();
/// A weight for each feature, and the one of the constant.
const WIDTH: usize = COUNT + 1;

/// A fitted model: how likely a higher close is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// The mean of each feature where it was trained.
    pub means: Features,
    /// The deviation of each; 1 where it did not vary.
    pub deviations: Features,
    /// The weight of each feature, counted in deviations from its mean.
    pub weights: Features,
    /// What is added to their sum.
    pub constant: f64,
}

impl Logistic {
    /// Fits a model to the samples; none where there are none, or they are not to be fitted.
    pub fn fit(samples: &[&Sample]) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let (means, deviations) = scale(samples);
        let mut model = Self { means, deviations, weights: [0.0; COUNT], constant: 0.0 };
        for _ in 0..STEPS {
            let step = model.step(samples)?;
            let mut furthest = 0.0_f64;
            for (weight, change) in model.weights.iter_mut().chain([&mut model.constant]).zip(step) {
                *weight += change;
                furthest = furthest.max(change.abs());
            }
            if furthest < SETTLED {
                break;
            }
        }
        let is_finite = model.weights.iter().chain([&model.constant]).all(|weight| weight.is_finite());
        is_finite.then_some(model)
    }

    /// How likely a higher close is, 0 to 1.
    pub fn probability(&self, features: &Features) -> f64 {
        let scaled = self.scaled(features);
        let sum: f64 = scaled.iter().zip(&self.weights).map(|(value, weight)| value * weight).sum();
        1.0 / (1.0 + (-(sum + self.constant)).exp())
    }

    fn scaled(&self, features: &Features) -> Features {
        std::array::from_fn(|i| (features[i] - self.means[i]) / self.deviations[i])
    }

    /// Newton's step: the gradient of the penalised likelihood, by the inverse of its curvature.
    fn step(&self, samples: &[&Sample]) -> Option<[f64; WIDTH]> {
        let mut gradient = [0.0; WIDTH];
        let mut curvature = [[0.0; WIDTH]; WIDTH];
        for sample in samples {
            let scaled = self.scaled(&sample.features);
            let row: [f64; WIDTH] = std::array::from_fn(|i| if i < COUNT { scaled[i] } else { 1.0 });
            let probability = self.probability(&sample.features);
            let (error, spread) = (f64::from(sample.is_higher) - probability, probability * (1.0 - probability));
            for i in 0..WIDTH {
                gradient[i] += error * row[i];
                for j in 0..=i {
                    curvature[i][j] += spread * row[i] * row[j];
                }
            }
        }
        for i in 0..COUNT {
            gradient[i] -= RIDGE * self.weights[i];
            curvature[i][i] += RIDGE;
        }
        // Of samples that all turned out the same way the constant would run away.
        curvature[COUNT][COUNT] += 1e-6;
        solve(curvature, gradient)
    }
}

/// The mean and the deviation of each feature.
fn scale(samples: &[&Sample]) -> (Features, Features) {
    let count = samples.len() as f64;
    let means: Features = std::array::from_fn(|i| samples.iter().map(|sample| sample.features[i]).sum::<f64>() / count);
    let deviations = std::array::from_fn(|i| {
        let square = |sample: &&Sample| (sample.features[i] - means[i]).powi(2);
        let deviation = (samples.iter().map(square).sum::<f64>() / count).sqrt();
        if deviation > 1e-12 { deviation } else { 1.0 }
    });
    (means, deviations)
}

/// Solves a symmetric positive definite system, of which the lower half is given, by Cholesky's decomposition; none where
/// it is not positive definite.
fn solve(matrix: [[f64; WIDTH]; WIDTH], right: [f64; WIDTH]) -> Option<[f64; WIDTH]> {
    let mut lower = [[0.0; WIDTH]; WIDTH];
    for i in 0..WIDTH {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| lower[i][k] * lower[j][k]).sum::<f64>();
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    let mut solution = right;
    for i in 0..WIDTH {
        let known: f64 = (0..i).map(|k| lower[i][k] * solution[k]).sum();
        solution[i] = (solution[i] - known) / lower[i][i];
    }
    for i in (0..WIDTH).rev() {
        let known: f64 = (i + 1..WIDTH).map(|k| lower[k][i] * solution[k]).sum();
        solution[i] = (solution[i] - known) / lower[i][i];
    }
    Some(solution)
}
