//! What the forms of the site share.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, IntoCondition};

use crate::Domain;
use crate::db::nothing;
use crate::error::{Problem, ProblemCode, Result};
use crate::identity::TenantStatus;
use crate::ids::TenantId;
use crate::limits::address_key;
use crate::permission::Permission;
use crate::viewer::{ClientInfo, Viewer};

/// The longest language tag (RFC 5646, 4.4.1).
const LONGEST_LANGUAGE: usize = 35;

impl Domain {
    /// Counts a form of this client.
    ///
    /// # Errors
    /// RATE_LIMITED by address.
    pub(super) fn count_form(&self, client: &ClientInfo) -> Result<()> {
        if let Some(address) = client.address {
            self.limits().forms.check(&address_key(address))?;
        }
        Ok(())
    }

    /// The tenant that forms are taken for.
    ///
    /// # Errors
    /// NOT_FOUND where there is none that is served.
    pub(super) async fn tenant_of_forms(&self) -> Result<TenantId> {
        let missing = || Problem::new(ProblemCode::NotFound, &[], "nobody is here who could read it");
        let tenant = self.default_tenant().await?.filter(|tenant| tenant.status == TenantStatus::Active);
        Ok(tenant.ok_or_else(missing)?.id)
    }
}

/// Whether the field was filled that people do not see.
pub(super) fn is_trapped(trap: Option<&str>) -> bool {
    trap.is_some_and(|filled| !filled.is_empty())
}

/// A language tag (BCP 47), as far as its letters go.
pub(super) fn language(tag: &str) -> Result<String, Problem> {
    let is_tag = (2..=LONGEST_LANGUAGE).contains(&tag.len())
        && tag.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if is_tag {
        Ok(tag.to_owned())
    } else {
        Err(Problem::validation(&["input", "language"], "expected a language tag such as en or es-MX"))
    }
}

/// The rows that the viewer may read: their tenant's for who may read its inbox, all for the owner.
pub(super) fn scope(viewer: &Viewer, tenant: impl ColumnTrait) -> Condition {
    let Ok(member) = viewer.permitted(Permission::InboxRead) else { return nothing() };
    if viewer.may(Permission::TenantsReadAll) {
        return Condition::all();
    }
    tenant.eq(member.tenant_id).into_condition()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_a_tag() {
        for tag in ["en", "es", "es-MX", "zh-Hant-TW"] {
            assert_eq!(language(tag).unwrap(), tag);
        }
        for wrong in ["", "e", "en_US", "en-", "español", "<b>", &"en-".repeat(20)] {
            assert!(language(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_what_is_filled_is_a_trap() {
        assert!(is_trapped(Some("https://buy.example")));
        assert!(!is_trapped(Some("")) && !is_trapped(None));
    }
}
