//! How often something may be done, by key: an address, an email, a user.
//!
//! The store is this process's memory, so each replica counts for itself.

use std::fmt;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::error::{Fault, LimitScope};

/// So many a minute by key; that many at once, then one by one as the minute passes.
pub struct RateLimit {
    limiter: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    per_minute: NonZeroU32,
    scope: LimitScope,
}

impl RateLimit {
    /// A limit of `per_minute`, at least 1, of what `scope` says.
    pub fn per_minute(scope: LimitScope, per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware();
        Self { limiter, per_minute, scope }
    }

    /// Counts one.
    ///
    /// # Errors
    /// RATE_LIMITED, and then it was not counted.
    pub fn check(&self, key: &str) -> Result<(), Fault> {
        self.take(key, 1).map(drop)
    }

    /// Counts `amount` (at least 1; more than the whole limit counts as the whole), and tells how much is left.
    ///
    /// # Errors
    /// RATE_LIMITED, and then nothing was counted.
    pub fn take(&self, key: &str, amount: u32) -> Result<u32, Fault> {
        let amount = NonZeroU32::new(amount).unwrap_or(NonZeroU32::MIN).min(self.per_minute);
        match self.limiter.check_key_n(&key.to_owned(), amount) {
            Ok(Ok(left)) => Ok(left.remaining_burst_capacity()),
            Ok(Err(refused)) => {
                let wait = refused.wait_time_from(self.limiter.clock().now());
                let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
                Err(self.refused(seconds))
            }
            Err(_) => Err(self.refused(60)),
        }
    }

    const fn refused(&self, retry_after_seconds: u32) -> Fault {
        Fault::RateLimited { scope: self.scope, retry_after_seconds }
    }

    /// Forgets the keys that have their whole limit again; to be called now and then.
    pub fn forget_idle(&self) {
        self.limiter.retain_recent();
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateLimit({} a minute)", self.per_minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_refused_after_its_burst_and_others_are_not() {
        let limit = RateLimit::per_minute(LimitScope::Requests, 5);
        assert_eq!(limit.take("a", 1).unwrap(), 4);
        assert_eq!(limit.take("a", 4).unwrap(), 0);
        let Err(Fault::RateLimited { retry_after_seconds, .. }) = limit.check("a") else { panic!("not refused") };
        assert!((1..=12).contains(&retry_after_seconds), "{retry_after_seconds}");
        assert!(limit.check("b").is_ok());
    }

    #[test]
    fn more_than_the_limit_counts_as_the_limit() {
        let limit = RateLimit::per_minute(LimitScope::Requests, 5);
        assert_eq!(limit.take("a", 500).unwrap(), 0);
        assert!(limit.check("a").is_err());
    }
}
