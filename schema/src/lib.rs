//! The GraphQL schema: types, resolvers, guards, connections, public errors.
//!
//! A resolver parses nothing and decides nothing: it hands typed input to a use case of the domain and its answer back.
//! Everything that can be refused goes through `field.rs`, which asks for a permission before it runs.

mod analysis;
mod billing;
mod challenges;
mod context;
#[cfg(test)]
mod conventions;
mod error_code;
mod errors;
mod field;
mod identity;
mod market;
mod node;
mod outbox;
mod paging;
mod partial;
mod problems;
mod ranking;
mod scalars;
mod scheduler;
mod signals;
mod site;
mod trading;

use async_graphql::parser::types::{EnumValueDefinition, TypeKind, TypeSystemDefinition};
use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};
use bellwether_domain::Domain;

pub use context::RequestContext;
pub use error_code::ErrorCode;
pub use errors::{bad_request, error_code, fault_error, publish, rejection_error, retry_after};

/// The fields that try a credential, or send a letter that holds one. One document may hold one of them, once.
pub const CREDENTIAL_FIELDS: &[&str] = &[
    "acceptInvitation",
    "changePassword",
    "closeAccount",
    "inviteUser",
    "login",
    "refreshSession",
    "register",
    "requestPasswordReset",
    "resendVerification",
    "resetPassword",
    "verifyEmail",
];

/// The codes of `userErrors` with what they say, in the order of the schema.
pub fn user_error_codes() -> Vec<(String, String)> {
    let document = async_graphql::parser::parse_schema(sdl());
    let definitions = document.map(|document| document.definitions).unwrap_or_default();
    let values = definitions.into_iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) if definition.node.name.node == "UserErrorCode" => {
            match definition.node.kind {
                TypeKind::Enum(values) => Some(values.values),
                _ => None,
            }
        }
        _ => None,
    });
    let text = |value: &EnumValueDefinition| {
        (value.value.node.to_string(), value.description.as_ref().map(|text| text.node.clone()).unwrap_or_default())
    };
    values.unwrap_or_default().iter().map(|value| text(&value.node)).collect()
}

/// Reads.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    node::NodeQuery,
    identity::IdentityQuery,
    signals::SignalQuery,
    analysis::AnalysisQuery,
    scheduler::SchedulerQuery,
    identity::CredentialQuery,
    identity::UserQuery,
    identity::TenantQuery,
    identity::AuditQuery,
    site::SiteQuery,
    outbox::OutboxQuery,
    trading::TradingQuery,
    trading::TradingSeriesQuery,
    challenges::ChallengeQuery,
    ranking::RankingQuery,
    market::MarketQuery,
    billing::BillingQuery,
);

/// Writes.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    identity::IdentityMutation,
    signals::SignalMutation,
    signals::SourceMutation,
    analysis::AnalysisMutation,
    scheduler::SchedulerMutation,
    identity::AccountMutation,
    identity::InvitationMutation,
    identity::CredentialMutation,
    identity::UserMutation,
    identity::TenantMutation,
    site::SiteMutation,
    outbox::OutboxMutation,
    trading::TradingAccountMutation,
    trading::OrderMutation,
    challenges::ChallengeMutation,
    ranking::RankingMutation,
    market::WatchlistMutation,
);

/// Follows.
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(
    signals::SignalSubscription,
    scheduler::SchedulerSubscription,
    market::MarketSubscription,
    trading::AccountSubscription,
    challenges::ChallengeSubscription,
);

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
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    let sdl = schema.sdl_with_options(options);
    // Definitions are parted by blank lines, and a directive's description stands right above it.
    let is_directive = |definition: &&str| definition.lines().any(|line| line.starts_with("directive @"));
    let own: Vec<&str> = sdl.split("\n\n").filter(|definition| !is_directive(definition)).collect();
    format!("{}\n", own.join("\n\n").trim())
}
