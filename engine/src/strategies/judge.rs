//! From what was found to an opinion.
//!
//! What fired is weighed: `for` is the sum of weight times strength of what speaks for a side, `against` that of what
//! speaks for the other; the side with more is the opinion's, and the evidence is `for − against`, at most 1. Then
//!
//! ```text
//! confidence = 30 + 45 · evidence + 15 · trend + 10 · volume
//! ```
//!
//! rounded, where trend and volume are 0 to 1 ([`Reading`]s that support the side). More evidence, a trend that supports
//! more, or more volume never makes it less.

use super::hearing::{HEARD, Said, heard};
use super::observation::{Hold, Observation, Reason};
use super::reading::{Analyst, Reading};
use super::{Basis, Finding, Rule, Scene, Side, Strategy, Vote};

/// The votes disagree where the less is at least this share of the more.
const DISAGREEMENT: f64 = 0.5;
/// ADX below which there is no trend.
const NO_TREND: f64 = 18.0;

/// What a strategy makes of a candle.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// What to do; none to hold.
    pub side: Option<Side>,
    /// How sure it is, 0 to 100.
    pub confidence: u8,
    /// What was seen, and how many candles ago; the strongest first.
    seen: Vec<(Observation, usize)>,
}

impl Opinion {
    /// Why, in sentences; the strongest first.
    pub fn reasons(&self) -> Vec<Reason> {
        self.seen.iter().map(|(observation, age)| observation.reason(*age)).collect()
    }

    /// What was seen.
    pub fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.seen.iter().map(|(observation, _)| observation)
    }

    /// For a side, because of one thing.
    pub(super) fn of(side: Side, confidence: u8, observation: Observation) -> Self {
        Self { side: Some(side), confidence, seen: vec![(observation, 0)] }
    }

    pub(super) fn hold(hold: Hold, confidence: u8) -> Self {
        Self { side: None, confidence, seen: vec![(Observation::Hold(hold), 0)] }
    }
}

/// Something that speaks for a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// For which.
    pub side: Side,
    /// How much, 0 or more: weight times strength.
    pub weight: f64,
}

/// What speaks for the side that most speaks for, and what speaks against it; none where nothing speaks for either.
pub fn weigh(evidence: impl IntoIterator<Item = Weighed>) -> Option<(Side, f64, f64)> {
    let (mut buy, mut sell) = (0.0, 0.0);
    for Weighed { side, weight } in evidence {
        *match side {
            Side::Buy => &mut buy,
            Side::Sell => &mut sell,
        } += weight;
    }
    if buy > sell {
        Some((Side::Buy, buy, sell))
    } else if sell > 0.0 {
        Some((Side::Sell, sell, buy))
    } else {
        None
    }
}

/// How sure an opinion is, 0 to 100, from evidence, trend and volume, 0 to 1 each.
pub fn confidence(evidence: f64, trend: f64, volume: f64) -> u8 {
    let [evidence, trend, volume] = [evidence, trend, volume].map(|part| part.clamp(0.0, 1.0));
    (30.0 + 45.0 * evidence + 15.0 * trend + 10.0 * volume).round() as u8
}

/// One voice: what was found, how much it weighs, and how many candles ago it was found.
struct Voice {
    finding: Finding,
    weight: f64,
    age: usize,
}

impl Strategy {
    /// What it makes of the newest candle that the analyst has seen.
    pub fn judge(&self, analyst: &Analyst) -> Opinion {
        let seen = analyst.seen();
        let pair = analyst.pair(0).filter(|_| seen >= self.needs);
        let Some((_, now)) = pair else {
            return Opinion::hold(Hold::TooFew { seen, needs: self.needs }, 0);
        };
        if now.movement().is_none() {
            return Opinion::hold(Hold::StandsStill, 100);
        }
        let mut voices = self.voices(analyst);
        let weighed = voices.iter().map(|voice| Weighed { side: voice.finding.side, weight: voice.weight });
        let Some((side, support, opposition)) = weigh(weighed) else {
            return Opinion::hold(Hold::Quiet { rsi: now.rsi.unwrap_or_default() }, 100);
        };
        let evidence = (support - opposition).min(1.0);
        if let Some(hold) = self.hold(now, side, support, opposition) {
            return Opinion::hold(hold, holding(evidence));
        }
        voices.retain(|voice| voice.finding.side == side);
        voices.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut seen: Vec<_> = voices.into_iter().map(|voice| (voice.finding.observation, voice.age)).collect();
        let (trend, volume) = (trend(now, side), volume(now));
        if let Some(average) = now.sma50.filter(|_| trend > 0.0) {
            seen.push((Observation::Trend { up: side == Side::Buy, average }, 0));
        }
        if let Some(average) = now.volume.filter(|_| volume > 0.0) {
            seen.push((Observation::Volume { times: now.bar.volume / average }, 0));
        }
        Opinion { side: Some(side), confidence: confidence(evidence, trend, volume), seen }
    }

    fn hold(&self, now: &Reading, side: Side, support: f64, opposition: f64) -> Option<Hold> {
        if opposition >= DISAGREEMENT * support {
            let (buy, sell) = if side == Side::Buy { (support, opposition) } else { (opposition, support) };
            return Some(Hold::Disagreement { buy, sell });
        }
        let evidence = support - opposition;
        if evidence < self.least {
            return Some(Hold::Weak { evidence, least: self.least });
        }
        let is_vote = matches!(self.basis, Basis::Votes(_));
        let is_within = now.bands.is_some_and(|bands| (bands.lower..=bands.upper).contains(&now.bar.close));
        now.adx.filter(|adx| is_vote && is_within && *adx < NO_TREND).map(|adx| Hold::Consolidation { adx })
    }

    fn voices(&self, analyst: &Analyst) -> Vec<Voice> {
        match self.basis {
            Basis::Rules(_) => self.voices_of(analyst, 0),
            Basis::Votes(votes) => votes.iter().flat_map(|vote| vote.voices(analyst)).collect(),
            Basis::Model => Vec::new(),
        }
    }

    /// What its own rules found so many candles ago.
    fn voices_of(&self, analyst: &Analyst, age: usize) -> Vec<Voice> {
        match self.basis {
            Basis::Rules(rules) => findings(rules, analyst, age).collect(),
            Basis::Votes(_) | Basis::Model => Vec::new(),
        }
    }
}

impl Vote {
    /// What is heard of the strategy, weighed as it is here.
    fn voices(&self, analyst: &Analyst) -> Vec<Voice> {
        let voices: Vec<Voice> = (0..HEARD).flat_map(|age| self.strategy.voices_of(analyst, age)).collect();
        let mut said: Vec<Said> = Vec::new();
        for Voice { finding, weight, age } in &voices {
            match said.iter_mut().find(|said| said.side == finding.side && said.age == *age) {
                Some(said) => said.weight += weight,
                None => said.push(Said { side: finding.side, weight: *weight, age: *age }),
            }
        }
        let heard: Vec<Said> = heard(&said).collect();
        let is_heard = |voice: &Voice| heard.iter().any(|h| h.side == voice.finding.side && h.age == voice.age);
        let weighed = |voice: Voice| {
            let alone = Said { side: voice.finding.side, weight: voice.weight, age: voice.age };
            Voice { weight: alone.faded() * self.weight, ..voice }
        };
        voices.into_iter().filter(is_heard).map(weighed).collect()
    }
}

fn findings<'a>(rules: &'static [Rule], analyst: &'a Analyst, age: usize) -> impl Iterator<Item = Voice> + 'a {
    let scene = analyst.pair(age).map(|(before, now)| Scene { before, now });
    scene.into_iter().flat_map(move |scene| {
        rules.iter().filter_map(move |rule| {
            let finding = (rule.judge)(&scene)?;
            Some(Voice { weight: rule.weight * finding.strength, finding, age })
        })
    })
}

/// How sure holding is, 0 to 100: the surer the less speaks for doing something.
pub(super) fn holding(evidence: f64) -> u8 {
    (100.0 * (1.0 - evidence.clamp(0.0, 1.0))).round() as u8
}

/// How much the trend supports the side: 0.5 where the price is on the right side of SMA(50), 0.3 more where SMA(50) is
/// on the right side of SMA(200), and 0.2 more for an ADX(14) of 50.
fn trend(now: &Reading, side: Side) -> f64 {
    let Some(average) = now.sma50 else { return 0.0 };
    let is_ahead = |fast: f64, slow: f64| if side == Side::Buy { fast > slow } else { fast < slow };
    if !is_ahead(now.bar.close, average) {
        return 0.0;
    }
    let long = if now.sma200.is_some_and(|long| is_ahead(average, long)) { 0.3 } else { 0.0 };
    0.5 + long + 0.2 * (now.adx.unwrap_or_default() / 50.0).min(1.0)
}

/// How much the volume supports any side: 0 up to the average, 1 from twice the average on.
fn volume(now: &Reading) -> f64 {
    match now.volume {
        Some(average) if average > 0.0 => (now.bar.volume / average - 1.0).clamp(0.0, 1.0),
        _ => 0.0,
    }
}
