//! One way in for every operation, by POST, GET, event stream or socket: the guard, the transport's rule, the
//! introspection gate, the points. What comes out may run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::types::{OperationType, Selection};
use async_graphql::{Positioned, Request, Response, Variables};
use axum::http::StatusCode;
use bellwether_domain::permission::Permission;
use bellwether_domain::{Fault, Viewer, wall};
use bellwether_guard::Accepted;
use bellwether_schema::{Schema, bad_request, fault_error, publish, rejection_error};
use futures_util::future::FutureExt;
use futures_util::stream::{Stream, StreamExt};
use serde_json::Value;
use tracing::Instrument;

use super::AppState;
use super::accept::Accept;
use super::caller::Caller;
use super::observe::Noted;
use super::params::Params;
use super::reply::{Cost, Reply};

/// What a document that is not run costs: reading it was work too.
const COST_OF_NO: u32 = 1;

/// How an operation came in.
#[derive(Clone, Copy)]
pub(super) enum Transport {
    /// In an address, which may be fetched by anything that follows links: queries alone.
    Get,
    /// In a body: subscriptions only for whoever takes events.
    Post(Accept),
    /// On a socket: subscriptions alone.
    Socket,
}

/// An operation that may run.
pub(super) struct Operation {
    schema: Schema,
    request: Request,
    request_id: String,
    viewer: Viewer,
    /// Its type.
    pub(super) kind: OperationType,
    /// What it was charged.
    pub(super) cost: Cost,
}

/// Lets an operation in, charges it, and notes what it is called.
///
/// # Errors
/// The answer to one that may not run.
pub(super) fn admit(
    app: &AppState,
    caller: &Caller,
    params: Params,
    transport: Transport,
    noted: &mut Noted,
) -> Result<Operation, Box<Reply>> {
    let id = caller.request_id();
    let decline = |reply: Reply| Box::new(reply.with_cost(charge_for_no(app, caller, COST_OF_NO.into())));
    let accepted = app
        .documents
        .check(&params.query, params.operation_name.as_deref(), &params.variables)
        .map_err(|rejection| decline(Reply::declined(rejection_error(&rejection, id))))?;
    noted.operation.clone_from(&accepted.operation_name);
    noted.kind = Some(accepted.operation_type);
    transport.check(&accepted, id).map_err(|reply| decline(*reply))?;
    let may_introspect = app.settings.open_introspection || caller.viewer().may(Permission::SchemaIntrospect);
    if accepted.uses_introspection && !may_introspect {
        return Err(decline(Reply::declined(fault_error(&Fault::Forbidden(Permission::SchemaIntrospect), id))));
    }

    let points = u32::try_from(accepted.cost).unwrap_or(u32::MAX).max(1);
    let available = app
        .domain
        .limits()
        .points
        .take(&caller.key, points)
        .map_err(|fault| Box::new(Reply::fault(&fault, id).with_cost(charge_for_no(app, caller, points.into()))))?;
    let mut request = Request::new(params.query)
        .variables(Variables::from_json(Value::Object(params.variables)))
        .data(Arc::clone(&caller.context));
    request.operation_name = params.operation_name;
    request.set_parsed_query(accepted.document);
    Ok(Operation {
        schema: if accepted.operation_type == OperationType::Mutation { &app.mutations } else { &app.schema }.clone(),
        request,
        request_id: id.to_owned(),
        viewer: caller.viewer().clone(),
        kind: accepted.operation_type,
        cost: Cost { requested: points.into(), available },
    })
}

/// Charges for a document that is not run, and says so as the cost of what was asked.
fn charge_for_no(app: &AppState, caller: &Caller, requested: u64) -> Cost {
    let left = app.domain.limits().points.take(&caller.key, COST_OF_NO);
    Cost { requested, available: left.unwrap_or(0) }
}

impl Transport {
    fn check(self, accepted: &Accepted, id: &str) -> Result<(), Box<Reply>> {
        let kind = accepted.operation_type;
        match self {
            Self::Get if kind != OperationType::Query => {
                let message = "only queries are answered to GET: send this by POST";
                Err(Box::new(Reply::refused(StatusCode::METHOD_NOT_ALLOWED, message, id)))
            }
            Self::Post(accept) if kind == OperationType::Subscription && !accept.streams(kind) => {
                let message = "a subscription needs a socket at /graphql/ws, or Accept: text/event-stream";
                Err(Box::new(Reply::declined(bad_request(message, id))))
            }
            Self::Socket if kind != OperationType::Subscription => {
                let mut error = bad_request("sockets are for subscriptions: send queries and mutations by POST", id);
                error.extensions.get_or_insert_default().set("code", "QUERY_REJECTED");
                Err(Box::new(Reply::declined(error)))
            }
            _ if kind == OperationType::Subscription && !has_one_root(accepted) => {
                let message = "a subscription has one field at its root, not inside a fragment";
                Err(Box::new(Reply::declined(bad_request(message, id))))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the document's subscriptions have one root field each, written where async-graphql looks for it: of what is
/// inside a fragment it makes no stream and says nothing.
fn has_one_root(accepted: &Accepted) -> bool {
    let is_plain = |item: &Positioned<Selection>| matches!(item.node, Selection::Field(_));
    let mut operations = accepted.document.operations.iter().map(|(_, operation)| &operation.node);
    accepted.root_fields.len() == 1
        && operations.all(|operation| {
            operation.ty != OperationType::Subscription || operation.selection_set.node.items.iter().all(is_plain)
        })
}

impl Operation {
    /// Runs it to its end, within `limit`.
    ///
    /// A mutation goes on when its caller hangs up or the time is over: what is written is written whole. `held` is
    /// kept until then.
    pub(super) async fn run<T: Send + 'static>(self, limit: Duration, held: T) -> Reply {
        let Self { schema, request, request_id, viewer, kind, cost } = self;
        let run = async move {
            let done = wall::confine(&viewer, caught(schema.execute(request))).await;
            drop(held);
            done
        };
        let too_long = Err(Fault::Unavailable(None));
        let done = if kind == OperationType::Mutation {
            let task = tokio::spawn(run.in_current_span());
            match tokio::time::timeout(limit, task).await {
                Ok(joined) => joined.unwrap_or_else(|_| Err(Fault::Bug("a mutation was cancelled".to_owned()))),
                Err(_) => too_long,
            }
        } else {
            tokio::time::timeout(limit, run).await.unwrap_or(too_long)
        };
        let reply = match done {
            Ok(mut response) => {
                publish(&mut response, &request_id);
                Reply::answered(response)
            }
            Err(fault) => Reply::fault(&fault, &request_id),
        };
        reply.with_cost(cost)
    }

    /// Runs it as a subscription: an answer for each event, until it ends.
    pub(super) fn events(self) -> impl Stream<Item = Response> + Send + use<> {
        let Self { schema, request, request_id, viewer, .. } = self;
        let answers = wall::confine_stream(&viewer, schema.execute_stream(request));
        AssertUnwindSafe(answers).catch_unwind().map(move |event| match event {
            Ok(mut response) => {
                publish(&mut response, &request_id);
                response
            }
            Err(_) => {
                let fault = Fault::Bug("a subscription panicked".to_owned());
                Response::from_errors(vec![fault_error(&fault, &request_id)])
            }
        })
    }
}

/// Does the work; its panic is a bug to be reported, not the end of the connection.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Fault> {
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Fault::Bug("a resolver panicked".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_bug() {
        assert!(matches!(caught(async { panic!("no") }).await, Err::<(), _>(Fault::Bug(_))));
        assert!(matches!(caught(async { 1 }).await, Ok(1)));
    }
}
