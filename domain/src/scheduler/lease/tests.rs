//! Three instances and a lock, in every order that requests, answers, pauses and clocks can come in.
//!
//! The lock here is a model of the statements in `lock.rs`; that they do the same on both databases is tested in
//! `tests/tests/use_cases/scheduler`. That these tests can fail is tested too: each rule is broken once.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;

const INSTANCES: usize = 3;
/// How many courses of events are tried.
const CASES: u32 = 4_000;
const TIMING: Timing = Timing { ttl: Duration::from_secs(6), heartbeat: Duration::from_secs(2) };

/// A rule that may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    /// The lock is given to whoever asks.
    AcquireWhileHeld,
    /// A new term has the token of the old one.
    AcquireKeepsToken,
    /// A renewal is granted to whoever sends it.
    RenewForAnybody,
    /// A term is believed in from when the answer came.
    TrustFromAnswer,
    /// A write is taken from whoever sends it.
    WriteUnfenced,
}

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time passes, everywhere, in milliseconds.
    Pass(u64),
    /// The database's clock is set, in milliseconds.
    Set(i64),
    /// An instance does its next step.
    Step(usize),
    /// The request of an instance comes to the lock.
    Arrive(usize),
    /// The answer comes to the instance.
    Answer(usize),
    /// The instance gives up waiting; its request may still arrive.
    GiveUp(usize),
    /// A request that was given up arrives.
    Haunt,
    /// The instance sends a write, if it believes that it may.
    Act(usize),
    /// The write arrives.
    Land(usize),
    /// The instance stops for good in an orderly way, and begins again.
    Release(usize),
    /// The instance dies, and begins again under another name.
    Die(usize),
    /// The owner breaks the lock.
    Break,
}

/// The event that a number stands for: some are more frequent than others. Clocks are set and locks broken only where that
/// is asked for.
fn event(code: u32, with_clock_steps: bool) -> Event {
    let (kind, rest) = (code % 36, code / 36);
    let who = rest as usize % INSTANCES;
    match kind {
        0..5 => Event::Pass(u64::from(rest) % 2_500 + 1),
        5..11 => Event::Step(who),
        11..16 => Event::Arrive(who),
        16..21 => Event::Answer(who),
        21 => Event::GiveUp(who),
        22 => Event::Haunt,
        23..26 => Event::Act(who),
        26..29 => Event::Land(who),
        29 => Event::Release(who),
        30 => Event::Die(who),
        31..33 if with_clock_steps => Event::Set(i64::from(rest % 40_000) - 20_000),
        33..35 if with_clock_steps => Event::Break,
        _ => Event::Step(who),
    }
}

fn events(with_clock_steps: bool) -> impl Strategy<Value = Vec<Event>> {
    let events = move |codes: Vec<u32>| codes.into_iter().map(|code| event(code, with_clock_steps)).collect();
    proptest::collection::vec(any::<u32>(), 1..250).prop_map(events)
}

/// The row of the lock, and what it let through.
struct Lock {
    broken: Broken,
    now: i64,
    owner: Option<usize>,
    token: i64,
    expires_at: i64,
    /// Tokens of the writes that were taken, in order.
    written: Vec<i64>,
}

impl Lock {
    fn is_live(&self) -> bool {
        self.expires_at > self.now
    }

    fn answer(&mut self, name: usize, request: Request) -> Answer {
        let until = self.now + TIMING.ttl.as_millis() as i64;
        match request {
            Request::Acquire if self.is_live() && self.broken != Broken::AcquireWhileHeld => Answer::Refused,
            Request::Acquire => {
                self.owner = Some(name);
                self.token += i64::from(self.broken != Broken::AcquireKeepsToken || self.token == 0);
                self.expires_at = until;
                Answer::Granted(self.token)
            }
            Request::Renew(token) => {
                let is_theirs = self.owner == Some(name) && self.token == token && self.is_live();
                if is_theirs || self.broken == Broken::RenewForAnybody {
                    self.expires_at = until;
                    Answer::Granted(token)
                } else {
                    Answer::Refused
                }
            }
        }
    }

    fn write(&mut self, name: usize, token: i64) {
        let is_theirs = self.owner == Some(name) && self.token == token && self.is_live();
        if is_theirs || self.broken == Broken::WriteUnfenced {
            self.written.push(token);
        }
    }

    fn give_back(&mut self, name: usize, token: i64) {
        if self.owner == Some(name) && self.token == token {
            self.owner = None;
            self.expires_at = self.now;
        }
    }
}

struct Instance {
    /// No two that ever lived have the same.
    name: usize,
    candidate: Candidate,
    sent: Option<(Request, Duration)>,
    answer: Option<Answer>,
    write: Option<i64>,
}

impl Instance {
    fn new(name: usize) -> Self {
        Self { name, candidate: Candidate::new(TIMING), sent: None, answer: None, write: None }
    }
}

struct World {
    lock: Lock,
    now: Duration,
    instances: Vec<Instance>,
    names: usize,
    ghosts: Vec<(usize, Request)>,
    /// Who acted under which token.
    acted: HashMap<i64, usize>,
}

impl World {
    fn new(broken: Broken) -> Self {
        let lock = Lock { broken, now: 0, owner: None, token: 0, expires_at: 0, written: Vec::new() };
        let instances = (0..INSTANCES).map(Instance::new).collect();
        Self { lock, now: Duration::ZERO, instances, names: INSTANCES, ghosts: Vec::new(), acted: HashMap::new() }
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Pass(millis) => {
                self.now += Duration::from_millis(millis);
                self.lock.now += millis as i64;
            }
            Event::Set(millis) => self.lock.now += millis,
            Event::Step(i) => {
                let instance = &mut self.instances[i];
                if instance.sent.is_none()
                    && let Step::Ask(request) = instance.candidate.step(now)
                {
                    instance.sent = Some((request, now));
                }
            }
            Event::Arrive(i) => {
                let instance = &mut self.instances[i];
                if let (Some((request, _)), None) = (instance.sent, instance.answer) {
                    instance.answer = Some(self.lock.answer(instance.name, request));
                }
            }
            Event::Answer(i) => {
                let instance = &mut self.instances[i];
                if let (Some((request, sent)), Some(answer)) = (instance.sent, instance.answer.take()) {
                    let since = if self.lock.broken == Broken::TrustFromAnswer { now } else { sent };
                    instance.candidate.answered(request, since, now, answer);
                    instance.sent = None;
                }
            }
            Event::GiveUp(i) => {
                let instance = &mut self.instances[i];
                if let Some((request, sent)) = instance.sent.take() {
                    if instance.answer.take().is_none() {
                        self.ghosts.push((instance.name, request));
                    }
                    instance.candidate.answered(request, sent, now, Answer::Silence);
                }
            }
            Event::Haunt => {
                if let Some((name, request)) = self.ghosts.pop() {
                    self.lock.answer(name, request);
                }
            }
            Event::Act(i) => {
                let instance = &mut self.instances[i];
                instance.write = instance.candidate.may_act(now).or(instance.write);
            }
            Event::Land(i) => {
                let instance = &mut self.instances[i];
                if let Some(token) = instance.write.take() {
                    self.lock.write(instance.name, token);
                }
            }
            Event::Release(i) => {
                let instance = &mut self.instances[i];
                if let Some(token) = instance.candidate.may_act(now) {
                    self.lock.give_back(instance.name, token);
                }
                instance.candidate.leave(now);
                instance.sent = None;
                instance.answer = None;
            }
            Event::Die(i) => {
                self.instances[i] = Instance::new(self.names);
                self.names += 1;
            }
            Event::Break => {
                self.lock.owner = None;
                self.lock.token += 1;
                self.lock.expires_at = self.lock.now;
            }
        }
    }

    /// Whatever clocks do: a token is one instance's, and no write is taken after one of a newer token.
    fn check_fencing(&mut self) -> Result<(), String> {
        for instance in &self.instances {
            if let Some(token) = instance.candidate.may_act(self.now) {
                let first = *self.acted.entry(token).or_insert(instance.name);
                if first != instance.name {
                    return Err(format!("{first} and {} act under token {token}", instance.name));
                }
            }
        }
        if self.lock.written.is_sorted() {
            Ok(())
        } else {
            Err(format!("a write of an old token was taken: {:?}", self.lock.written))
        }
    }

    /// While clocks run alike: nobody acts beside another.
    fn check_alone(&self) -> Result<(), String> {
        let acting = self.instances.iter().filter(|instance| instance.candidate.may_act(self.now).is_some()).count();
        if acting <= 1 { Ok(()) } else { Err(format!("{acting} instances act at once")) }
    }
}

/// Lets everything happen; the first thing that must not.
fn play(events: &[Event], broken: Broken, clocks_run_alike: bool) -> Result<World, String> {
    let mut world = World::new(broken);
    for event in events {
        world.happen(*event);
        world.check_fencing()?;
        if clocks_run_alike {
            world.check_alone()?;
        }
    }
    Ok(world)
}

/// Plays so many cases, the same every time.
fn search(broken: Broken, clocks_run_alike: bool) -> Result<(), TestError<Vec<Event>>> {
    let max_shrink_iters = if broken == Broken::Nothing { 10_000 } else { 0 };
    let config = Config { cases: CASES, max_shrink_iters, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&events(!clocks_run_alike), |events| {
        play(&events, broken, clocks_run_alike).map(drop).map_err(TestCaseError::fail)
    })
}

#[test]
fn nobody_acts_beside_another_while_clocks_run_alike() {
    search(Broken::Nothing, true).unwrap();
}

#[test]
fn a_token_is_one_instances_and_no_old_one_writes_whatever_clocks_do() {
    search(Broken::Nothing, false).unwrap();
}

/// The search reaches what it is about: terms that change hands, and writes that are refused.
#[test]
fn every_broken_rule_is_found() {
    for broken in [
        Broken::AcquireWhileHeld,
        Broken::AcquireKeepsToken,
        Broken::RenewForAnybody,
        Broken::TrustFromAnswer,
        Broken::WriteUnfenced,
    ] {
        let found = search(broken, true).is_err() || search(broken, false).is_err();
        assert!(found, "{broken:?} was not noticed");
    }
}

#[test]
fn a_holder_stops_before_another_can_hold() {
    let seconds = Duration::from_secs;
    let mut candidate = Candidate::new(TIMING);
    assert_eq!(candidate.step(seconds(10)), Step::Ask(Request::Acquire));
    // The answer took a second: the term counts from the request.
    assert_eq!(candidate.answered(Request::Acquire, seconds(10), seconds(11), Answer::Granted(7)), None);
    assert_eq!(candidate.step(seconds(11)), Step::Wait(seconds(12)));
    assert_eq!(candidate.step(seconds(12)), Step::Ask(Request::Renew(7)));
    assert_eq!(candidate.answered(Request::Renew(7), seconds(12), seconds(14), Answer::Silence), None);
    assert_eq!(candidate.may_act(seconds(14)), Some(7), "its time is not over");
    assert_eq!(candidate.may_act(seconds(15)), None, "a second before another can have it");
    assert_eq!(candidate.step(seconds(15)), Step::Stop(7));
    assert_eq!(candidate.step(seconds(15)), Step::Ask(Request::Acquire));
}

#[test]
fn a_refused_renewal_ends_the_term_at_once() {
    let seconds = Duration::from_secs;
    let mut candidate = Candidate::new(TIMING);
    candidate.answered(Request::Acquire, seconds(0), seconds(0), Answer::Granted(7));
    assert_eq!(candidate.answered(Request::Renew(7), seconds(2), seconds(2), Answer::Refused), Some(7));
    assert_eq!(candidate.may_act(seconds(2)), None);
    assert_eq!(candidate.step(seconds(2)), Step::Wait(Duration::from_millis(2_500)));
}
