//! Threads for work that keeps a core busy, such as hashing a password.
//!
//! They are to leave one core to everything else, where there is more than one, and ask the system for less than their
//! share of the others, so that many people who sign in at once don't keep those waiting who are: an answer takes a
//! millisecond, a hash thirty.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::error::Fault;

/// How long work waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Of 0 to 99, where a thread has 50: a tenth of the time of one that has that, where both want all of it.
const PRIORITY: u8 = 23;

type Job = Box<dyn FnOnce() + Send>;

/// So many threads, each of which does one thing at a time. They end when this is dropped and they are done.
pub(crate) struct Workers {
    jobs: mpsc::Sender<Job>,
    free: Arc<Semaphore>,
}

impl Workers {
    /// Starts this many threads, at least one.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(count: usize) -> Result<Self, Fault> {
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..count.max(1) {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name("worker".to_owned());
            let started = thread.spawn(move || work(&waiting));
            started.map_err(|error| Fault::Bug(format!("no thread could be started: {error}")))?;
        }
        Ok(Self { jobs, free: Arc::new(Semaphore::new(count.max(1))) })
    }

    /// Does the work when its turn comes.
    ///
    /// # Errors
    /// UNAVAILABLE when too much is waiting.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.free).acquire_owned());
        let turn = turn.await.map_err(|_| Fault::Unavailable(None))?.map_err(|_| Fault::Unavailable(None))?;
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // Nobody may be waiting any more.
            let _ = answer.send(work());
            drop(turn);
        });
        self.jobs.send(job).map_err(|_| Fault::Bug("the worker threads have ended".to_owned()))?;
        answered.await.map_err(|_| Fault::Bug("a worker's job panicked".to_owned()))
    }
}

fn work(waiting: &Mutex<mpsc::Receiver<Job>>) {
    if let Ok(value) = ThreadPriorityValue::try_from(PRIORITY)
        && let Err(error) = set_current_thread_priority(ThreadPriority::Crossplatform(value))
    {
        tracing::warn!(?error, "worker threads have the priority of all others");
    }
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The one who waits for it is told, for its channel closes; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So much as Linux tells: how nice a thread is, the nineteenth value of proc_pid_stat(5).
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn work_stands_back_behind_everything_else() {
        let nice = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let after_the_name = stat.rsplit_once(')').unwrap().1;
            after_the_name.split_whitespace().nth(16).unwrap().parse::<i32>().unwrap()
        };
        let own = nice();
        let of_a_worker = Workers::start(1).unwrap().run(nice).await.unwrap();
        assert!(of_a_worker >= own + 5, "{of_a_worker} beside {own}");
    }

    #[tokio::test]
    async fn work_is_done_and_a_panic_ends_no_thread() {
        let workers = Workers::start(1).unwrap();
        for round in 0..3 {
            assert_eq!(workers.run(move || round + 1).await.unwrap(), round + 1);
            let panicked = workers.run(|| panic!("on purpose")).await;
            assert!(matches!(panicked, Err(Fault::Bug(_))), "{panicked:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_so() {
        let workers = Workers::start(1).unwrap();
        let (release, held) = mpsc::channel::<()>();
        let first = workers.run(move || held.recv());
        let second = async {
            let told = workers.run(|| ()).await;
            release.send(()).unwrap();
            told
        };
        let (first, second) = tokio::join!(first, second);
        assert!(matches!(second, Err(Fault::Unavailable(_))), "{second:?}");
        assert!(first.unwrap().is_ok());
    }
}
