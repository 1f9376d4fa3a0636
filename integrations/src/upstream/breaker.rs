//! A circuit breaker: after some failures in a row a server is left alone for a while, then tried once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwether_domain::clock::Clock;
use bellwether_domain::market::{BreakerState, SourceError, SourceHealth};
use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row after which a server is left alone.
const MOST_FAILURES: u32 = 5;
/// For how long at first; after each trial that fails twice as long.
const SHORTEST_REST: TimeDelta = TimeDelta::seconds(30);
const LONGEST_REST: TimeDelta = TimeDelta::minutes(15);
/// For how long a server that says that it is asked too often is left alone at least.
const REST_WHEN_TOLD: TimeDelta = TimeDelta::seconds(10);

/// Whether a server is asked.
pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    health: SourceHealth,
    rest: TimeDelta,
    /// When the trial began that is under way.
    trial_since: Option<DateTime<Utc>>,
}

impl Breaker {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { health: SourceHealth::default(), rest: SHORTEST_REST, trial_since: None };
        Self { clock, state: Mutex::new(state) }
    }

    /// Whether the server may be asked now. While it is being tried nobody else may; a trial that was given up, for
    /// whoever asked is gone, is over after a while.
    pub(super) fn check(&self) -> Result<(), SourceError> {
        let now = self.clock.now();
        let mut state = self.state();
        let Some(next_try) = state.health.next_try_at else { return Ok(()) };
        let is_being_tried = state.trial_since.is_some_and(|since| now - since < SHORTEST_REST);
        if now < next_try || is_being_tried {
            return Err(SourceError::LeftAlone);
        }
        state.health.breaker = BreakerState::HalfOpen;
        state.trial_since = Some(now);
        Ok(())
    }

    /// Notes how a question came out.
    pub(super) fn note(&self, error: Option<&SourceError>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.trial_since = None;
        let Some(error) = error.filter(|error| error.is_outage()) else {
            let last_error = (state.health.last_error.take(), state.health.last_error_at);
            state.health = SourceHealth {
                last_success_at: Some(now),
                last_error: last_error.0,
                last_error_at: last_error.1,
                ..SourceHealth::default()
            };
            state.rest = SHORTEST_REST;
            return;
        };
        state.health.failures = state.health.failures.saturating_add(1);
        (state.health.last_error, state.health.last_error_at) = (Some(error.to_string()), Some(now));
        let told = match error {
            SourceError::TooOften { retry_after } => {
                let asked = retry_after.and_then(|seconds| i64::try_from(seconds).ok()).map(TimeDelta::seconds);
                Some(asked.unwrap_or(REST_WHEN_TOLD).clamp(REST_WHEN_TOLD, TimeDelta::hours(1)))
            }
            _ => None,
        };
        let was_trial = state.health.breaker == BreakerState::HalfOpen;
        if was_trial || told.is_some() || state.health.failures >= MOST_FAILURES {
            let rest = state.rest.max(told.unwrap_or_default());
            state.health.breaker = BreakerState::Open;
            state.health.next_try_at = Some(now + rest);
            state.rest = (state.rest * 2).min(LONGEST_REST);
        }
    }

    pub(super) fn health(&self) -> SourceHealth {
        self.state().health.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bellwether_domain::clock::ManualClock;

    use super::*;

    fn breaker() -> (Breaker, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
        (Breaker::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    #[test]
    fn after_five_failures_it_is_left_alone_and_then_tried_once() {
        let (breaker, clock) = breaker();
        for _ in 0..4 {
            breaker.check().unwrap();
            breaker.note(Some(&SourceError::TimedOut));
        }
        assert_eq!(breaker.health().breaker, BreakerState::Closed);
        breaker.note(Some(&SourceError::TimedOut));
        assert_eq!(breaker.health().breaker, BreakerState::Open);
        assert_eq!(breaker.check(), Err(SourceError::LeftAlone));
        clock.advance(TimeDelta::seconds(31));
        assert_eq!(breaker.check(), Ok(()));
        assert_eq!(breaker.check(), Err(SourceError::LeftAlone), "one tries, others wait");
        breaker.note(Some(&SourceError::Status(503)));
        clock.advance(TimeDelta::seconds(31));
        assert_eq!(breaker.check(), Err(SourceError::LeftAlone), "the second rest is twice as long");
        clock.advance(TimeDelta::seconds(31));
        breaker.check().unwrap();
        breaker.note(None);
        let health = breaker.health();
        assert_eq!((health.breaker, health.failures, health.next_try_at), (BreakerState::Closed, 0, None));
        assert_eq!(health.last_error.as_deref(), Some("answered with status 503"), "what it was is still told");
    }

    #[test]
    fn a_trial_that_nobody_ended_is_over_after_a_while() {
        let (breaker, clock) = breaker();
        breaker.note(Some(&SourceError::TooOften { retry_after: Some(40) }));
        clock.advance(TimeDelta::seconds(39));
        assert_eq!(breaker.check(), Err(SourceError::LeftAlone), "told to wait, it waits");
        clock.advance(TimeDelta::seconds(2));
        breaker.check().unwrap();
        clock.advance(TimeDelta::seconds(31));
        assert_eq!(breaker.check(), Ok(()));
    }

    #[test]
    fn not_to_know_an_asset_is_no_failure() {
        let (breaker, _) = breaker();
        for _ in 0..20 {
            breaker.note(Some(&SourceError::Unknown));
        }
        assert_eq!(breaker.health().breaker, BreakerState::Closed);
    }
}
