//! Who may act: the decisions of one instance about the lease, without a clock, a database or a task.
//!
//! An instance asks for the lock, then asks for more time again and again, and believes to hold it until `ttl` after the
//! moment it *sent* the last request that was granted, less a margin: the database gave it `ttl` from a later moment,
//! so by the time that another instance can be granted the lock, this one has stopped. Times are measured on the
//! instance's own clock that is never set; only their differences count.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// How long an instance waits at most before it asks again after a refusal, or without an answer.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The lease's times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// How long the database grants the lock for.
    pub(super) ttl: Duration,
    /// How long after a request that was granted the next one is sent.
    pub(super) heartbeat: Duration,
}

impl Timing {
    /// By how much a holder stops before its time is over: what stopping takes, and clocks that do not run alike.
    fn margin(self) -> Duration {
        self.ttl / 6
    }

    fn pause(self) -> Duration {
        LONGEST_PAUSE.min(self.heartbeat / 2)
    }
}

/// What an instance asks of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The lock, if nobody holds it.
    Acquire,
    /// More time, if the lock is still held under this token.
    Renew(i64),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was granted, under this token.
    Granted(i64),
    /// It was not, and the lock is somebody else's, or nobody's.
    Refused,
    /// Nobody knows.
    Silence,
}

/// What an instance is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this.
    Ask(Request),
    /// Nothing until this moment.
    Wait(Duration),
    /// Stop: the term of this token is over.
    Stop(i64),
}

/// An instance that holds the lock or wants to.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    timing: Timing,
    term: Option<Held>,
    /// When to ask next.
    next: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    token: i64,
    /// Until when nobody else can be granted the lock.
    until: Duration,
}

impl Candidate {
    /// An instance that holds nothing and asks at once.
    pub(super) fn new(timing: Timing) -> Self {
        Self { timing, term: None, next: Duration::ZERO }
    }

    /// The token to act under, for as long as nobody else can have been granted the lock.
    pub(super) fn may_act(&self, now: Duration) -> Option<i64> {
        self.term.filter(|term| now < term.until).map(|term| term.token)
    }

    /// Until when the present term is sure, if there is one.
    pub(super) fn sure_until(&self) -> Option<Duration> {
        self.term.map(|term| term.until)
    }

    /// What to do now.
    pub(super) fn step(&mut self, now: Duration) -> Step {
        match self.term {
            Some(term) if now >= term.until => {
                self.term = None;
                self.next = now;
                Step::Stop(term.token)
            }
            Some(term) if now < self.next => Step::Wait(self.next.min(term.until)),
            None if now < self.next => Step::Wait(self.next),
            Some(term) => Step::Ask(Request::Renew(term.token)),
            None => Step::Ask(Request::Acquire),
        }
    }

    /// Takes in what became of a request that was sent at `sent`; the token of the term that this ended, if it did.
    pub(super) fn answered(&mut self, request: Request, sent: Duration, now: Duration, answer: Answer) -> Option<i64> {
        self.next = now + self.timing.pause();
        match (request, answer) {
            (Request::Acquire, Answer::Granted(token)) => self.hold(token, sent),
            (Request::Renew(token), Answer::Granted(_)) if self.holds(token) => self.hold(token, sent),
            (Request::Renew(token), Answer::Refused) if self.holds(token) => {
                self.term = None;
                return Some(token);
            }
            _ => {}
        }
        None
    }

    /// Ends the present term, if there is one: the instance gives the lock back, or has learnt that it is not its own.
    pub(super) fn leave(&mut self, now: Duration) {
        self.term = None;
        self.next = now + self.timing.pause();
    }

    fn holds(&self, token: i64) -> bool {
        self.term.is_some_and(|term| term.token == token)
    }

    fn hold(&mut self, token: i64, sent: Duration) {
        self.term = Some(Held { token, until: sent + self.timing.ttl - self.timing.margin() });
        self.next = sent + self.timing.heartbeat;
    }
}
