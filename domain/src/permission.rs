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

            /// The permission of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
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

impl Permission {
    /// Whether an API key may be given it: a key manages no account, its own or another's, and no tenant, lest a lost one
    /// makes others or locks people out.
    pub const fn is_scope(self) -> bool {
        !matches!(self, Self::AccountManage | Self::UsersInvite | Self::UsersManage | Self::TenantsManage)
    }
}

permissions! {
    AccountManage = "ACCOUNT_MANAGE", [Trader Support Seller Admin Owner],
        "Manage one's own account: its sessions and its API keys. No API key holds it.";
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
    MarketRead = "MARKET_READ", [Trader Support Seller Admin Owner],
        "Read prices that are not for everybody, how their sources do, and one's own watchlists.";
    WatchlistsWrite = "WATCHLISTS_WRITE", [Trader Support Seller Admin Owner],
        "Make, change and delete one's own watchlists.";
    StrategiesManage = "STRATEGIES_MANAGE", [Admin Owner],
        "Switch strategies on and off for everyone in the tenant.";
    UsersRead = "USERS_READ", [Support Admin Owner],
        "Read the email, role and status of the tenant's users.";
    UsersInvite = "USERS_INVITE", [Admin Owner],
        "Invite people into the tenant, in roles up to one's own.";
    SchedulerManage = "SCHEDULER_MANAGE", [Owner],
        "See the scheduler's lock, jobs and runs, run, pause and resume jobs, and break the lock.";
    UsersManage = "USERS_MANAGE", [Admin Owner],
        "Change the roles of the tenant's users, suspend and activate them, and end their sessions.";
    AuditRead = "AUDIT_READ", [Admin Owner],
        "Read the tenant's audit log.";
    InboxRead = "INBOX_READ", [Admin Owner],
        "Read the waitlist, and the messages that visitors sent.";
    InboxManage = "INBOX_MANAGE", [Admin Owner],
        "Remove entries of the waitlist and messages of visitors, as they may ask by law.";
    TradingRead = "TRADING_READ", [Trader Support Seller Admin Owner],
        "Read one's own paper accounts: their orders, trades, figures and ledgers.";
    TradingWrite = "TRADING_WRITE", [Trader Seller Admin Owner],
        "Open paper accounts, and trade on one's own.";
    TradingReadAll = "TRADING_READ_ALL", [Support Admin Owner],
        "Read every paper account of the tenant.";
    TradingManage = "TRADING_MANAGE", [Admin Owner],
        "Suspend the tenant's paper accounts, activate them again, and close them.";
    ChallengesManage = "CHALLENGES_MANAGE", [Admin Owner],
        "Grant challenges to the tenant's users, and look at, pass, fail, extend, correct and cancel them.";
    TenantsReadAll = "TENANTS_READ_ALL", [Owner],
        "See what belongs to other tenants.";
    TenantsManage = "TENANTS_MANAGE", [Owner],
        "Make, suspend and activate tenants.";
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
    fn a_permission_is_found_by_its_name() {
        for &permission in Permission::ALL {
            assert_eq!(Permission::named(permission.as_str()), Some(permission));
        }
        assert_eq!(Permission::named("signals_read"), None);
    }

    #[test]
    fn the_owner_holds_everything_and_admins_nothing_above_their_tenant() {
        for &permission in Permission::ALL {
            assert!(Role::Owner.holds(permission), "{permission}");
        }
        assert!(!Role::Admin.holds(Permission::TenantsReadAll) && !Role::Admin.holds(Permission::TenantsManage));
        assert!(Role::Support.holds(Permission::UsersRead) && !Role::Support.holds(Permission::UsersManage));
        assert!(!Role::Trader.holds(Permission::SignalsPublish));
        assert!(!Role::Support.holds(Permission::SignalsWrite));
    }
}
