//! Who asks.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::{Fault, UnauthenticatedReason};
use crate::ids::{SessionId, TenantId, UserId};
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

/// A user with an open session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Of which tenant.
    pub tenant_id: TenantId,
    /// As what.
    pub role: Role,
    /// Through which session.
    pub session_id: SessionId,
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

    /// The signed-in user, if the role holds the permission.
    ///
    /// # Errors
    /// UNAUTHENTICATED for nobody, FORBIDDEN for a role without the permission.
    pub fn permitted(&self, permission: Permission) -> Result<&Member, Fault> {
        let member = self.member()?;
        if member.role.holds(permission) { Ok(member) } else { Err(Fault::Forbidden(permission)) }
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

    #[test]
    fn a_refusal_says_whether_to_sign_in_or_to_give_up() {
        let trader = Viewer::User(Member {
            user_id: UserId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            role: Role::Trader,
            session_id: SessionId::from_uuid(Uuid::nil()),
        });
        assert!(trader.permitted(Permission::SignalsRead).is_ok());
        assert!(matches!(trader.permitted(Permission::UsersRead), Err(Fault::Forbidden(Permission::UsersRead))));
        assert!(matches!(Viewer::Anonymous.permitted(Permission::SignalsRead), Err(Fault::Unauthenticated(_))));
        assert!(Viewer::System.may(Permission::UsersRead) && Viewer::System.member().is_err());
    }
}
