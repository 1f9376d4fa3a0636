//! An instance: contends for the lock, works while it holds it, and lets it go.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::lease::{Answer, Candidate, Request, Step, Timing};
use super::term::Term;
use super::work::{Running, work};
use super::{SchedulerSettings, lock, metrics};
use crate::Domain;
use crate::error::Result;

/// How long an answer of the database is waited for, at most.
const LONGEST_ANSWER: Duration = Duration::from_secs(5);
/// How long runs may take to end by themselves once the instance is to stop.
const GRACE: Duration = Duration::from_millis(500);
/// How long giving the lock back may take then; if it does not come through, the lease ends by itself.
const LONGEST_RELEASE: Duration = Duration::from_secs(2);

/// How a term ended.
enum End {
    /// The instance is to stop.
    Shutdown,
    /// The lock is not its own any more.
    Lost(&'static str),
}

impl Domain {
    /// Contends for the scheduler's lock and runs the jobs while it is held, until `shutdown`; then the lock is given
    /// back. To be run once a process.
    pub async fn run_scheduler(self, settings: SchedulerSettings, shutdown: CancellationToken) {
        let timing = Timing { ttl: settings.ttl, heartbeat: settings.heartbeat };
        let (owner, candidate) = (Arc::from(settings.owner), Candidate::new(timing));
        let mut instance =
            Instance { domain: self, owner, timing, candidate, began: Instant::now(), complained: false };
        metrics::lock_held(false);
        while let Some(token) = instance.contend(&shutdown).await {
            metrics::lock_held(true);
            let end = instance.lead(token, &shutdown).await;
            metrics::lock_held(false);
            if matches!(end, End::Shutdown) {
                return;
            }
        }
    }
}

struct Instance {
    domain: Domain,
    owner: Arc<str>,
    timing: Timing,
    candidate: Candidate,
    /// What its monotonic clock counts from.
    began: Instant,
    /// Whether it has told already that the database does not answer.
    complained: bool,
}

impl Instance {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Asks for the lock until it is granted, its token; none when the instance is to stop.
    async fn contend(&mut self, shutdown: &CancellationToken) -> Option<i64> {
        while !shutdown.is_cancelled() {
            match self.candidate.step(self.now()) {
                Step::Ask(request) => {
                    self.ask(request).await;
                    if let Some(token) = self.candidate.may_act(self.now()) {
                        return Some(token);
                    }
                }
                Step::Wait(until) => tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep_until(self.began + until) => {}
                },
                // It was granted so late that its time was over.
                Step::Stop(_) => {}
            }
        }
        None
    }

    /// Works until the instance is to stop or the lock is lost. When this returns, no run is under way any more.
    async fn lead(&mut self, token: i64, shutdown: &CancellationToken) -> End {
        let term = Term { domain: self.domain.clone(), owner: Arc::clone(&self.owner), token };
        let mut running = Running::default();
        let end = tokio::select! {
            biased;
            () = shutdown.cancelled() => End::Shutdown,
            cause = self.keep() => End::Lost(cause),
            () = work(&term, &mut running) => End::Lost("it was broken, or is held by another"),
        };
        self.candidate.leave(self.now());
        match end {
            End::Lost(cause) => {
                running.stop().await;
                tracing::warn!(owner = %self.owner, token, cause, "scheduler lock lost");
            }
            End::Shutdown => {
                // Those that take longer are abandoned with the lock's release, and due again at whoever takes it.
                let _ = tokio::time::timeout(GRACE, running.all_ended()).await;
                running.stop().await;
                self.release(token).await;
            }
        }
        end
    }

    /// Renews the lease until it is lost; why it was.
    async fn keep(&mut self) -> &'static str {
        loop {
            match self.candidate.step(self.now()) {
                Step::Ask(request) => {
                    if self.ask(request).await.is_some() {
                        return "it was broken, is held by another, or had expired";
                    }
                }
                Step::Wait(until) => tokio::time::sleep_until(self.began + until).await,
                Step::Stop(_) => return "it could not be renewed in time",
            }
        }
    }

    /// Sends a request and takes in its answer; the token of the term that this ended, if it did.
    async fn ask(&mut self, request: Request) -> Option<i64> {
        let sent = self.now();
        let sure = self.candidate.sure_until().map(|until| until.saturating_sub(sent));
        let patience = sure.unwrap_or(self.timing.ttl).min(LONGEST_ANSWER);
        let answer = match tokio::time::timeout(patience, self.send(request)).await {
            Ok(Ok(answer)) => {
                self.complained = false;
                answer
            }
            Ok(Err(error)) => self.complain(request, &error.to_string()),
            Err(_) => self.complain(request, "no answer in time"),
        };
        self.candidate.answered(request, sent, self.now(), answer)
    }

    fn complain(&mut self, request: Request, error: &str) -> Answer {
        // Once an outage: it is asked again every second.
        if !std::mem::replace(&mut self.complained, true) {
            tracing::warn!(owner = %self.owner, ?request, error, "the scheduler's lock cannot be asked for");
        }
        Answer::Silence
    }

    async fn send(&self, request: Request) -> Result<Answer> {
        let (domain, owner, ttl) = (&self.domain, &*self.owner, self.timing.ttl);
        match request {
            Request::Acquire => {
                // Looking takes no lock: only who finds it free tries to take it.
                if let Some(row) = lock::read(domain.db().reader()).await?.filter(lock::LockRow::is_held) {
                    // Its own, though it does not act: the answer that granted it never came.
                    if row.owner != owner || !domain.release_scheduler_lock(owner, row.token).await? {
                        return Ok(Answer::Refused);
                    }
                }
                let Some(grant) = domain.acquire_scheduler_lock(owner, ttl).await? else { return Ok(Answer::Refused) };
                let lock::Grant { token, taken_from, abandoned } = grant;
                match taken_from {
                    Some(from) => tracing::info!(owner, token, from, abandoned, "scheduler lock taken over"),
                    None => tracing::info!(owner, token, abandoned, "scheduler lock acquired"),
                }
                Ok(Answer::Granted(token))
            }
            Request::Renew(token) => {
                if !domain.renew_scheduler_lock(owner, token, ttl).await? {
                    return Ok(Answer::Refused);
                }
                tracing::debug!(owner, token, "scheduler lock renewed");
                Ok(Answer::Granted(token))
            }
        }
    }

    async fn release(&mut self, token: i64) {
        let owner = &*self.owner;
        match tokio::time::timeout(LONGEST_RELEASE, self.domain.release_scheduler_lock(owner, token)).await {
            Ok(Ok(true)) => tracing::info!(owner, token, "scheduler lock released"),
            Ok(Ok(false)) => {
                tracing::warn!(owner, token, cause = "it was over before its release", "scheduler lock lost")
            }
            Ok(Err(error)) => {
                tracing::warn!(owner, token, %error, "the scheduler lock was not released: it will expire")
            }
            Err(_) => tracing::warn!(owner, token, "the scheduler lock was not released in time: it will expire"),
        }
    }
}
