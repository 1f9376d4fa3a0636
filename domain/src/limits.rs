//! How often what may be done.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Fault, LimitScope};
use crate::limit_store::DatabaseLimit;
pub use crate::limit_store::{LimitStore, LimitStoreKind};
use crate::rate_limit::RateLimit;
use crate::viewer::ClientInfo;

/// The limits of the installation, all a minute.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Logins, by address and by email.
    pub logins_per_minute: u32,
    /// Registrations, by address and by email.
    pub registrations_per_minute: u32,
    /// Letters with a link that are asked for, such as to reset a password, by address and by email.
    pub resets_per_minute: u32,
    /// Forms of the site, by address.
    pub forms_per_minute: u32,
    /// Requests to the endpoint, by user or address.
    pub requests_per_minute: u32,
    /// Webhook deliveries, by source.
    pub deliveries_per_minute: u32,
    /// Points that operations may cost, by user or address.
    pub points_per_minute: u32,
    /// Analyses on demand, by user.
    pub analyses_per_minute: u32,
    /// Where logins, registrations and resets are counted.
    pub store: LimitStoreKind,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            logins_per_minute: 5,
            registrations_per_minute: 3,
            resets_per_minute: 3,
            forms_per_minute: 5,
            requests_per_minute: 600,
            deliveries_per_minute: 300,
            points_per_minute: 120_000,
            analyses_per_minute: 30,
            store: LimitStoreKind::Memory,
        }
    }
}

/// The counters.
#[derive(Debug)]
pub struct Limits {
    /// Logins, and other tries of a password.
    pub logins: CredentialLimit,
    /// Registrations.
    pub registrations: CredentialLimit,
    /// Letters with a link that are asked for.
    pub resets: CredentialLimit,
    /// Forms.
    pub forms: RateLimit,
    /// Requests.
    pub requests: RateLimit,
    /// Deliveries.
    pub deliveries: RateLimit,
    /// Points.
    pub points: RateLimit,
    /// Analyses.
    pub analyses: RateLimit,
}

impl Limits {
    /// Fresh counters.
    pub(crate) fn new(settings: &LimitSettings, db: &Db, clock: &Arc<dyn Clock>) -> Self {
        let credential = |scope, per_minute| match settings.store {
            LimitStoreKind::Memory => CredentialLimit(Box::new(RateLimit::per_minute(scope, per_minute))),
            LimitStoreKind::Database => CredentialLimit(Box::new(DatabaseLimit::new(db, clock, scope, per_minute))),
        };
        Self {
            logins: credential(LimitScope::Logins, settings.logins_per_minute),
            registrations: credential(LimitScope::Registrations, settings.registrations_per_minute),
            resets: credential(LimitScope::Resets, settings.resets_per_minute),
            forms: RateLimit::per_minute(LimitScope::Forms, settings.forms_per_minute),
            requests: RateLimit::per_minute(LimitScope::Requests, settings.requests_per_minute),
            deliveries: RateLimit::per_minute(LimitScope::Deliveries, settings.deliveries_per_minute),
            points: RateLimit::per_minute(LimitScope::Points, settings.points_per_minute),
            analyses: RateLimit::per_minute(LimitScope::Analyses, settings.analyses_per_minute),
        }
    }

    /// Forgets the keys that have their whole limit again; to be called now and then.
    ///
    /// # Errors
    /// UNAVAILABLE when a store does not answer.
    pub async fn forget_idle(&self) -> Result<(), Fault> {
        for limit in [&self.forms, &self.requests, &self.deliveries, &self.points, &self.analyses] {
            limit.forget_idle();
        }
        for limit in [&self.logins, &self.registrations, &self.resets] {
            limit.0.forget_idle().await?;
        }
        Ok(())
    }
}

/// A limit on trying a credential, in the store that the installation chose.
#[derive(Debug)]
pub struct CredentialLimit(Box<dyn LimitStore>);

impl CredentialLimit {
    /// Counts one by key.
    ///
    /// # Errors
    /// RATE_LIMITED, and then it was not counted; UNAVAILABLE when the store does not answer.
    pub async fn check(&self, key: &str) -> Result<(), Fault> {
        self.0.check(key).await
    }

    /// Counts one by address, and by the email as it is compared where it is one.
    ///
    /// # Errors
    /// As [`CredentialLimit::check`].
    pub async fn check_person(&self, client: &ClientInfo, email_key: Option<&str>) -> Result<(), Fault> {
        if let Some(address) = client.address {
            self.check(&address_key(address)).await?;
        }
        match email_key {
            Some(email_key) => self.check(&format!("email:{email_key}")).await,
            None => Ok(()),
        }
    }
}

/// The key of an address: an IPv6 address counts by its /64, which one person can have whole.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("address:{v4}"),
        IpAddr::V6(v6) => {
            let network = Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX));
            format!("address:{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }
}
