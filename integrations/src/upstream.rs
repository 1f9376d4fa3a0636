//! Asking a company's server with care: in time, not too often, again where that may help, once for many who ask the same,
//! and not at all for a while after it has failed again and again.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bellwether_domain::clock::Clock;
use bellwether_domain::market::{SourceError, SourceHealth};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use moka::future::Cache;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Url};

mod breaker;

use breaker::Breaker;

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners {
    /// How long one question may take, to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// How often a question is asked again that was not answered.
    pub(crate) retries: usize,
    /// How long to wait before the first of these; each further wait is twice as long, and all vary by chance.
    pub(crate) first_wait: Duration,
    /// Questions a minute.
    pub(crate) per_minute: NonZeroU32,
    /// How long a question waits for its turn among those before it is given up.
    pub(crate) turn_within: Duration,
    /// How long an answer is good for whoever asks the same.
    pub(crate) good_for: Duration,
}

/// Bytes of an answer at most.
const LARGEST: usize = 8 * 1_024 * 1_024;
/// Answers that are remembered.
const REMEMBERED: u64 = 2_000;
/// The longest Retry-After that is waited for; for a longer one the server is left alone until then.
const WORTH_WAITING: u64 = 2;

/// What a server answered.
pub(crate) struct Answer {
    /// 200 or 404.
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) is_html: bool,
}

/// A company's server, whose answers are turned into `T`.
pub(crate) struct Upstream<T> {
    client: Client,
    headers: HeaderMap,
    manners: Manners,
    limiter: DefaultDirectRateLimiter,
    breaker: Breaker,
    answers: Cache<String, Arc<T>>,
}

impl<T: Send + Sync + 'static> Upstream<T> {
    pub(crate) fn new(client: Client, headers: HeaderMap, manners: Manners, clock: Arc<dyn Clock>) -> Self {
        let quota = Quota::per_minute(manners.per_minute);
        Self {
            client,
            headers,
            manners,
            limiter: RateLimiter::direct(quota),
            breaker: Breaker::new(clock),
            answers: Cache::builder().max_capacity(REMEMBERED).time_to_live(manners.good_for).build(),
        }
    }

    /// What the server answers at an address, read by `read`. Many who ask the same at once ask it once.
    pub(crate) async fn get(
        &self,
        url: Url,
        read: impl Fn(&Answer) -> Result<T, SourceError> + Send + Sync,
    ) -> Result<Arc<T>, SourceError> {
        let answer = self.answers.try_get_with(url.to_string(), self.ask(url, read)).await;
        answer.map_err(|error| SourceError::clone(&error))
    }

    /// How the server does.
    pub(crate) fn health(&self) -> SourceHealth {
        self.breaker.health()
    }

    async fn ask(
        &self,
        url: Url,
        read: impl Fn(&Answer) -> Result<T, SourceError> + Send + Sync,
    ) -> Result<Arc<T>, SourceError> {
        let permit = self.breaker.permit()?;
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.manners.first_wait)
            .with_max_times(self.manners.retries)
            .with_jitter();
        let answered = (|| async { read(&self.ask_once(url.clone()).await?) })
            .retry(waits)
            .when(is_worth_waiting)
            .adjust(|error, wait| match error {
                SourceError::TooOften { retry_after: Some(seconds) } => {
                    wait.map(|wait| wait.max(Duration::from_secs(*seconds)))
                }
                _ => wait,
            })
            .await;
        // Whoever did not get its turn asked nobody, and learnt nothing of the server.
        if !matches!(answered, Err(SourceError::NoTurn)) {
            permit.note(answered.as_ref().err());
        }
        answered.map(Arc::new)
    }

    async fn ask_once(&self, url: Url) -> Result<Answer, SourceError> {
        let turn = tokio::time::timeout(self.manners.turn_within, self.limiter.until_ready()).await;
        turn.map_err(|_| SourceError::NoTurn)?;
        let request = self.client.get(url).headers(self.headers.clone()).timeout(self.manners.timeout);
        let mut response = request.send().await.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        if status == 429 {
            let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            return Err(SourceError::TooOften { retry_after: header.and_then(|value| value.trim().parse().ok()) });
        }
        if status != 200 && status != 404 {
            return Err(SourceError::Status(status));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_html = kind.starts_with("text/html");
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + piece.len() > LARGEST {
                return Err(SourceError::Unexpected("an answer larger than 8 MiB".to_owned()));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, body, is_html })
    }
}

/// Whether to ask again at once. Whoever says that it is asked too often is not, unless it names a moment that is near.
fn is_worth_waiting(error: &SourceError) -> bool {
    match error {
        SourceError::TooOften { retry_after } => retry_after.is_some_and(|seconds| seconds <= WORTH_WAITING),
        error => error.may_pass(),
    }
}

/// What went wrong, without the address.
fn failure(error: &reqwest::Error) -> SourceError {
    if error.is_timeout() {
        return SourceError::TimedOut;
    }
    // The innermost cause says most: "certificate verify failed", "Connection refused".
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    SourceError::Unreachable(cause.to_string().chars().take(200).collect())
}

impl<T> fmt::Debug for Upstream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("manners", &self.manners).finish_non_exhaustive()
    }
}
