//! The GraphQL schema: types, resolvers, guards, connections, public errors.
//!
//! A resolver parses nothing and decides nothing: it hands typed input to a use case of the domain and its answer back.
//! Everything that can be refused goes through `field.rs`, which asks for a permission before it runs.

mod context;
#[cfg(test)]
mod conventions;
mod errors;
mod field;
mod identity;
mod market;
mod node;
mod paging;
mod partial;
mod problems;
mod scalars;
mod signals;
mod site;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};
use bellwether_domain::Domain;

pub use context::RequestContext;
pub use errors::{bad_request, error_code, fault_error, publish, rejection_error, retry_after};

/// The fields that try a credential. One document may hold one of them, once.
pub const CREDENTIAL_FIELDS: &[&str] = &["login", "refreshSession", "register"];

/// Reads.
#[derive(Debug, Default, MergedObject)]
pub struct Query(node::NodeQuery, identity::IdentityQuery, signals::SignalQuery, site::SiteQuery);

/// Writes.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(identity::IdentityMutation, signals::SignalMutation, signals::SourceMutation, site::SiteMutation);

/// Follows.
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(signals::SignalSubscription);

/// The schema with its resolvers.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema on the business.
///
/// It sets no limits of its own: the guard has bounded a document before it comes here. Where not everybody may
/// introspect it, its errors suggest no names either.
pub fn schema(domain: Domain, open_introspection: bool) -> Schema {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default()).data(domain);
    if open_introspection { schema.finish() } else { schema.disable_suggestions().finish() }
}

/// The same schema for mutations: an argument that cannot be coerced nulls its own field and no other.
pub fn mutation_schema(domain: Domain, open_introspection: bool) -> Schema {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .data(domain)
        .extension(partial::PartialAnswers);
    if open_introspection { schema.finish() } else { schema.disable_suggestions().finish() }
}

/// The schema in GraphQL's schema definition language, sorted, without the directives that every schema has.
pub fn sdl() -> String {
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default()).finish();
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    let sdl = schema.sdl_with_options(options);
    // Definitions are parted by blank lines, and a directive's description stands right above it.
    let is_directive = |definition: &&str| definition.lines().any(|line| line.starts_with("directive @"));
    let own: Vec<&str> = sdl.split("\n\n").filter(|definition| !is_directive(definition)).collect();
    format!("{}\n", own.join("\n\n").trim())
}
