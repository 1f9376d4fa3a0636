//! The documents that clients send: read once, and judged each time.
//!
//! A frontend sends the same few documents over and over, with other variables. What one says does not change, so those
//! of late are kept as they were parsed; whether it may run is asked again for each request, for that depends on the
//! variables and on which of its operations is wanted. Mutations are read each time: where somebody writes a password
//! into the document itself, it is not kept.

use std::sync::Arc;

use bellwether_guard::{Accepted, ExecutableDocument, Guard, OperationType, Rejection};
use moka::sync::Cache;
use serde_json::{Map, Value};

/// Bytes of source that are kept at most. Parsed they take some thirty times as much, and a hundred times where somebody
/// means it to be so.
const KEPT_BYTES: u64 = 128 * 1024;
/// What a document takes beside its source, so that many short ones are bounded too.
const OVERHEAD_BYTES: usize = 64;

/// The guard, and what it has read of late.
pub struct Documents {
    guard: Guard,
    read: Cache<String, Arc<ExecutableDocument>>,
}

impl Documents {
    /// Documents for this guard, none of them read.
    pub fn new(guard: Guard) -> Self {
        let weigh = |source: &String, _: &Arc<ExecutableDocument>| {
            u32::try_from(source.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX)
        };
        Self { guard, read: Cache::builder().max_capacity(KEPT_BYTES).weigher(weigh).build() }
    }

    /// Decides about a document as [`Guard::check`] does.
    ///
    /// # Errors
    /// The guard's.
    pub(super) fn check(
        &self,
        source: &str,
        operation_name: Option<&str>,
        variables: &Map<String, Value>,
    ) -> Result<Accepted, Rejection> {
        let known = self.read.get(source);
        let document = match &known {
            Some(known) => ExecutableDocument::clone(known),
            None => self.guard.read(source)?,
        };
        let accepted = self.guard.judge(document, operation_name, variables)?;
        if known.is_none() && !has_mutation(&accepted.document) {
            self.read.insert(source.to_owned(), Arc::new(accepted.document.clone()));
        }
        Ok(accepted)
    }
}

fn has_mutation(document: &ExecutableDocument) -> bool {
    document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation)
}

#[cfg(test)]
mod tests {
    use bellwether_guard::{CostModel, Limits, Rule};
    use serde_json::json;

    use super::*;

    const SDL: &str = "type Query { items(first: Int): ItemConnection } type ItemConnection { nodes: [Item!]! } type Item { id: ID! } \
    type Mutation { login(password: String): Boolean }";
    const SOURCE: &str =
        "query A($n: Int) { items(first: $n) { nodes { id } } } query B { items(first: 1) { nodes { id } } }";

    fn guard(limits: Limits) -> Guard {
        Guard::new(CostModel::from_sdl(SDL).unwrap(), limits, &[])
    }

    fn of(variables: &Value) -> &Map<String, Value> {
        variables.as_object().unwrap()
    }

    #[test]
    fn a_document_is_read_once() {
        let mut documents = Documents::new(guard(Limits::default()));
        let first = documents.check(SOURCE, Some("B"), of(&json!({}))).unwrap();
        // One that would refuse to read it.
        documents.guard = guard(Limits { tokens: 3, ..Limits::default() });
        let again = documents.check(SOURCE, Some("B"), of(&json!({}))).unwrap();
        assert_eq!((again.cost, &again.operation_name), (first.cost, &first.operation_name));
        let refused = documents.check("{ items(first: 2) { nodes { id } } }", None, of(&json!({})));
        assert!(matches!(refused, Err(Rejection::Limit { rule: Rule::Tokens, .. })), "{refused:?}");
    }

    #[test]
    fn a_document_that_is_known_is_judged_each_time() {
        let documents = Documents::new(guard(Limits { cost: 50, ..Limits::default() }));
        let cost = |n: i32| documents.check(SOURCE, Some("A"), of(&json!({ "n": n }))).map(|accepted| accepted.cost);
        assert!(cost(1).unwrap() < cost(10).unwrap());
        assert!(matches!(cost(1_000), Err(Rejection::Limit { rule: Rule::Cost, .. })));
        assert!(matches!(documents.check(SOURCE, None, of(&json!({}))), Err(Rejection::NoOperation)));
        assert!(matches!(documents.check(SOURCE, Some("C"), of(&json!({}))), Err(Rejection::UnknownOperation { .. })));
        let refused = "{ items(first: 1000) { nodes { id } } }";
        assert!(documents.check(refused, None, of(&json!({}))).is_err());
        assert!(
            documents.read.contains_key(SOURCE) && !documents.read.contains_key(refused),
            "only what may run is kept"
        );
    }

    #[test]
    fn what_may_hold_a_password_is_not_kept() {
        let documents = Documents::new(guard(Limits::default()));
        let source = "mutation { login(password: \"s3cret\") }";
        documents.check(source, None, of(&json!({}))).unwrap();
        assert!(!documents.read.contains_key(source));
        documents.check(SOURCE, Some("B"), of(&json!({}))).unwrap();
        assert!(documents.read.contains_key(SOURCE));
    }

    #[test]
    fn however_many_come_few_are_kept() {
        let documents = Documents::new(guard(Limits::default()));
        for number in 0..5_000 {
            documents
                .check(&format!("query Q{number} {{ items(first: 1) {{ nodes {{ id }} }} }}"), None, of(&json!({})))
                .unwrap();
        }
        documents.read.run_pending_tasks();
        assert!(documents.read.weighted_size() <= KEPT_BYTES, "{}", documents.read.weighted_size());
        assert!(documents.read.entry_count() > 0);
    }
}
