//! Looking after the audit log.

use crate::identity::tenant;
use crate::scheduler::term::{JobRun, Stopped};
use sea_orm::{EntityTrait, QueryOrder};

/// Walks every tenant's chain; all of them, also where one is broken.
pub(super) async fn verify(run: JobRun) -> Result<(), Stopped> {
    #[expect(clippy::disallowed_methods, reason = "every tenant has a chain")]
    let tenants = tenant::Entity::find().order_by_asc(tenant::Column::Slug);
    let tenants = tenants.all(run.domain().db().reader()).await.map_err(crate::Error::from)?;
    let mut broken = Vec::new();
    for tenant in tenants {
        if let Some(sequence) = run.domain().first_broken_audit_entry(tenant.id).await? {
            broken.push(format!("{} at entry {sequence}", tenant.slug));
        }
        run.moved(1);
        run.breathe().await;
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Stopped::Found(format!("the audit chain is broken: {}", broken.join(", "))))
}
