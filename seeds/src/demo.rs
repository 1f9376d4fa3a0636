//! The demo: two tenants, a user of every role, a market with a past, and signals that look like life. Everything is
//! simulated.
//!
//! It is the same every time: what is drawn comes from a fixed seed, and the times are relative to the anchor, the hour in
//! which the database was first seeded. So seeding again adds nothing.

use std::fmt;

use bellwether_domain::identity::NewPerson;
use bellwether_domain::permission::Role;
use bellwether_domain::signals::{Audience, RecordOutcome, Recording, SignalOrigin};
use bellwether_domain::{Domain, Fault, Problem, ProblemCode, Result};
use chrono::{DurationRound, TimeDelta};

use crate::{challenges, signals, trades};

/// The password of every demo login.
pub const DEMO_PASSWORD: &str = "Demo-Passw0rd!";

struct Person {
    tenant: &'static str,
    email: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    role: Role,
}

const TENANTS: [(&str, &str); 2] = [("atlas", "Atlas Signals"), ("rif", "Rif Capital")];

#[rustfmt::skip]
const PEOPLE: [Person; 8] = [
    Person { tenant: "atlas", email: "owner@demo.test", first_name: "Omar", last_name: "Owner", role: Role::Owner },
    Person { tenant: "atlas", email: "admin@atlas.test", first_name: "Amina", last_name: "Admin", role: Role::Admin },
    Person { tenant: "atlas", email: "support@atlas.test", first_name: "Sami", last_name: "Support", role: Role::Support },
    Person { tenant: "atlas", email: "seller@atlas.test", first_name: "Selma", last_name: "Seller", role: Role::Seller },
    Person { tenant: "atlas", email: "trader@atlas.test", first_name: "Tarik", last_name: "Trader", role: Role::Trader },
    Person { tenant: "atlas", email: "trader2@atlas.test", first_name: "Tess", last_name: "Trader", role: Role::Trader },
    Person { tenant: "rif", email: "admin@rif.test", first_name: "Rachid", last_name: "Admin", role: Role::Admin },
    Person { tenant: "rif", email: "trader@rif.test", first_name: "Rania", last_name: "Trader", role: Role::Trader },
];

/// What seeding did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoDone {
    /// Users that were made.
    pub users: usize,
    /// Signals that were made.
    pub inserted: usize,
    /// Signals that were there already.
    pub ignored: usize,
    /// Signals whose outcome became known.
    pub settled: u64,
    /// Paper trades that were made.
    pub trades: usize,
    /// Challenges that were made.
    pub challenges: usize,
    /// Simulated candles that were made.
    pub candles: usize,
}

impl fmt::Display for DemoDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { users, inserted, ignored, settled, candles, trades, challenges } = self;
        write!(f, "{users} new users, {inserted} new signals, {ignored} were there, {settled} settled, ")?;
        write!(f, "{candles} candles, {trades} trades, {challenges} challenges")
    }
}

/// The demo's logins with their roles.
pub fn demo_logins() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.iter().map(|person| (person.email, person.role.as_str()))
}

/// Puts in the reference and the demo data; repeatable.
///
/// # Errors
/// When the database holds another business, whose doors the demo's known passwords would open; when it does not answer.
pub async fn demo(domain: &Domain) -> Result<DemoDone> {
    if domain.demo_anchor().await?.is_none() && domain.has_tenants().await? {
        let message =
            "this database holds a business that is not the demo's: choose another one, such as with --data-dir";
        return Err(Problem::new(ProblemCode::Conflict, &[], message).into());
    }
    crate::reference(domain).await?;
    let mut candles = domain.simulate_past(&signals::SYMBOLS).await?;
    let hour = domain.now().duration_trunc(TimeDelta::hours(1)).unwrap_or_else(|_| domain.now());
    let anchor = domain.anchor_demo(hour).await?;
    candles += signals::quarter_hours(domain, anchor).await?;
    for (slug, name) in TENANTS {
        domain.put_tenant(slug, name).await?;
    }
    let mut done = DemoDone { candles, ..DemoDone::default() };
    for person in &PEOPLE {
        done.users += usize::from(ensure(domain, person).await?);
    }
    for (index, person) in PEOPLE.iter().enumerate() {
        let (audience, share) = match person.role {
            Role::Admin | Role::Seller => (Audience::Tenant, 1),
            Role::Trader => (Audience::Private, 4),
            Role::Support | Role::Owner => continue,
        };
        let recording = recording(domain, person).await?;
        let signals = signals::of(domain, index, anchor, audience, share).await?;
        for answer in domain.record_signals_as(&recording, signals).await? {
            match answer?.outcome {
                RecordOutcome::Inserted => done.inserted += 1,
                RecordOutcome::Ignored | RecordOutcome::Updated => done.ignored += 1,
            }
        }
    }
    done.settled = domain.settle_signals_now().await?;
    for person in &PEOPLE {
        let Recording { tenant_id, author_id, .. } = recording(domain, person).await?;
        if let Some(user_id) = author_id {
            // In this order, so that the newest account is the one of the demo's own trades.
            done.challenges += challenges::put(domain, person.email, (tenant_id, user_id), anchor).await?;
            done.trades += trades::put(domain, person.email, (tenant_id, user_id), anchor).await?;
        }
    }
    domain.update_rankings().await?;
    domain.note_top_ten().await?;
    Ok(done)
}

/// Makes a person, unless they are there; tells whether.
async fn ensure(domain: &Domain, person: &Person) -> Result<bool> {
    let tenant = domain.put_tenant(person.tenant, person.tenant).await?;
    if domain.user_by_email(tenant.id, person.email).await?.is_some() {
        return Ok(false);
    }
    let user = NewPerson {
        email: person.email.to_owned(),
        password: DEMO_PASSWORD.into(),
        first_name: person.first_name.to_owned(),
        last_name: person.last_name.to_owned(),
        role: person.role,
    };
    domain.create_user(tenant.id, user).await.map(|_| true)
}

async fn recording(domain: &Domain, person: &Person) -> Result<Recording> {
    let tenant = domain.put_tenant(person.tenant, person.tenant).await?;
    let user = domain.user_by_email(tenant.id, person.email).await?;
    let user = user.ok_or_else(|| Fault::Bug(format!("{} was not made", person.email)))?;
    Ok(Recording { tenant_id: tenant.id, author_id: Some(user.id), origin: SignalOrigin::Seed, may_publish: true })
}
