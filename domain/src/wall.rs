//! The second wall between tenants: PostgreSQL's own.
//!
//! The first is the scope that every query has in it (`visible_to`). Should one be forgotten, the database still hands
//! out no other tenant's row, for its policies (see the migrations) let a statement see what the setting
//! `bellwether.tenant` names. Every connection that is taken for reading, and every transaction, gets that setting from
//! here: the tenant that the work at hand is confined to, or `*` where it is not: signing in, jobs, the command line, and
//! who may see all tenants. A connection that was given none sees nothing.
//!
//! The confinement belongs to the task. What work hands to another task (the recorder, which writes for many tenants at
//! once) is not confined by it.

use std::task::Poll;

use futures_util::Stream;
use futures_util::stream;
use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};

use crate::ids::{Id, TenantId};
use crate::permission::Permission;
use crate::viewer::Viewer;

tokio::task_local! {
    /// The tenant that the task's statements are confined to; none while it goes through the wall.
    static TENANT: Option<TenantId>;
}

/// The tenant that a viewer's work is confined to; none for who may see others, and for who is not signed in, who has
/// none and is asked for by email or token.
fn tenant_of(viewer: &Viewer) -> Option<TenantId> {
    viewer.member().ok().filter(|_| !viewer.may(Permission::TenantsReadAll)).map(|member| member.tenant_id)
}

/// Does the work of a viewer, confined to their tenant.
pub async fn confine<T>(viewer: &Viewer, work: impl Future<Output = T>) -> T {
    TENANT.scope(tenant_of(viewer), work).await
}

/// Does work that is not the viewer's, whoever they are: signing in, which looks people up in every tenant.
pub async fn go_through<T>(work: impl Future<Output = T>) -> T {
    TENANT.scope(None, work).await
}

/// The same for what a viewer follows.
pub fn confine_stream<S: Stream + Send>(viewer: &Viewer, followed: S) -> impl Stream<Item = S::Item> + Send + use<S> {
    let tenant = tenant_of(viewer);
    let mut followed = Box::pin(followed);
    stream::poll_fn(move |context| -> Poll<Option<S::Item>> {
        TENANT.sync_scope(tenant, || followed.as_mut().poll_next(context))
    })
}

/// Confines work that another task is to do as the task at hand is confined.
pub(crate) fn confined_alike<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    TENANT.scope(confinement(), work)
}

/// The tenant that the task at hand is confined to.
fn confinement() -> Option<TenantId> {
    TENANT.try_with(|tenant| *tenant).ok().flatten()
}

/// Whether the task at hand is confined to a tenant.
pub(crate) fn is_confined() -> bool {
    confinement().is_some()
}

/// Confines a connection to the tenant of the task that has just taken it.
pub(crate) async fn stand(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (name, everything) = EVERYTHING;
    // As text, not prepared: PostgreSQL and its client have less to do, and this is done for each read.
    let set = match confinement() {
        Some(tenant) => format!("SET {name} = '{}'", tenant.uuid()),
        None => format!("SET {name} = '{everything}'"),
    };
    sqlx::raw_sql(AssertSqlSafe(set)).execute(connection).await.map(drop)
}

/// Confines a transaction that has just begun, on a connection that sees every tenant, to the tenant of the task.
pub(crate) async fn stand_in(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    let Some(tenant) = confinement() else { return Ok(()) };
    let values = [EVERYTHING.0.into(), tenant.uuid().to_string().into()];
    let set = Statement::from_sql_and_values(tx.get_database_backend(), "SELECT set_config($1, $2, true)", values);
    tx.execute_raw(set).await.map(drop)
}

/// The setting, and its value for a connection that sees every tenant.
pub(crate) const EVERYTHING: (&str, &str) = ("bellwether.tenant", "*");

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::StreamExt;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{SessionId, UserId};
    use crate::permission::Role;
    use crate::viewer::{Credential, Member};

    fn viewer(role: Role, scopes: Option<&[Permission]>) -> Viewer {
        Viewer::User(Member {
            user_id: UserId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::from_u128(7)),
            role,
            credential: Credential::Session(SessionId::from_uuid(Uuid::nil())),
            scopes: scopes.map(Arc::from),
        })
    }

    #[tokio::test]
    async fn whoever_may_not_see_other_tenants_is_confined_to_their_own() {
        let own = Some(TenantId::from_uuid(Uuid::from_u128(7)));
        for role in [Role::Trader, Role::Support, Role::Seller, Role::Admin] {
            assert_eq!(confine(&viewer(role, None), async { confinement() }).await, own, "{role:?}");
        }
        assert_eq!(confine(&viewer(Role::Owner, None), async { confinement() }).await, None);
        let key = viewer(Role::Owner, Some(&[Permission::SignalsRead]));
        assert_eq!(confine(&key, async { confinement() }).await, own, "an owner's key without that scope");
        for viewer in [Viewer::Anonymous, Viewer::System] {
            assert_eq!(confine(&viewer, async { confinement() }).await, None);
        }
        let followed = confine_stream(&viewer(Role::Trader, None), stream::once(async { confinement() }));
        assert_eq!(followed.collect::<Vec<_>>().await, [own]);
        assert_eq!(confinement(), None);
        let trader = viewer(Role::Trader, None);
        assert_eq!(confine(&trader, go_through(async { confinement() })).await, None, "signing in elsewhere");
    }
}
