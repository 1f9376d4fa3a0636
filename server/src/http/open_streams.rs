//! How many sockets and event streams each client has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts, by the key of an address.
#[derive(Clone, Default)]
pub(super) struct OpenStreams(Arc<Mutex<HashMap<String, usize>>>);

/// A place among them, given back when it is dropped.
pub(super) struct Place {
    streams: OpenStreams,
    key: String,
}

impl OpenStreams {
    /// A place for one more, if this client has fewer than `most`.
    pub(super) fn enter(&self, key: String, most: usize) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        metrics::gauge!("bellwether_streams_open").increment(1.0);
        Some(Place { streams: self.clone(), key })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.streams.counts();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
        metrics::gauge!("bellwether_streams_open").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_places_and_nothing_is_kept_of_who_left() {
        let streams = OpenStreams::default();
        let enter = |key: &str| streams.enter(key.to_owned(), 2);
        let (first, second) = (enter("a"), enter("a"));
        assert!(first.is_some() && second.is_some() && enter("b").is_some());
        assert!(enter("a").is_none());
        drop(first);
        assert!(enter("a").is_some());
        drop(second);
        assert!(streams.counts().is_empty());
    }
}
