//! Roles, permissions, and the one table that says which role holds which.
//!
//! A guard names a permission, never a role.

use std::fmt;

use sea_orm::{DeriveActiveEnum, EnumIter};

/// What a user is in their tenant; OWNER stands above all tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads signals, records their own.
    Trader,
    /// Reads what concerns the tenant's users, to help them.
    Support,
    /// Sells the tenant's signals and runs its sources.
    Seller,
    /// Runs the tenant.
    Admin,
    /// Runs the installation.
    Owner,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 5] = [Self::Trader, Self::Support, Self::Seller, Self::Admin, Self::Owner];

    /// The name in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trader => "TRADER",
            Self::Support => "SUPPORT",
            Self::Seller => "SELLER",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }

    /// Whether the role holds the permission.
    pub fn holds(self, permission: Permission) -> bool {
        permission.holders().contains(&self)
    }
}

macro_rules! permissions {
    ($($name:ident = $text:literal, [$($role:ident)*], $doc:literal;)*) => {
        /// Something that a guard asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $(#[doc = $doc] $name,)* }

        impl Permission {
            /// Every permission, from reading to running the installation.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the contract.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it allows, in one sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// The roles that hold it.
            pub const fn holders(self) -> &'static [Role] {
                match self { $(Self::$name => &[$(Role::$role,)*],)* }
            }
        }
    };
}

permissions! {
    SignalsRead = "SIGNALS_READ", [Trader Support Seller Admin Owner],
        "Read the signals of the own tenant, and one's own private ones.";
    SignalsWrite = "SIGNALS_WRITE", [Trader Seller Admin Owner],
        "Record signals for oneself.";
    SignalsPublish = "SIGNALS_PUBLISH", [Seller Admin Owner],
        "Record signals that everyone in the tenant sees.";
    SourcesManage = "SOURCES_MANAGE", [Trader Seller Admin Owner],
        "Create, change and revoke one's own sources of signals, and read their ingest journal.";
    SourcesManageAll = "SOURCES_MANAGE_ALL", [Admin Owner],
        "The same for every source of the tenant.";
    UsersRead = "USERS_READ", [Support Admin Owner],
        "Read the email, role and status of the tenant's users.";
    InboxRead = "INBOX_READ", [Admin Owner],
        "Read the waitlist, and the messages that visitors sent.";
    TenantsReadAll = "TENANTS_READ_ALL", [Owner],
        "See what belongs to other tenants.";
    SchemaIntrospect = "SCHEMA_INTROSPECT", [Owner],
        "Introspect the schema where the installation does not open it to everybody.";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_holds_everything_and_admins_nothing_above_their_tenant() {
        for &permission in Permission::ALL {
            assert!(Role::Owner.holds(permission), "{permission}");
        }
        assert!(!Role::Admin.holds(Permission::TenantsReadAll));
        assert!(!Role::Trader.holds(Permission::SignalsPublish));
        assert!(!Role::Support.holds(Permission::SignalsWrite));
    }
}
