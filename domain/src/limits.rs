//! How often what may be done.

use std::net::{IpAddr, Ipv6Addr};

use crate::rate_limit::RateLimit;

/// The limits of the installation, all a minute.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Logins, by address and by email.
    pub logins_per_minute: u32,
    /// Registrations, by address.
    pub registrations_per_minute: u32,
    /// Forms of the site, by address.
    pub forms_per_minute: u32,
    /// Requests to the endpoint, by user or address.
    pub requests_per_minute: u32,
    /// Webhook deliveries, by source.
    pub deliveries_per_minute: u32,
    /// Points that operations may cost, by user or address.
    pub points_per_minute: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            logins_per_minute: 5,
            registrations_per_minute: 3,
            forms_per_minute: 5,
            requests_per_minute: 600,
            deliveries_per_minute: 300,
            points_per_minute: 120_000,
        }
    }
}

/// The counters.
#[derive(Debug)]
pub struct Limits {
    /// Logins.
    pub logins: RateLimit,
    /// Registrations.
    pub registrations: RateLimit,
    /// Forms.
    pub forms: RateLimit,
    /// Requests.
    pub requests: RateLimit,
    /// Deliveries.
    pub deliveries: RateLimit,
    /// Points.
    pub points: RateLimit,
}

impl Limits {
    /// Fresh counters.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            logins: RateLimit::per_minute(settings.logins_per_minute),
            registrations: RateLimit::per_minute(settings.registrations_per_minute),
            forms: RateLimit::per_minute(settings.forms_per_minute),
            requests: RateLimit::per_minute(settings.requests_per_minute),
            deliveries: RateLimit::per_minute(settings.deliveries_per_minute),
            points: RateLimit::per_minute(settings.points_per_minute),
        }
    }

    /// Forgets the keys that have their whole limit again; to be called now and then.
    pub fn forget_idle(&self) {
        let by_person = [&self.logins, &self.registrations, &self.forms];
        let by_load = [&self.requests, &self.deliveries, &self.points];
        for limit in by_person.into_iter().chain(by_load) {
            limit.forget_idle();
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
