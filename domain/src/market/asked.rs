//! What this process asked the sources for of late: so that everybody's turn comes, the same is not asked twice at once, and
//! nobody is asked again and again for what he does not have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Timeframe;
use crate::ids::AssetId;

/// For how long a source that had nothing is not asked for the same again.
const NOTHING_LASTS: TimeDelta = TimeDelta::minutes(15);

/// The candles of an asset in a timeframe, or without one its quote.
pub(super) type Question = (AssetId, Option<Timeframe>);

/// What was asked, by this process.
#[derive(Debug, Default)]
pub struct Asked(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Whoever asks it holds its turn.
    turns: HashMap<Question, Weak<Turn<()>>>,
    /// When it was last asked, whatever came of it.
    at: HashMap<Question, DateTime<Utc>>,
    /// When it was last answered, if only with an old price.
    answered: HashMap<Question, DateTime<Utc>>,
    /// Of what there was nothing to be had.
    nothing: HashMap<Question, Nothing>,
    /// What is being asked, with when it was before.
    under_way: HashMap<Question, Option<DateTime<Utc>>>,
}

/// That a source had nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nothing {
    /// When it said so.
    pub(crate) at: DateTime<Utc>,
    /// From when on it was looked for; none where the source does not know the asset.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// Questions that are under way until this is dropped.
pub(super) struct UnderWay<'a> {
    asked: &'a Asked,
    questions: Vec<Question>,
}

impl Asked {
    /// Waits until nobody else asks it, for as long as what is given back is held; tells whether somebody did.
    pub(super) async fn turn(&self, question: Question) -> (OwnedMutexGuard<()>, bool) {
        let turn = {
            let mut state = self.state();
            state.turns.retain(|_, turn| turn.strong_count() > 0);
            let known = state.turns.get(&question).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                state.turns.insert(question, Arc::downgrade(&turn));
                turn
            })
        };
        match Arc::clone(&turn).try_lock_owned() {
            Ok(held) => (held, false),
            Err(_) => (turn.lock_owned().await, true),
        }
    }

    /// Notes that these are asked now, and are under way until what is given back is dropped.
    pub(super) fn begin(&self, questions: Vec<Question>, now: DateTime<Utc>) -> UnderWay<'_> {
        let mut state = self.state();
        for question in &questions {
            let before = state.at.insert(*question, now);
            state.under_way.insert(*question, before);
        }
        drop(state);
        UnderWay { asked: self, questions }
    }

    /// Notes that it was not asked after all: it keeps its turn.
    pub(super) fn take_back(&self, question: Question) {
        let mut state = self.state();
        match state.under_way.get(&question).copied().flatten() {
            Some(before) => drop(state.at.insert(question, before)),
            None => drop(state.at.remove(&question)),
        }
    }

    /// Notes that it was answered.
    pub(super) fn note_answer(&self, question: Question, now: DateTime<Utc>) {
        let mut state = self.state();
        state.answered.insert(question, now);
        state.nothing.remove(&question);
    }

    /// Notes that there was nothing to be had from `since` on; without it, that the source does not know the asset.
    pub(super) fn note_nothing(&self, question: Question, since: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        self.state().nothing.insert(question, Nothing { at: now, since });
    }

    /// When it was last asked.
    pub(super) fn at(&self, question: Question) -> Option<DateTime<Utc>> {
        self.state().at.get(&question).copied()
    }

    /// When it was last answered.
    pub(super) fn answered_at(&self, question: Question) -> Option<DateTime<Utc>> {
        self.state().answered.get(&question).copied()
    }

    /// Whether there was nothing to be had of late, that far back.
    pub(super) fn had_nothing(&self, question: Question, from: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let is_so = |Nothing { at, since }| now - at < NOTHING_LASTS && since.is_none_or(|since| from >= since);
        self.nothing(question).is_some_and(is_so)
    }

    /// That there was nothing to be had when it was last answered, if that is so, however long ago.
    pub(super) fn nothing(&self, question: Question) -> Option<Nothing> {
        self.state().nothing.get(&question).copied()
    }

    /// Whether it is being asked just now.
    pub(super) fn is_under_way(&self, question: Question) -> bool {
        self.state().under_way.contains_key(&question)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.asked.state();
        for question in &self.questions {
            state.under_way.remove(question);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::Id;

    #[test]
    fn that_there_was_nothing_holds_for_a_while_and_as_far_back_as_was_looked() {
        let asked = Asked::default();
        let now: DateTime<Utc> = "2026-03-02T12:00:00Z".parse().unwrap();
        let (day, question) = (TimeDelta::days(1), (AssetId::from_uuid(Uuid::nil()), Some(Timeframe::D1)));
        assert!(!asked.had_nothing(question, now, now));
        asked.note_nothing(question, Some(now - day), now);
        assert!(asked.had_nothing(question, now - day, now) && asked.had_nothing(question, now, now));
        assert!(!asked.had_nothing(question, now - day * 2, now), "further back was not looked");
        assert!(!asked.had_nothing((question.0, None), now, now), "of a quote nothing is known");
        assert!(!asked.had_nothing(question, now, now + NOTHING_LASTS));
        asked.note_answer(question, now);
        assert!(!asked.had_nothing(question, now, now));
        asked.note_nothing(question, None, now);
        assert!(asked.had_nothing(question, DateTime::UNIX_EPOCH, now), "of an asset that it does not know");
    }

    #[test]
    fn a_question_is_under_way_until_it_is_dropped() {
        let asked = Asked::default();
        let question = (AssetId::from_uuid(Uuid::nil()), None);
        let now = DateTime::UNIX_EPOCH;
        let under_way = asked.begin(vec![question], now);
        assert!(asked.is_under_way(question));
        drop(under_way);
        assert!(!asked.is_under_way(question));
        assert_eq!(asked.at(question), Some(now));
        let under_way = asked.begin(vec![question], now + NOTHING_LASTS);
        assert_eq!(asked.at(question), Some(now + NOTHING_LASTS));
        asked.take_back(question);
        drop(under_way);
        assert_eq!(asked.at(question), Some(now), "what was not asked keeps its turn");
    }
}
