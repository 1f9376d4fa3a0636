use std::sync::Barrier;

use bellwether_domain::clock::ManualClock;

use super::*;

fn breaker() -> (Breaker, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
    (Breaker::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

/// Asks that often, which all fails.
fn fail(breaker: &Breaker, times: usize) {
    for _ in 0..times {
        breaker.permit().unwrap().note(Some(&SourceError::TimedOut));
    }
}

fn is_left_alone(breaker: &Breaker) -> bool {
    matches!(breaker.permit(), Err(SourceError::LeftAlone))
}

#[test]
fn after_five_failures_it_is_left_alone_and_then_tried_once() {
    let (breaker, clock) = breaker();
    fail(&breaker, 4);
    assert_eq!(breaker.health().breaker, BreakerState::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.health().breaker, BreakerState::Open);
    assert!(is_left_alone(&breaker));
    clock.advance(TimeDelta::seconds(30));
    let trial = breaker.permit().unwrap();
    assert_eq!(breaker.health().breaker, BreakerState::HalfOpen);
    assert!(is_left_alone(&breaker), "one tries, others wait");
    clock.advance(TimeDelta::minutes(5));
    assert!(is_left_alone(&breaker), "however long the one takes");
    trial.note(Some(&SourceError::Status(503)));
    clock.advance(TimeDelta::seconds(59));
    assert!(is_left_alone(&breaker), "the second rest is twice as long");
    clock.advance(TimeDelta::seconds(1));
    breaker.permit().unwrap().note(None);
    let health = breaker.health();
    assert_eq!((health.breaker, health.failures, health.next_try_at), (BreakerState::Closed, 0, None));
    assert_eq!(health.last_error.as_deref(), Some("answered with status 503"), "what it was is still told");
    fail(&breaker, 5);
    clock.advance(TimeDelta::seconds(30));
    assert!(breaker.permit().is_ok(), "after a success a rest is short again");
}

#[test]
fn what_was_under_way_when_it_opened_changes_nothing() {
    let (breaker, clock) = breaker();
    let early: Vec<Permit<'_>> = (0..8).map(|_| breaker.permit().unwrap()).collect();
    let mut early = early.into_iter();
    fail(&breaker, 5);
    let opened = breaker.health();
    clock.advance(TimeDelta::seconds(20));
    early.next().unwrap().note(None);
    assert_eq!(breaker.health().breaker, BreakerState::Open, "a late success does not close it");
    for _ in 0..4 {
        early.next().unwrap().note(Some(&SourceError::TimedOut));
    }
    let health = breaker.health();
    assert_eq!((health.failures, health.next_try_at), (opened.failures, opened.next_try_at), "nor is it held open");
    clock.advance(TimeDelta::seconds(10));
    let trial = breaker.permit().unwrap();
    early.next().unwrap().note(None);
    early.next().unwrap().note(Some(&SourceError::TimedOut));
    assert_eq!(breaker.health().breaker, BreakerState::HalfOpen, "only the trial decides");
    assert!(is_left_alone(&breaker));
    trial.note(None);
    early.next().unwrap().note(Some(&SourceError::TimedOut));
    assert_eq!((breaker.health().breaker, breaker.health().failures), (BreakerState::Closed, 0));
}

#[test]
fn a_trial_that_was_given_up_is_the_next_ones() {
    let (breaker, clock) = breaker();
    fail(&breaker, 5);
    clock.advance(TimeDelta::seconds(30));
    let trial = breaker.permit().unwrap();
    assert!(is_left_alone(&breaker));
    drop(trial);
    assert_eq!(breaker.health().breaker, BreakerState::Open);
    let trial = breaker.permit().unwrap();
    assert!(is_left_alone(&breaker));
    trial.note(None);
    assert_eq!(breaker.health().breaker, BreakerState::Closed);
    drop(breaker.permit().unwrap());
    assert_eq!(breaker.health().failures, 0, "to have asked nothing is no failure");
}

#[test]
fn a_server_that_says_when_is_asked_then() {
    let (breaker, clock) = breaker();
    let (first, second) = (breaker.permit().unwrap(), breaker.permit().unwrap());
    first.note(Some(&SourceError::TooOften { retry_after: Some(40) }));
    second.note(Some(&SourceError::TooOften { retry_after: Some(60) }));
    clock.advance(TimeDelta::seconds(59));
    assert!(is_left_alone(&breaker), "the later of two times that it named");
    clock.advance(TimeDelta::seconds(1));
    breaker.permit().unwrap().note(Some(&SourceError::TooOften { retry_after: Some(u64::MAX) }));
    clock.advance(TimeDelta::minutes(59));
    assert!(is_left_alone(&breaker));
    clock.advance(TimeDelta::minutes(1));
    assert!(breaker.permit().is_ok(), "an hour at most");
}

#[test]
fn not_to_know_an_asset_is_no_failure() {
    let (breaker, _) = breaker();
    for _ in 0..20 {
        breaker.permit().unwrap().note(Some(&SourceError::Unknown));
    }
    assert_eq!(breaker.health().breaker, BreakerState::Closed);
}

/// Many at once, round after round: of those who come when it is to be tried exactly one does, whatever the others, who
/// asked before it opened, come back with.
#[test]
fn of_many_at_once_one_tries() {
    let (breaker, clock) = breaker();
    let breaker = &breaker;
    for round in 0..200 {
        let early: Vec<Permit<'_>> = (0..8).map(|_| breaker.permit().unwrap()).collect();
        fail(breaker, 5);
        clock.advance(TimeDelta::seconds(30));
        let start = Barrier::new(16);
        let start = &start;
        let trials: Vec<Permit<'_>> = std::thread::scope(|scope| {
            let late: Vec<_> = early
                .into_iter()
                .enumerate()
                .map(|(index, permit)| {
                    scope.spawn(move || {
                        start.wait();
                        permit.note((index % 2 == 0).then_some(&SourceError::TimedOut));
                    })
                })
                .collect();
            let asking: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        start.wait();
                        breaker.permit().ok()
                    })
                })
                .collect();
            late.into_iter().for_each(|thread| thread.join().unwrap());
            asking.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((trials.len(), breaker.health().breaker), (1, BreakerState::HalfOpen), "round {round}");
        trials.into_iter().for_each(|trial| trial.note(None));
        assert_eq!(breaker.health().breaker, BreakerState::Closed);
    }
}
