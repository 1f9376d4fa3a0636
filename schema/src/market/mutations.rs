//! Changing watchlists.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use bellwether_domain::permission::Permission;

use super::watchlists::Watchlist;
use crate::context::Request;
use crate::field::{Access, Field, Payload, mutate, refused_by_default};
use crate::node::parse_id;
use crate::problems::UserError;

/// A watchlist to be made.
#[derive(Clone, Debug, InputObject)]
struct CreateWatchlistInput {
    /// The name, 1 to 60 characters, unique among yours.
    name: String,
    /// The symbols of what is to be on it, at most 200; null for nothing.
    symbols: Option<Vec<String>>,
}

/// Another name for a watchlist.
#[derive(Clone, Debug, InputObject)]
struct RenameWatchlistInput {
    /// The id, `wtl_…`.
    id: ID,
    /// The name, 1 to 60 characters, unique among yours.
    name: String,
}

/// What is to be put on a watchlist.
#[derive(Clone, Debug, InputObject)]
struct AddToWatchlistInput {
    /// The id, `wtl_…`.
    id: ID,
    /// Symbols, at most 200.
    symbols: Vec<String>,
}

/// What is to be taken off a watchlist.
#[derive(Clone, Debug, InputObject)]
struct RemoveFromWatchlistInput {
    /// The id, `wtl_…`.
    id: ID,
    /// Symbols, at most 200.
    symbols: Vec<String>,
}

/// A watchlist to be deleted.
#[derive(Clone, Debug, InputObject)]
struct DeleteWatchlistInput {
    /// The id, `wtl_…`.
    id: ID,
}

macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Default, SimpleObject)]
        pub(crate) struct $name {
            /// The watchlist as it is now; null when refused.
            watchlist: Option<Watchlist>,
            /// What to mend; empty when done.
            user_errors: Vec<UserError>,
        }

        impl From<bellwether_domain::market::Watchlist> for $name {
            fn from(list: bellwether_domain::market::Watchlist) -> Self {
                Self { watchlist: Some(Watchlist(list)), user_errors: Vec::new() }
            }
        }
    )*};
}

payloads! {
    /// What making a watchlist did.
    CreateWatchlistPayload
    /// What renaming a watchlist did.
    RenameWatchlistPayload
    /// What putting assets on a watchlist did.
    AddToWatchlistPayload
    /// What taking assets off a watchlist did.
    RemoveFromWatchlistPayload
}

/// What deleting a watchlist did.
#[derive(Default, SimpleObject)]
pub(crate) struct DeleteWatchlistPayload {
    /// The id of the watchlist that is gone; null when refused.
    deleted_id: Option<ID>,
    /// What to mend; empty when done.
    user_errors: Vec<UserError>,
}

refused_by_default! {
    CreateWatchlistPayload
    RenameWatchlistPayload
    AddToWatchlistPayload
    RemoveFromWatchlistPayload
    DeleteWatchlistPayload
}

/// Changes watchlists.
#[derive(Debug, Default)]
pub(crate) struct WatchlistMutation;

const ACCESS: Access = Access::Needs(Permission::WatchlistsWrite);
const ID_PATH: &[&str] = &["input", "id"];

#[Object]
impl WatchlistMutation {
    /// Makes a watchlist; you may have 20. Needs WATCHLISTS_WRITE.
    async fn create_watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The watchlist.")] input: CreateWatchlistInput,
    ) -> Field<CreateWatchlistPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let symbols = input.symbols.unwrap_or_default();
            Ok(request.domain.create_watchlist(request.viewer(), &input.name, &symbols).await?.into())
        })
        .await
    }

    /// Gives a watchlist of yours another name. Needs WATCHLISTS_WRITE.
    async fn rename_watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The watchlist and the name.")] input: RenameWatchlistInput,
    ) -> Field<RenameWatchlistPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, ID_PATH)?;
            Ok(request.domain.rename_watchlist(request.viewer(), id, &input.name).await?.into())
        })
        .await
    }

    /// Puts assets on a watchlist of yours; those that are on it stay where they are. Needs WATCHLISTS_WRITE.
    async fn add_to_watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The watchlist and the assets.")] input: AddToWatchlistInput,
    ) -> Field<AddToWatchlistPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, ID_PATH)?;
            Ok(request.domain.add_to_watchlist(request.viewer(), id, &input.symbols).await?.into())
        })
        .await
    }

    /// Takes assets off a watchlist of yours; those that are not on it are no matter. Needs WATCHLISTS_WRITE.
    async fn remove_from_watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The watchlist and the assets.")] input: RemoveFromWatchlistInput,
    ) -> Field<RemoveFromWatchlistPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            let id = parse_id(&input.id, ID_PATH)?;
            Ok(request.domain.remove_from_watchlist(request.viewer(), id, &input.symbols).await?.into())
        })
        .await
    }

    /// Deletes a watchlist of yours. Needs WATCHLISTS_WRITE.
    async fn delete_watchlist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The watchlist.")] input: DeleteWatchlistInput,
    ) -> Field<DeleteWatchlistPayload> {
        mutate(ctx, ACCESS, async move |request: Request| {
            request.domain.delete_watchlist(request.viewer(), parse_id(&input.id, ID_PATH)?).await?;
            Ok(DeleteWatchlistPayload { deleted_id: Some(input.id), user_errors: Vec::new() })
        })
        .await
    }
}
