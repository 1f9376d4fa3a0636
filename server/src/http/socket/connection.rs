//! One socket from its first message to its last, in one task.
//!
//! Nothing is queued here: while a client does not read, its subscriptions are not asked for more, and whoever does
//! not read for [`SEND_WITHIN`] is dropped. What a subscription misses meanwhile it tells itself (RESYNC_REQUIRED).

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Response, ServerError, Value as GraphqlValue};
use axum::extract::ws::{Message, WebSocket};
use bellwether_schema::{bad_request, error_code, fault_error};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde_json::{Map, Value};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_stream::StreamMap;

use super::protocol::{Close, FromClient, FromServer};
use crate::http::Http;
use crate::http::caller::{Caller, Incoming, Presented};
use crate::http::observe::Noted;
use crate::http::operation::{self, Transport};
use crate::http::params::Params;
use crate::http::reply::{self, Payload};
use crate::http::session;

/// How long a client has to say `connection_init`.
const INIT_WITHIN: Duration = Duration::from_secs(3);
/// How long a message may take to be sent.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How many of these questions it may leave unanswered.
const MOST_MISSED: u32 = 2;
/// How long the other side has to say goodbye.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

const EXPECTED_MESSAGE: &str = "expected a message of graphql-transport-ws, at most 65536 bytes long";

/// What a subscription does next.
enum Event {
    Next(Response),
    Error(Vec<ServerError>),
    Complete,
}

/// How a socket ends, if not by the client's own wish.
enum End {
    /// It is closed, for a reason.
    Close(Close),
    /// There is nobody to tell.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

/// A socket that was opened.
pub(super) struct Connection {
    pub(super) http: Http,
    pub(super) incoming: Arc<Incoming>,
    /// Who opened it; `connection_init` may say otherwise.
    pub(super) caller: Caller,
}

type Subscriptions = StreamMap<String, BoxStream<'static, Event>>;

impl Connection {
    /// Serves it to its end.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let shutdown = self.http.app.shutdown.clone();
        let end = tokio::select! {
            Err(end) = self.serve(&mut socket) => end,
            () = shutdown.cancelled() => Close::GoingAway.into(),
        };
        let farewell = async {
            if let End::Close(close) = end
                && socket.send(Message::Close(Some(close.frame()))).await.is_err()
            {
                return;
            }
            // Until the other side has closed too: bytes left unread would reset the connection, and lose the reason.
            while let Some(Ok(_)) = socket.recv().await {}
        };
        let _ = tokio::time::timeout(GOODBYE_WITHIN, farewell).await;
    }

    async fn serve(&mut self, socket: &mut WebSocket) -> Result<std::convert::Infallible, End> {
        match tokio::time::timeout(INIT_WITHIN, self.init(socket)).await {
            Ok(accepted) => accepted?,
            Err(_) => return Err(Close::InitTimeout.into()),
        }
        send(socket, &FromServer::ConnectionAck {}).await?;

        let mut subscriptions = Subscriptions::new();
        let mut pings = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut missed = 0;
        let ended = session::ended(self.http.app.domain.clone(), self.caller.viewer().clone());
        let mut ended = std::pin::pin!(ended);
        loop {
            tokio::select! {
                message = receive(socket) => {
                    missed = 0;
                    if let Some(message) = message? {
                        self.answer(socket, &mut subscriptions, message).await?;
                    }
                }
                Some((id, event)) = subscriptions.next() => {
                    forward(socket, &mut subscriptions, &id, event).await?;
                }
                _ = pings.tick() => {
                    if missed == MOST_MISSED {
                        return Err(End::Gone);
                    }
                    missed += 1;
                    send_message(socket, Message::Ping(Default::default())).await?;
                }
                fault = &mut ended => return Err(Close::Forbidden(fault.to_string()).into()),
            }
        }
    }

    /// Waits for `connection_init` and takes in who it says to be.
    async fn init(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        loop {
            match receive(socket).await? {
                Some(FromClient::ConnectionInit { payload }) => {
                    // In a box, because it is long and a socket is short of room.
                    return Box::pin(self.identify(payload.as_ref())).await;
                }
                Some(FromClient::Ping { payload }) => send(socket, &FromServer::Pong { payload }).await?,
                Some(FromClient::Subscribe { .. }) => return Err(Close::Unacknowledged.into()),
                Some(FromClient::Pong {} | FromClient::Complete { .. }) | None => {}
            }
        }
    }

    async fn identify(&mut self, payload: Option<&Map<String, Value>>) -> Result<(), End> {
        let shown = payload.and_then(|payload| payload.get("authorization").or_else(|| payload.get("Authorization")));
        let presented = match shown {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::String(text)) => Presented::in_text(text),
            Some(_) => Presented::Unusable,
        };
        let domain = &self.http.app.domain;
        match self.incoming.caller(domain, presented).await {
            Ok(caller) => {
                self.caller = caller;
                Ok(())
            }
            Err(fault) => Err(Close::Forbidden(fault.to_string()).into()),
        }
    }

    async fn answer(
        &self,
        socket: &mut WebSocket,
        subscriptions: &mut Subscriptions,
        message: FromClient,
    ) -> Result<(), End> {
        match message {
            FromClient::ConnectionInit { .. } => Err(Close::SecondInit.into()),
            FromClient::Ping { payload } => send(socket, &FromServer::Pong { payload }).await,
            FromClient::Pong {} => Ok(()),
            FromClient::Complete { id } => {
                subscriptions.remove(&id);
                Ok(())
            }
            FromClient::Subscribe { id, .. } if subscriptions.contains_key(&id) => Err(Close::Duplicate(id).into()),
            FromClient::Subscribe { id, payload } => {
                let params = Params::in_json(payload)
                    .map_err(|_| Close::BadMessage("expected a payload with query, operationName and variables"))?;
                match self.subscribe(subscriptions.len(), params) {
                    Ok(events) => {
                        subscriptions.insert(id, events);
                        Ok(())
                    }
                    Err(errors) => send(socket, &FromServer::Error { id: &id, payload: &errors }).await,
                }
            }
        }
    }

    /// Starts a subscription beside so many others.
    fn subscribe(&self, others: usize, params: Params) -> Result<BoxStream<'static, Event>, Vec<ServerError>> {
        let Http { app, names, .. } = &self.http;
        let id = self.caller.request_id();
        let mut noted = Noted { viewer: Some(self.caller.viewer().clone()), ..Noted::default() };
        let admitted = if others >= app.settings.streams_per_socket {
            let message = format!("this socket follows {others} subscriptions: complete one, or open another socket");
            Err(vec![bad_request(&message, id)])
        } else if let Err(fault) = self.caller.count_request(&app.domain) {
            Err(vec![fault_error(&fault, id)])
        } else {
            operation::admit(app, &self.caller, params, Transport::Socket, &mut noted)
                .map_err(|reply| reply.into_errors())
        };
        let first_code = admitted.as_ref().err().and_then(|errors| errors.first()).and_then(error_code);
        noted.code = first_code.map(str::to_owned);
        noted.count(names);
        admitted.map(|operation| events(operation.events()).boxed())
    }
}

/// The events of a subscription's answers.
fn events(answers: impl Stream<Item = Response> + Send + 'static) -> impl Stream<Item = Event> + Send + 'static {
    let events = answers.enumerate().map(|(index, answer)| {
        if index == 0 && never_began(&answer) { Event::Error(answer.errors) } else { Event::Next(answer) }
    });
    events.chain(stream::once(std::future::ready(Event::Complete)))
}

/// Whether a subscription's first answer says that there will be none: it was not valid, or not permitted.
///
/// A missed event ends a subscription that was good, so it is told as an event however early it comes.
fn never_began(answer: &Response) -> bool {
    answer.data == GraphqlValue::Null
        && !answer.errors.is_empty()
        && answer.errors.iter().all(|error| error_code(error) != Some("RESYNC_REQUIRED"))
}

async fn forward(socket: &mut WebSocket, subscriptions: &mut Subscriptions, id: &str, event: Event) -> Result<(), End> {
    match event {
        Event::Next(response) => send(socket, &FromServer::Next { id, payload: Payload::of(&response) }).await,
        Event::Error(errors) => {
            subscriptions.remove(id);
            send(socket, &FromServer::Error { id, payload: &errors }).await
        }
        Event::Complete => {
            subscriptions.remove(id);
            send(socket, &FromServer::Complete { id }).await
        }
    }
}

/// The client's next message; nothing for a frame that only shows that it is there.
async fn receive(socket: &mut WebSocket) -> Result<Option<FromClient>, End> {
    match socket.recv().await {
        Some(Ok(Message::Text(text))) => match FromClient::parse(&text) {
            Some(message) => Ok(Some(message)),
            None => Err(Close::BadMessage(EXPECTED_MESSAGE).into()),
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Binary(_)) | Err(_)) => Err(Close::BadMessage(EXPECTED_MESSAGE).into()),
        Some(Ok(Message::Close(_))) | None => Err(End::Gone),
    }
}

async fn send(socket: &mut WebSocket, message: &FromServer<'_>) -> Result<(), End> {
    send_message(socket, Message::Text(reply::to_json(message).into())).await
}

async fn send_message(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(SEND_WITHIN, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;
    use bellwether_domain::Fault;

    use super::*;

    async fn kinds(answers: Vec<Response>) -> String {
        let kind = |event| match event {
            Event::Next(_) => 'n',
            Event::Error(_) => 'e',
            Event::Complete => 'c',
        };
        events(stream::iter(answers)).map(kind).collect().await
    }

    fn failed(fault: &Fault) -> Response {
        Response::from_errors(vec![fault_error(fault, "r")])
    }

    #[tokio::test]
    async fn answers_become_events() {
        let answer = || Response::new(value!({"a": 1}));
        assert_eq!(kinds(vec![answer(), answer()]).await, "nnc");
        assert_eq!(kinds(vec![failed(&Fault::NotFound)]).await, "ec");
        assert_eq!(kinds(vec![answer(), failed(&Fault::NotFound)]).await, "nnc");
        assert_eq!(kinds(vec![failed(&Fault::ResyncRequired { last_sequence: None })]).await, "nc");
    }
}
