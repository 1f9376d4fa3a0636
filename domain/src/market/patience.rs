//! Waiting for sources, not longer than whoever asks should have to.

use std::time::Duration;

use crate::error::{Error, Fault, Result};
use crate::wall;

/// How long a source is waited for while something is known that can be given instead.
pub(super) const BRIEF: Duration = Duration::from_millis(300);

/// Waits so long for work that goes on beyond that: what a source answers too late for the one is there for the next. None
/// where it took longer or did not succeed, which is no matter to whoever reads what is known.
pub(super) async fn wait_for<T, W>(patience: Duration, work: W) -> Option<T>
where
    T: Send + 'static,
    W: Future<Output = Result<T>> + Send + 'static,
{
    let doing = tokio::spawn(wall::confined_alike(work));
    let done = match tokio::time::timeout(patience, doing).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => Err(Error::from(Fault::Bug(format!("asking a source: {error}")))),
        Err(_) => {
            tracing::debug!("a source takes too long: what is known is given");
            return None;
        }
    };
    done.inspect_err(|error| tracing::debug!(%error, "sources could not be asked")).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn work_that_takes_longer_is_done_all_the_same() {
        assert_eq!(wait_for(Duration::from_secs(60), async { Ok(5) }).await, Some(5));
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let work = async move {
            let _ = begun.await;
            done.store(true, Ordering::SeqCst);
            let _ = end.send(());
            Ok(())
        };
        assert_eq!(wait_for(Duration::from_millis(1), work).await, None);
        begin.send(()).unwrap();
        ended.await.unwrap();
        assert!(is_done.load(Ordering::SeqCst));
        assert_eq!(wait_for(Duration::from_secs(60), async { panic!("a bug") as Result<()> }).await, None);
    }
}
