//! The guard itself: the steps in their order, each with its limits.

use crate::{
    cost::Prices,
    extent::{Extent, Extents, is_introspection_root, root_fields},
    graph::Fragments,
    limits::{Limits, Rule},
    model::CostModel,
    parse,
    rejection::{Rejection, as_count, shorten},
    scan,
    variables::{Variables, check_lists},
};
use async_graphql_parser::{
    Positioned,
    types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
};
use async_graphql_value::Name;
use serde_json::{Map, Value as Json};
use std::collections::HashSet;

/// Decides whether a document may be run, in time linear in it.
///
/// Make one for each schema and share it; checking needs no lock and keeps nothing.
#[derive(Debug, Clone)]
pub struct Guard {
    model: CostModel,
    limits: Limits,
    credential_fields: HashSet<Box<str>>,
}

/// A document that may be run, and what was learnt on the way.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The parsed document, to be handed to async-graphql so that it does not parse again.
    pub document: ExecutableDocument,
    /// Kind of the operation that will run.
    pub operation_type: OperationType,
    /// Name of the operation that will run, also where the request did not need to give it.
    pub operation_name: Option<String>,
    /// Names (not aliases) of the operation's root fields, fragments expanded, in the order of the source; one that is
    /// selected twice is there twice. At most [`Limits::root_fields`].
    pub root_fields: Vec<String>,
    /// Points the operation costs.
    pub cost: u64,
    /// Whether every root field is `__schema`, `__type` or `__typename`.
    pub is_introspection_only: bool,
    /// Whether a root field is `__schema` or `__type`.
    pub uses_introspection: bool,
}

/// What an operation is called and what it does.
type Operation<'a> = (Option<&'a Name>, &'a Positioned<OperationDefinition>);

impl Guard {
    /// A guard for the schema that `model` was read from.
    ///
    /// `credential_fields` are the names of the root fields that check a password, a token or a code, so that one request
    /// is one attempt: [`Limits::credential_fields`] of them may be in an operation.
    pub fn new(model: CostModel, limits: Limits, credential_fields: &[&str]) -> Self {
        let credential_fields = credential_fields.iter().map(|&name| Box::from(name)).collect();
        Self { model, limits, credential_fields }
    }

    /// The credential fields that the schema has neither as a query, a mutation nor a subscription, sorted. A name that
    /// is listed here guards nothing.
    pub fn unknown_credential_fields(&self) -> Vec<&str> {
        let roots = [Some(self.model.query()), self.model.mutation(), self.model.subscription()];
        let exists = |name: &str| roots.iter().flatten().any(|&root| self.model.field(root, name).is_some());
        let mut unknown: Vec<&str> =
            self.credential_fields.iter().map(|name| &**name).filter(|name| !exists(name)).collect();
        unknown.sort_unstable();
        unknown
    }

    /// Decides about `source` with the `operationName` and the `variables` of the request.
    ///
    /// # Errors
    ///
    /// What is wrong with the document, or the first limit that it exceeds. `Parse`, `NoOperation` and
    /// `UnknownOperation` mean a malformed request; all others a document that is too much or inconsistent.
    pub fn check(
        &self,
        source: &str,
        operation_name: Option<&str>,
        variables: &Map<String, Json>,
    ) -> Result<Accepted, Rejection> {
        self.judge(self.read(source)?, operation_name, variables)
    }

    /// Reads a document: the part of [`Guard::check`] that depends on nothing else.
    ///
    /// # Errors
    ///
    /// What is wrong with the source, or the first limit that it exceeds.
    pub fn read(&self, source: &str) -> Result<ExecutableDocument, Rejection> {
        let limits = &self.limits;
        Rejection::check_len(Rule::DocumentBytes, source.len(), limits.document_bytes)?;
        let scanned = scan::scan(source).map_err(|found| parse::unterminated(source, found))?;
        Rejection::check_len(Rule::Tokens, scanned.tokens, limits.tokens)?;
        Rejection::check_len(Rule::Nesting, scanned.nesting, limits.nesting)?;
        let document = parse::parse(source)?;
        Rejection::check_len(Rule::Operations, document.operations.iter().len(), limits.operations)?;
        Ok(document)
    }

    /// Decides about a document that [`Guard::read`] has read: the rest of [`Guard::check`].
    ///
    /// # Errors
    ///
    /// The first limit that it exceeds with these variables; that there is no such operation.
    pub fn judge(
        &self,
        document: ExecutableDocument,
        operation_name: Option<&str>,
        variables: &Map<String, Json>,
    ) -> Result<Accepted, Rejection> {
        check_lists(variables, &self.limits)?;
        let (name, operation) = select(&document.operations, operation_name)?;
        let cost = self.check_definitions(&document, variables, operation)?;

        let root_fields = root_fields(&operation.node, &document);
        let is_introspection = |name: &String| is_introspection_root(name);
        let uses_introspection = root_fields.iter().any(is_introspection);
        let is_introspection_only = root_fields.iter().all(|name| is_introspection(name) || name == "__typename");
        let operation_type = operation.node.ty;
        let operation_name = name.map(|name| name.as_str().to_owned());
        Ok(Accepted {
            document,
            operation_type,
            operation_name,
            root_fields,
            cost,
            is_introspection_only,
            uses_introspection,
        })
    }

    /// Checks every definition of the document and returns what the `selected` operation costs.
    fn check_definitions(
        &self,
        document: &ExecutableDocument,
        variables: &Map<String, Json>,
        selected: &Positioned<OperationDefinition>,
    ) -> Result<u64, Rejection> {
        let fragments = Fragments::read(document, &self.limits)?;
        let extents = Extents::new(&fragments, &self.credential_fields);
        for extent in extents.fragments() {
            self.check_fragment(extent)?;
        }
        let operations = in_source_order(document);
        for (_, operation) in &operations {
            self.check_operation(operation.node.ty, &extents.operation(&operation.node))?;
        }
        let mut cost = 0;
        for (_, operation) in operations {
            let variables = Variables::new(variables, &operation.node);
            let price = Prices::operation(&self.model, &fragments, variables, &operation.node);
            Rejection::check(Rule::Cost, price, self.limits.cost)?;
            if std::ptr::eq(operation, selected) {
                cost = price;
            }
        }
        Ok(cost)
    }

    /// The bounds of an operation.
    fn check_operation(&self, ty: OperationType, extent: &Extent) -> Result<(), Rejection> {
        let limits = &self.limits;
        Rejection::check(Rule::Fields, extent.plain.fields, limits.fields)?;
        Rejection::check(Rule::Fields, extent.introspection.fields, limits.introspection_fields)?;
        let introspection_depth = u64::from(limits.introspection_depth);
        Rejection::check(Rule::Depth, u64::from(extent.plain.depth), u64::from(limits.depth))?;
        Rejection::check(Rule::Depth, u64::from(extent.introspection.depth), introspection_depth)?;
        let lists = u64::from(extent.introspection.lists);
        Rejection::check(Rule::IntrospectionLists, lists, u64::from(limits.introspection_lists))?;
        check_count(Rule::CredentialFields, extent.credentials, limits.credential_fields)?;
        if ty == OperationType::Mutation {
            check_count(Rule::MutationFields, extent.root_fields, limits.mutation_fields)?;
        }
        check_count(Rule::RootFields, extent.root_fields, limits.root_fields)?;
        self.check_counts(extent)
    }

    /// The bounds of a fragment for itself. Where it will be used is not asked here, so it may be as large as
    /// introspection may; the operations that use it are checked with their own numbers.
    fn check_fragment(&self, extent: &Extent) -> Result<(), Rejection> {
        let limits = &self.limits;
        let fields = limits.fields.max(limits.introspection_fields);
        let depth = u64::from(limits.depth.max(limits.introspection_depth));
        for part in [extent.plain, extent.introspection] {
            Rejection::check(Rule::Fields, part.fields, fields)?;
            Rejection::check(Rule::Depth, u64::from(part.depth), depth)?;
        }
        self.check_counts(extent)
    }

    /// The bounds that operations and fragments share.
    fn check_counts(&self, extent: &Extent) -> Result<(), Rejection> {
        check_count(Rule::Aliases, extent.aliases, self.limits.aliases)?;
        check_count(Rule::Directives, extent.directives, self.limits.directives)?;
        Rejection::check(Rule::Selections, extent.selections, self.limits.selections)
    }
}

fn check_count(rule: Rule, actual: u64, limit: usize) -> Result<(), Rejection> {
    Rejection::check(rule, actual, as_count(limit))
}

/// The operation that the request asks for, chosen as async-graphql chooses it.
fn select<'a>(operations: &'a DocumentOperations, asked: Option<&str>) -> Result<Operation<'a>, Rejection> {
    let unknown = |name: &str| Rejection::UnknownOperation { name: shorten(name) };
    match (operations, asked) {
        (DocumentOperations::Single(only), None) => Ok((None, only)),
        (DocumentOperations::Single(_), Some(name)) => Err(unknown(name)),
        (DocumentOperations::Multiple(named), Some(name)) => {
            named.get_key_value(name).map(|(name, found)| (Some(name), found)).ok_or_else(|| unknown(name))
        }
        // The parser keeps a single named operation as one of many.
        (DocumentOperations::Multiple(named), None) => match (named.len(), named.iter().next()) {
            (1, Some((name, only))) => Ok((Some(name), only)),
            _ => Err(Rejection::NoOperation),
        },
    }
}

/// The operations sorted by place: the parser keeps them in a hash map, and errors should not depend on its order.
fn in_source_order(document: &ExecutableDocument) -> Vec<Operation<'_>> {
    let mut operations: Vec<_> = document.operations.iter().collect();
    operations.sort_unstable_by_key(|(_, operation)| operation.pos);
    operations
}
