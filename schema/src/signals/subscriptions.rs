//! Following signals.

use async_graphql::{Context, SimpleObject, Subscription};
use bellwether_domain::error::{Error, Problem};
use futures_util::{Stream, StreamExt};

use super::filter::SignalFilter;
use super::types::Signal;
use crate::context::Request;
use crate::errors::field_error;

/// A signal that was recorded or changed.
#[derive(SimpleObject)]
pub(crate) struct SignalEvent {
    /// The place of this change among all of the tenant's, always growing; for `afterSequence`.
    sequence: String,
    /// The signal as it is now.
    signal: Signal,
}

/// Follows signals.
#[derive(Debug, Default)]
pub(crate) struct SignalSubscription;

#[Subscription]
impl SignalSubscription {
    /// The signals of your tenant that you may see, as they are recorded or changed. Ends with RESYNC_REQUIRED when some were missed, never with a silent gap, and with the session. Needs SIGNALS_READ.
    async fn signal_recorded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which signals; null for all.")] filter: Option<SignalFilter>,
        #[graphql(desc = "First those after this sequence, at most 1,000; null for new ones only.")]
        after_sequence: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<SignalEvent>> + use<>> {
        let public = |error: Error| field_error(&error);
        let request = Request::of(ctx).map_err(|fault| public(fault.into()))?;
        let filter = filter.unwrap_or_default().into_domain().map_err(public)?;
        let after = after_sequence.map(|text| sequence(&text)).transpose().map_err(public)?;
        let events = request.domain.follow_signals(request.viewer(), filter, after).await.map_err(public)?;
        Ok(events.map(|event| match event {
            Ok(view) => Ok(SignalEvent { sequence: view.signal.sequence.to_string(), signal: view.into() }),
            Err(fault) => Err(field_error(&fault.into())),
        }))
    }
}

fn sequence(text: &str) -> Result<i64, Error> {
    let parsed = text.parse::<i64>().ok().filter(|sequence| *sequence >= 0);
    parsed.ok_or_else(|| Problem::validation(&["afterSequence"], "expected the sequence of an event").into())
}
