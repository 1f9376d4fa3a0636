//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, UnauthenticatedReason};
use crate::ids::{ApiKeyId, SessionId, TenantId, UserId};
use crate::permission::{Permission, Role};

/// Who asks, made once a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody is signed in.
    Anonymous,
    /// A signed-in user.
    User(Member),
    /// The installation itself: jobs, seeds and the command line.
    System,
}

/// A user with an open session, or a program with an API key of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Of which tenant.
    pub tenant_id: TenantId,
    /// As what.
    pub role: Role,
    /// Through what.
    pub credential: Credential,
    /// To what an API key is confined; none for a session, which may do all that the role may.
    pub scopes: Option<Arc<[Permission]>>,
}

/// What a member is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A session of theirs.
    Session(SessionId),
    /// An API key of theirs.
    ApiKey(ApiKeyId),
}

impl Member {
    /// Whether both the role and, where it is one, the API key hold the permission.
    pub fn holds(&self, permission: Permission) -> bool {
        self.role.holds(permission) && self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&permission))
    }

    /// The session.
    ///
    /// # Errors
    /// FORBIDDEN for an API key, which has none.
    pub fn session_id(&self) -> Result<SessionId, Fault> {
        match self.credential {
            Credential::Session(id) => Ok(id),
            Credential::ApiKey(_) => Err(Fault::Forbidden(Permission::AccountManage)),
        }
    }
}

impl Viewer {
    /// The signed-in user.
    ///
    /// # Errors
    /// UNAUTHENTICATED for everybody else.
    pub fn member(&self) -> Result<&Member, Fault> {
        match self {
            Self::User(member) => Ok(member),
            Self::Anonymous | Self::System => Err(Fault::Unauthenticated(UnauthenticatedReason::Missing)),
        }
    }

    /// The signed-in user, if they hold the permission.
    ///
    /// # Errors
    /// UNAUTHENTICATED for nobody, FORBIDDEN for a role or an API key without the permission.
    pub fn permitted(&self, permission: Permission) -> Result<&Member, Fault> {
        let member = self.member()?;
        if member.holds(permission) { Ok(member) } else { Err(Fault::Forbidden(permission)) }
    }

    /// Whether the viewer holds the permission.
    pub fn may(&self, permission: Permission) -> bool {
        matches!(self, Self::System) || self.permitted(permission).is_ok()
    }
}

/// Where a request came from, for limits and the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The address, after trusted proxies.
    pub address: Option<IpAddr>,
    /// The program, as it calls itself, at most 200 characters.
    pub user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::Id;

    fn member(role: Role, scopes: Option<&[Permission]>) -> Member {
        let (session, key) = (SessionId::from_uuid(Uuid::nil()), ApiKeyId::from_uuid(Uuid::nil()));
        Member {
            user_id: UserId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            role,
            credential: scopes.map_or(Credential::Session(session), |_| Credential::ApiKey(key)),
            scopes: scopes.map(Arc::from),
        }
    }

    #[test]
    fn a_key_may_do_what_both_its_scopes_and_its_role_allow() {
        let key = member(Role::Trader, Some(&[Permission::SignalsRead, Permission::UsersManage]));
        assert!(key.holds(Permission::SignalsRead));
        assert!(!key.holds(Permission::SignalsWrite), "the role allows it, the key does not");
        assert!(!key.holds(Permission::UsersManage), "the key allows it, the role does not");
        assert!(matches!(key.session_id(), Err(Fault::Forbidden(Permission::AccountManage))));
        assert!(member(Role::Trader, None).holds(Permission::AccountManage));
    }

    #[test]
    fn a_refusal_says_whether_to_sign_in_or_to_give_up() {
        let trader = Viewer::User(member(Role::Trader, None));
        assert!(trader.permitted(Permission::SignalsRead).is_ok());
        assert!(matches!(trader.permitted(Permission::UsersRead), Err(Fault::Forbidden(Permission::UsersRead))));
        assert!(matches!(Viewer::Anonymous.permitted(Permission::SignalsRead), Err(Fault::Unauthenticated(_))));
        assert!(Viewer::System.may(Permission::UsersRead) && Viewer::System.member().is_err());
    }
}
