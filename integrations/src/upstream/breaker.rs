//! A circuit breaker: after some failures in a row a server is left alone for a while, then tried once.
//!
//! Whoever is to ask gets a [`Permit`], and says by it how that came out. Each time that the breaker opens, or lets one try,
//! a new era begins; what comes of a permit of an earlier era is told and changes nothing. So an answer that was long under
//! way closes no breaker that opened meanwhile, and failures that were do not hold it open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwether_domain::clock::Clock;
use bellwether_domain::market::{BreakerState, SourceError, SourceHealth};
use chrono::{DateTime, TimeDelta, Utc};

/// Failures in a row after which a server is left alone.
const MOST_FAILURES: u32 = 5;
/// For how long at first; after each trial that fails twice as long.
const SHORTEST_REST: TimeDelta = TimeDelta::seconds(30);
const LONGEST_REST: TimeDelta = TimeDelta::minutes(15);
/// For how long a server that says that it is asked too often is left alone, at least and at most.
const REST_WHEN_TOLD: TimeDelta = TimeDelta::seconds(10);
const LONGEST_WHEN_TOLD: TimeDelta = TimeDelta::hours(1);

/// Whether a server is asked.
pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    health: SourceHealth,
    rest: TimeDelta,
    era: u64,
}

/// Leave to ask once. One that is dropped untold, for whoever asked is gone or never came to ask, counts for nothing: was it
/// the trial, the next who comes is.
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    era: u64,
    is_told: bool,
}

impl Breaker {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State { health: SourceHealth::default(), rest: SHORTEST_REST, era: 0 };
        Self { clock, state: Mutex::new(state) }
    }

    /// Leave to ask the server now. While it is left alone nobody has it, and while it is being tried nobody else.
    pub(super) fn permit(&self) -> Result<Permit<'_>, SourceError> {
        let now = self.clock.now();
        let mut state = self.state();
        match state.health.breaker {
            BreakerState::Closed => {}
            BreakerState::Open if state.health.next_try_at.is_none_or(|at| at <= now) => {
                state.health.breaker = BreakerState::HalfOpen;
                state.era += 1;
            }
            BreakerState::Open | BreakerState::HalfOpen => return Err(SourceError::LeftAlone),
        }
        Ok(Permit { breaker: self, era: state.era, is_told: false })
    }

    pub(super) fn health(&self) -> SourceHealth {
        self.state().health.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Notes how the question came out.
    pub(super) fn note(mut self, error: Option<&SourceError>) {
        self.is_told = true;
        let now = self.breaker.clock.now();
        let mut state = self.breaker.state();
        let is_late = state.era != self.era;
        match error.filter(|error| error.is_outage()) {
            None => state.succeeded(now, is_late),
            Some(error) => state.failed(error, now, is_late),
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        if !self.is_told && state.era == self.era && state.health.breaker == BreakerState::HalfOpen {
            state.health.breaker = BreakerState::Open;
        }
    }
}

impl State {
    fn succeeded(&mut self, now: DateTime<Utc>, is_late: bool) {
        self.health.last_success_at = Some(now);
        if is_late {
            return;
        }
        self.health.breaker = BreakerState::Closed;
        self.health.failures = 0;
        self.health.next_try_at = None;
        self.rest = SHORTEST_REST;
    }

    fn failed(&mut self, error: &SourceError, now: DateTime<Utc>, is_late: bool) {
        (self.health.last_error, self.health.last_error_at) = (Some(error.to_string()), Some(now));
        let (is_told, named) = match error {
            SourceError::TooOften { retry_after } => (
                true,
                retry_after.map(|seconds| TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000))),
            ),
            _ => (false, None),
        };
        let named = named.map(|named| named.clamp(REST_WHEN_TOLD, LONGEST_WHEN_TOLD));
        if is_late {
            // A server that names a time is heeded, whichever answer it is in.
            if self.health.breaker == BreakerState::Open && named.is_some() {
                self.health.next_try_at = self.health.next_try_at.max(named.map(|named| now + named));
            }
            return;
        }
        self.health.failures = self.health.failures.saturating_add(1);
        let was_trial = self.health.breaker == BreakerState::HalfOpen;
        if was_trial || is_told || self.health.failures >= MOST_FAILURES {
            self.health.breaker = BreakerState::Open;
            self.health.next_try_at = Some(now + self.rest.max(named.unwrap_or_default()));
            self.rest = (self.rest * 2).min(LONGEST_REST);
            self.era += 1;
        }
    }
}

#[cfg(test)]
mod tests;
