//! A request's id: the caller's own, where it is one that a log can hold, or a new one.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName};

/// The header that carries it, both ways.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Different in each process, so that ids of several instances do not meet in one log. It is no secret.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(std::process::id()));
static COUNT: AtomicU64 = AtomicU64::new(1);

/// The id of the request with these headers.
pub(super) fn of(headers: &HeaderMap) -> String {
    let sent = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent {
        Some(id) if is_well_formed(id) => id.to_owned(),
        _ => format!("{:016x}-{:06x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed)),
    }
}

fn is_well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_formed_id_is_kept_and_any_other_replaced() {
        let of = |id: &str| of(&HeaderMap::from_iter([(X_REQUEST_ID, id.parse().unwrap())]));
        assert_eq!(of("Trace-1.2_3"), "Trace-1.2_3");
        for wrong in ["", " a", "a b", "a\"b", "ü", "a/b", &"a".repeat(65)] {
            let made = of(wrong);
            assert_ne!(made, wrong);
            assert!(is_well_formed(&made), "{made}");
        }
    }

    #[test]
    fn made_ids_differ() {
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
