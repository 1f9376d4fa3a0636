//! Following what assets cost.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio_stream::wrappers::{BroadcastStream, IntervalStream};

use super::quote::Quote;
use crate::Domain;
use crate::error::{Fault, Problem, Result};
use crate::ids::AssetId;
use crate::paging::LARGEST_PAGE;
use crate::viewer::Viewer;

/// How often it is noted that somebody still follows: more often than interest lasts.
const STILL_THERE: Duration = Duration::from_secs(600);

enum Event {
    Quote(Arc<Quote>),
    Tick,
}

impl Domain {
    /// The quotes of these assets as they come, whichever process fetched them. A follower that falls behind misses quotes
    /// that newer ones have replaced.
    ///
    /// Ends with UNAUTHENTICATED when the session has ended.
    ///
    /// # Errors
    /// A problem with the symbols.
    pub async fn follow_quotes(
        &self,
        viewer: &Viewer,
        symbols: &[String],
    ) -> Result<impl Stream<Item = Result<Arc<Quote>, Fault>> + Send + use<>> {
        if symbols.is_empty() || symbols.len() > LARGEST_PAGE {
            let message = format!("expected 1 to {LARGEST_PAGE} symbols, got {}", symbols.len());
            return Err(Problem::validation(&["symbols"], message).into());
        }
        let assets: HashSet<AssetId> =
            self.assets_named(symbols, &["symbols"]).await?.into_iter().map(|asset| asset.id).collect();
        // Whoever may not see what is known now may not see what comes either: told at once, not at the first quote.
        for quote in self.known_quotes(assets.iter().copied().collect()).await?.into_values() {
            viewer.may_see_price(quote.licence)?;
        }
        let quotes = BroadcastStream::new(self.quote_feed())
            .filter_map(|quote| std::future::ready(quote.ok().map(Event::Quote)));
        let ticks = IntervalStream::new(tokio::time::interval(STILL_THERE)).map(|_| Event::Tick);
        let events = stream::select(quotes, ticks);
        let state = Some((Box::pin(events), self.clone(), viewer.clone(), assets));
        Ok(stream::unfold(state, |state| async move {
            let (mut events, domain, viewer, assets) = state?;
            loop {
                match events.next().await? {
                    Event::Tick => {
                        if let Err(error) = domain.note_interest(assets.iter().copied()).await {
                            tracing::debug!(%error, "it was not noted who follows what");
                        }
                    }
                    Event::Quote(quote) if assets.contains(&quote.asset_id) => {
                        let event = domain.may_still_see(&viewer, &quote).await.map(|()| quote);
                        // An error is the last thing that is told.
                        let state = event.is_ok().then_some((events, domain, viewer, assets));
                        return Some((event, state));
                    }
                    Event::Quote(_) => {}
                }
            }
        }))
    }

    async fn may_still_see(&self, viewer: &Viewer, quote: &Quote) -> Result<(), Fault> {
        viewer.may_see_price(quote.licence)?;
        match viewer {
            Viewer::User(_) => self.still_signed_in(viewer).await,
            Viewer::Anonymous | Viewer::System => Ok(()),
        }
    }
}
