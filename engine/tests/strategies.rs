//! What holds of every strategy, whatever the candles.

#![expect(clippy::unwrap_used, reason = "a test that meets what it does not expect is to fail")]

use bellwether_engine::Bar;
use bellwether_engine::strategies::{
    ALL, Analyst, Basis, Hold, Observation, Opinion, Said, Side, Weighed, confidence, heard, weigh,
};
use proptest::prelude::*;

/// A walk with trends, jumps and quiet stretches.
fn market() -> impl Strategy<Value = Vec<Bar>> {
    let step = (-0.03_f64..0.03, 0.0_f64..0.01, prop_oneof![Just(0.0), 1.0_f64..100.0, 500.0_f64..900.0]);
    (10.0_f64..1_000.0, prop::collection::vec(step, 1..330)).prop_map(|(mut close, steps)| {
        let bar = |(step, wick, volume): (f64, f64, f64)| {
            let open = close;
            close *= 1.0 + step;
            let (high, low) = (open.max(close) * (1.0 + wick), open.min(close) * (1.0 - wick));
            Bar { open, high, low, close, volume }
        };
        steps.into_iter().map(bar).collect()
    })
}

fn opinions(analyst: &Analyst) -> Vec<Opinion> {
    ALL.iter().map(|strategy| strategy.judge(analyst)).collect()
}

proptest! {
    #[test]
    fn candle_by_candle_and_in_bulk_the_opinions_are_the_same(bars in market(), cut in 0_usize..330) {
        let mut following = Analyst::default();
        let mut at_cut = opinions(&following);
        let cut = cut.min(bars.len());
        for (i, bar) in bars.iter().enumerate() {
            following.next(bar);
            if i + 1 == cut {
                at_cut = opinions(&following);
            }
        }
        // What was said then, knowing nothing of what came, is what is said of then now.
        prop_assert_eq!(at_cut, opinions(&Analyst::of(bars[..cut].iter().copied())));
        prop_assert_eq!(opinions(&following), opinions(&Analyst::of(bars.iter().copied())));
    }

    #[test]
    fn an_opinion_has_reasons_and_a_confidence(bars in market()) {
        let analyst = Analyst::of(bars.iter().copied());
        for (strategy, opinion) in ALL.iter().zip(opinions(&analyst)) {
            let reasons = opinion.reasons();
            prop_assert!(!reasons.is_empty() && reasons.len() <= 20, "{}", strategy.name);
            prop_assert!(opinion.confidence <= 100);
            for reason in reasons {
                prop_assert!(reason.says.chars().count() <= 300 && reason.value.is_none_or(|v| v.len() <= 60));
                prop_assert!(reason.says.bytes().any(|b| b.is_ascii_digit()), "no number in {}", reason.says);
            }
            if opinion.side.is_some() {
                prop_assert!(analyst.seen() >= strategy.needs && opinion.confidence >= 30);
            }
        }
    }

    #[test]
    fn confidence_is_monotonic_in_the_evidence(
        weights in prop::collection::vec((prop::bool::ANY, 0.0_f64..1.0), 1..8),
        which in 0_usize..8,
        more in 0.0_f64..0.5,
        (trend, volume) in (0.0_f64..1.0, 0.0_f64..1.0),
    ) {
        let voices = |extra: Option<usize>| {
            let voice = |(i, (buy, weight)): (usize, &(bool, f64))| Weighed {
                side: if *buy { Side::Buy } else { Side::Sell },
                weight: if extra == Some(i) { weight + more } else { *weight },
            };
            weights.iter().enumerate().map(voice).collect::<Vec<_>>()
        };
        let sure = |(_, support, opposition): (Side, f64, f64)| confidence(support - opposition, trend, volume);
        let which = which % weights.len();
        if let (Some(before), Some(after)) = (weigh(voices(None)), weigh(voices(Some(which)))) {
            let supports = weights[which].0 == (before.0 == Side::Buy);
            if supports {
                prop_assert_eq!(before.0, after.0, "what supports a side does not turn it");
                prop_assert!(sure(after) >= sure(before));
            } else if before.0 == after.0 {
                prop_assert!(sure(after) <= sure(before));
            }
        }
        prop_assert!(confidence(0.5, trend + more, volume) >= confidence(0.5, trend, volume));
        prop_assert!(confidence(0.5, trend, volume + more) >= confidence(0.5, trend, volume));
    }
}

/// Up to four strategies, each with what it said of late.
fn said_of_late() -> impl Strategy<Value = Vec<Vec<Said>>> {
    let said = (prop::bool::ANY, 0.1_f64..1.5, 0_usize..6).prop_map(|(buy, weight, age)| Said {
        side: if buy { Side::Buy } else { Side::Sell },
        weight,
        age,
    });
    prop::collection::vec(prop::collection::vec(said, 0..5), 1..5)
}

/// What a vote makes of it, each strategy counting 0.6.
fn vote(strategies: &[Vec<Said>]) -> Option<(Side, f64, f64)> {
    let heard = strategies.iter().flat_map(|said| heard(said));
    weigh(heard.map(|said| Weighed { side: said.side, weight: 0.6 * said.faded() }))
}

proptest! {
    #[test]
    fn more_stronger_or_fresher_evidence_that_agrees_never_lowers_the_confidence(
        before in said_of_late(),
        (strategy, which) in (0_usize..5, 0_usize..5),
        (weight, age) in (0.0_f64..1.5, 0_usize..6),
        change in 0..3,
    ) {
        let Some((side, support, opposition)) = vote(&before) else { return Ok(()) };
        let mut after = before.clone();
        let strategy = strategy % after.len();
        let said = &mut after[strategy];
        let agreeing: Vec<usize> = (0..said.len()).filter(|i| said[*i].side == side).collect();
        match (change, agreeing.is_empty()) {
            // One thing more, at any candle.
            (0, _) | (_, true) => said.push(Said { side, weight, age }),
            // One thing more strongly.
            (1, false) => said[agreeing[which % agreeing.len()]].weight += weight,
            // One thing at a later candle.
            (_, false) => {
                let one = &mut said[agreeing[which % agreeing.len()]];
                one.age = one.age.min(age);
            }
        }
        let (side_after, support_after, opposition_after) = vote(&after).unwrap();
        prop_assert_eq!(side, side_after);
        prop_assert!(support_after >= support - 1e-12, "{} became {}", support, support_after);
        prop_assert!(opposition_after <= opposition + 1e-12, "{} became {}", opposition, opposition_after);
        let sure = |support: f64, opposition: f64| confidence((support - opposition).min(1.0), 0.5, 0.5);
        prop_assert!(sure(support_after, opposition_after) >= sure(support, opposition));
    }
}

fn bar(open: f64, close: f64, volume: f64) -> Bar {
    Bar { open, high: open.max(close) + 0.2, low: open.min(close) - 0.2, close, volume }
}

/// Candles that follow these closes, each opening at the close before.
fn closes(closes: impl IntoIterator<Item = f64>) -> Vec<Bar> {
    let mut before = None;
    closes.into_iter().map(|close| bar(before.replace(close).unwrap_or(close), close, 100.0)).collect()
}

/// The same candles upside down: what rose falls by as much.
fn upside_down(bars: &[Bar]) -> Vec<Bar> {
    let turned = |price: f64| 300.0 - price;
    let turn = |bar: &Bar| Bar {
        open: turned(bar.open),
        high: turned(bar.low),
        low: turned(bar.high),
        close: turned(bar.close),
        volume: bar.volume,
    };
    bars.iter().map(turn).collect()
}

/// The side that a strategy takes at each candle, from 0.
fn sides(name: &str, bars: &[Bar]) -> Vec<(usize, Side)> {
    let strategy = bellwether_engine::strategies::named(name).unwrap();
    let mut analyst = Analyst::default();
    let mut sides = Vec::new();
    for (i, bar) in bars.iter().enumerate() {
        analyst.next(bar);
        sides.extend(strategy.judge(&analyst).side.map(|side| (i, side)));
    }
    sides
}

#[test]
fn a_long_turn_is_one_golden_cross_and_one_death_cross() {
    let down = (0..250).map(|i| 400.0 - f64::from(i));
    let up = (0..250).map(|i| 150.0 + f64::from(i));
    let again = (0..250).map(|i| 400.0 - f64::from(i));
    let crosses = sides("golden-cross", &closes(down.chain(up).chain(again)));
    assert_eq!(crosses.iter().map(|(_, side)| *side).collect::<Vec<_>>(), [Side::Buy, Side::Sell]);
    assert!((250..500).contains(&crosses[0].0) && crosses[1].0 > 500, "{crosses:?}");
}

#[test]
fn a_sharp_dip_in_a_rising_market_is_bought_and_a_sharp_rally_in_a_falling_one_is_sold() {
    let rise = std::iter::repeat_n(100.0, 60).chain([117.0, 134.0]).chain(std::iter::repeat_n(150.0, 23));
    let dip = [146.0, 142.0, 138.0, 134.0, 130.0];
    let bars = closes(rise.chain(dip));
    for (bars, expected) in [(upside_down(&bars), Side::Sell), (bars, Side::Buy)] {
        let found = sides("rsi-reversal", &bars);
        assert!(!found.is_empty() && found.iter().all(|(i, side)| *i >= 85 && *side == expected), "{found:?}");
    }
}

#[test]
fn in_waves_macd_crosses_its_signal_once_each_way() {
    // Three waves of sixty candles: the market turns every thirty.
    let bars = closes((0..210).map(|i| 150.0 + 20.0 * (f64::from(i) * std::f64::consts::PI / 30.0).sin()));
    let found: Vec<_> = sides("macd-cross", &bars).into_iter().filter(|(i, _)| *i >= 60).collect();
    assert_eq!(found.len(), 5, "{found:?}");
    for cross in found.windows(2) {
        assert!((28..=32).contains(&(cross[1].0 - cross[0].0)) && cross[0].1 != cross[1].1, "{found:?}");
    }
    for (i, side) in &found {
        let later = bars[i + 10].close - bars[*i].close;
        assert_eq!(later > 0.0, *side == Side::Buy, "after {i} the price moves by {later}");
    }
    let turned: Vec<_> = sides("macd-cross", &upside_down(&bars)).into_iter().filter(|(i, _)| *i >= 60).collect();
    assert!(turned.iter().zip(&found).all(|(turned, cross)| turned.0 == cross.0 && turned.1 != cross.1), "{turned:?}");
}

#[test]
fn a_spike_of_volume_is_followed_the_way_the_price_went() {
    let mut bars = closes((0..60).map(|i| 100.0 + f64::from(i % 3)));
    bars.push(bar(102.0, 106.0, 400.0));
    assert_eq!(sides("volume-spike", &bars), [(60, Side::Buy)]);
    bars.truncate(60);
    bars.push(bar(102.0, 96.0, 400.0));
    assert_eq!(sides("volume-spike", &bars), [(60, Side::Sell)]);
}

#[test]
fn a_break_out_of_a_quiet_time_is_followed() {
    let lively = (0..160).map(|i| 100.0 + 5.0 * (f64::from(i) * 0.7).sin());
    let quiet = (0..40).map(|i| 100.0 + 0.1 * f64::from(i % 2));
    let bars = closes(lively.chain(quiet).chain([104.0]));
    assert_eq!(sides("bollinger-squeeze", &bars), [(200, Side::Buy)]);
}

#[test]
fn a_level_that_holds_turns_the_price_and_one_that_breaks_lets_it_go_on() {
    let zigzag = |i: i32| 100.0 + f64::from(if i % 16 < 8 { i % 16 } else { 16 - i % 16 });
    let bars = closes((0..66).map(zigzag));
    let found = sides("support-resistance", &bars);
    assert!(found.contains(&(65, Side::Buy)), "the turn at 100 off support: {found:?}");
    let found = sides("support-resistance", &upside_down(&bars));
    assert!(found.contains(&(65, Side::Sell)), "the turn at 200 off resistance: {found:?}");
    let broken = closes((0..64).map(zigzag).chain([98.0, 96.0]));
    let found = sides("support-resistance", &broken);
    assert!(found.contains(&(64, Side::Sell)), "the fall through 100: {found:?}");
    let found = sides("support-resistance", &upside_down(&broken));
    assert!(found.contains(&(64, Side::Buy)), "the rise through 200: {found:?}");
}

/// A market in which nothing is traded.
fn still() -> Vec<Bar> {
    vec![Bar { open: 27.43, high: 27.43, low: 27.43, close: 27.43, volume: 0.0 }; 400]
}

#[test]
fn no_strategy_acts_where_nothing_happens() {
    let sideways = closes((0..400).map(|i| 100.0 + f64::from(i % 2)));
    for strategy in ALL {
        assert_eq!(sides(strategy.name, &still()), [], "{}", strategy.name);
    }
    // Each turn of the zigzag is a bounce; what speaks for both sides is nothing for the vote.
    for name in ["rsi-reversal", "golden-cross", "bollinger-squeeze", "volume-spike", "consensus"] {
        assert_eq!(sides(name, &sideways), [], "{name}");
    }
}

#[test]
fn consensus_says_why_it_holds() {
    let consensus = bellwether_engine::strategies::named("consensus").unwrap();
    let holds = |bars: Vec<Bar>| consensus.judge(&Analyst::of(bars)).observations().copied().next();
    let few = holds(closes((0..50).map(f64::from).map(|i| 100.0 + i)));
    assert_eq!(few, Some(Observation::Hold(Hold::TooFew { seen: 50, needs: 201 })));
    let still = holds(still());
    assert_eq!(still, Some(Observation::Hold(Hold::StandsStill)));
}

#[test]
fn strategies_are_documented_and_their_weights_are_shares() {
    for strategy in ALL {
        assert!(strategy.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && strategy.version > 0);
        assert!(strategy.about.ends_with('.') && strategy.needs > 1);
        match strategy.basis {
            Basis::Rules(rules) => {
                assert!(rules.iter().all(|rule| rule.weight > 0.0 && rule.weight <= 1.0 && rule.about.ends_with('.')));
            }
            Basis::Votes(votes) => {
                assert_eq!(votes.len(), ALL.len() - 1, "all the others are heard");
                assert!(votes.iter().all(|vote| vote.weight > 0.0 && vote.weight <= 1.0));
                assert!(votes.iter().all(|vote| vote.strategy.needs <= strategy.needs));
            }
            Basis::Model => panic!("a model is not one of all"),
        }
    }
}
