//! Recording signals.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use bellwether_domain::error::{Error, Fault};
use bellwether_domain::permission::Permission;
use bellwether_domain::signals::{self, NewSignal, Recorded};
use chrono::{DateTime, Utc};

use super::types::{Audience, Direction, Mode, ReasonInput, Signal, Timeframe};
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate};
use crate::problems::{UserError, under};
use crate::scalars::{Decimal, Json};

/// What recording did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::RecordOutcome")]
pub(crate) enum RecordOutcome {
    /// It is new.
    Inserted,
    /// It was there, and stays as it is.
    Ignored,
    /// It was there, differed, and was brought up to date as asked.
    Updated,
}

/// What to do when the signal is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "signals::OnDuplicate")]
pub(crate) enum OnDuplicate {
    /// Leave it as it is.
    Ignore,
    /// Bring it up to date where it differs.
    Update,
}

/// A signal. It is the same as another of yours if symbol, mode, timeframe, signalTime and strategy are.
#[derive(Clone, Debug, InputObject)]
struct RecordSignalInput {
    /// The symbol of the asset, in any case.
    symbol: String,
    /// The horizon it is made for.
    mode: Mode,
    /// The span of the candle it is about.
    timeframe: Timeframe,
    /// When that candle opened; not in the future.
    signal_time: DateTime<Utc>,
    /// What it says to do.
    direction: Direction,
    /// How sure it is, 0 to 100.
    confidence: i32,
    /// The name of the strategy that made it, 1 to 60 characters; null for none. The signals of a tenant name 1,000 at most.
    strategy: Option<String>,
    /// The price to enter at, above zero, at most 8 decimals; null for none.
    entry: Option<Decimal>,
    /// The price to take profit at, above zero, at most 8 decimals; null for none.
    target: Option<Decimal>,
    /// The price to give up at, above zero, at most 8 decimals; null for none.
    stop: Option<Decimal>,
    /// What it says, at most 2,000 characters; null for nothing.
    summary: Option<String>,
    /// Why, at most 20; null for none.
    reasons: Option<Vec<ReasonInput>>,
    /// Who may see it; null for PRIVATE. TENANT needs SIGNALS_PUBLISH.
    audience: Option<Audience>,
    /// Any JSON to keep with it, at most 16 KB; null for nothing.
    payload: Option<Json>,
    /// What to do when it is there already; null for IGNORE.
    on_duplicate: Option<OnDuplicate>,
}

impl From<RecordSignalInput> for NewSignal {
    fn from(input: RecordSignalInput) -> Self {
        Self {
            symbol: input.symbol,
            mode: Some(input.mode.into()),
            timeframe: Some(input.timeframe.into()),
            signal_time: Some(input.signal_time),
            direction: Some(input.direction.into()),
            confidence: input.confidence,
            strategy: input.strategy,
            entry: input.entry.map(|price| price.0),
            target: input.target.map(|price| price.0),
            stop: input.stop.map(|price| price.0),
            summary: input.summary,
            reasons: input.reasons.unwrap_or_default().into_iter().map(Into::into).collect(),
            audience: input.audience.map(Into::into),
            payload: input.payload.map(|payload| payload.0),
            on_duplicate: input.on_duplicate.map(Into::into).unwrap_or_default(),
            is_simulated: false,
        }
    }
}

/// Many signals.
#[derive(Clone, Debug, InputObject)]
struct RecordSignalsInput {
    /// The signals, at most 1,000.
    signals: Vec<RecordSignalInput>,
}

/// What recording a signal did.
#[derive(SimpleObject)]
pub(crate) struct RecordSignalPayload {
    /// What was done; null when refused.
    outcome: Option<RecordOutcome>,
    /// The signal as it is now; null when refused.
    signal: Option<Signal>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

impl Payload for RecordSignalPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { outcome: None, signal: None, user_errors }
    }
}

/// What recording one of many signals did.
#[derive(SimpleObject)]
pub(crate) struct RecordSignalsResult {
    /// Its place in the input, from 0.
    index: u32,
    /// What was done; null when refused.
    outcome: Option<RecordOutcome>,
    /// The signal as it is now; null when refused.
    signal: Option<Signal>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

/// What recording many signals did.
#[derive(Default, SimpleObject)]
pub(crate) struct RecordSignalsPayload {
    /// An answer for each signal, in their order.
    results: Vec<RecordSignalsResult>,
    /// How many were new.
    inserted: u32,
    /// How many were there and stay as they are.
    ignored: u32,
    /// How many were there and were brought up to date.
    updated: u32,
    /// How many were refused.
    refused: u32,
    /// What to mend of the whole call; empty when every signal has its own answer.
    user_errors: Vec<UserError>,
}

impl Payload for RecordSignalsPayload {
    fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl RecordSignalsPayload {
    fn count(&mut self, outcome: Option<RecordOutcome>) {
        *match outcome {
            Some(RecordOutcome::Inserted) => &mut self.inserted,
            Some(RecordOutcome::Ignored) => &mut self.ignored,
            Some(RecordOutcome::Updated) => &mut self.updated,
            None => &mut self.refused,
        } += 1;
    }
}

/// Records signals.
#[derive(Debug, Default)]
pub(crate) struct SignalMutation;

const ACCESS: Access = Access::Needs(Permission::SignalsWrite);

#[Object]
impl SignalMutation {
    /// Records a signal once, however often it is sent. Needs SIGNALS_WRITE.
    async fn record_signal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The signal.")] input: RecordSignalInput,
    ) -> Field<RecordSignalPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let mut answers = request.domain.record_signals(request.viewer(), vec![input.into()]).await?;
            let answer = answers.pop().unwrap_or_else(|| Err(Fault::Bug("no answer to a signal".to_owned()).into()));
            match answer {
                Ok(Recorded { outcome, signal }) => {
                    let signal = request.domain.view_signals(vec![signal]).await?.pop();
                    Ok(RecordSignalPayload {
                        outcome: Some(outcome.into()),
                        signal: signal.map(Signal::from),
                        user_errors: Vec::new(),
                    })
                }
                Err(Error::Problems(problems)) => Ok(RecordSignalPayload::refused(under(&["input"], problems))),
                Err(fault) => Err(fault),
            }
        })
        .await
    }

    /// Records up to 1,000 signals, each once, however often they are sent; an answer for each, in order. One that is refused does not hold up the others. Needs SIGNALS_WRITE.
    async fn record_signals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The signals.")] input: RecordSignalsInput,
    ) -> Field<RecordSignalsPayload> {
        let with_signal = ctx.look_ahead().field("results").field("signal").exists();
        mutate(ctx, ACCESS, async move |request: Request| {
            let new = input.signals.into_iter().map(NewSignal::from).collect();
            let answers = request.domain.record_signals(request.viewer(), new).await?;
            let mut payload = RecordSignalsPayload::default();
            let mut recorded = Vec::new();
            for (index, answer) in (0..).zip(answers) {
                let (outcome, user_errors) = match answer {
                    Ok(Recorded { outcome, signal }) => {
                        recorded.push(signal);
                        (Some(RecordOutcome::from(outcome)), Vec::new())
                    }
                    Err(Error::Problems(problems)) => {
                        (None, under(&["input", "signals", &index.to_string()], problems))
                    }
                    Err(fault) => return Err(fault),
                };
                payload.count(outcome);
                payload.results.push(RecordSignalsResult { index, outcome, signal: None, user_errors });
            }
            if with_signal {
                let mut signals = request.domain.view_signals(recorded).await?.into_iter().map(Signal::from);
                for result in payload.results.iter_mut().filter(|result| result.outcome.is_some()) {
                    result.signal = signals.next();
                }
            }
            Ok(payload)
        })
        .await
    }
}
