//! Looking whether the chains are whole.

use sea_orm::{EntityTrait, QueryOrder, QuerySelect};

use crate::Domain;
use crate::error::Result;
use crate::identity::tenant;
use crate::ids::TenantId;

/// A tenant's chain, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The tenant's slug.
    pub tenant: String,
    /// The sequence of the first entry that does not fit; none where all do.
    pub broken_at: Option<i64>,
}

impl Domain {
    /// Every tenant and its slug, sorted by that: each has a chain.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn audited_tenants(&self) -> Result<Vec<(TenantId, String)>> {
        #[expect(clippy::disallowed_methods, reason = "every tenant has a chain")]
        let tenants = tenant::Entity::find().order_by_asc(tenant::Column::Slug);
        let tenants = tenants.select_only().column(tenant::Column::Id).column(tenant::Column::Slug);
        Ok(tenants.into_tuple().all(self.db().reader()).await?)
    }

    /// Walks every tenant's chain, for the command line.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_chains(&self) -> Result<Vec<Chain>> {
        let mut chains = Vec::new();
        for (id, tenant) in self.audited_tenants().await? {
            chains.push(Chain { tenant, broken_at: self.first_broken_audit_entry(id).await? });
        }
        Ok(chains)
    }
}
