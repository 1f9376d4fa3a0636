//! Reference and demo data, told through use cases, so that it is what a business would have made.

mod assets;
pub mod catalog;
mod challenges;
mod demo;
mod exchanges;
mod signals;
mod trades;

pub use demo::{DEMO_PASSWORD, DemoDone, demo, demo_logins};

use bellwether_domain::{Domain, Result};
use catalog::Catalog;

/// Makes what is sold, the reference exchanges and assets known; repeatable. Returns how many assets there are.
///
/// # Errors
/// When the database does not answer.
pub async fn reference(domain: &Domain) -> Result<usize> {
    offers(domain).await?;
    domain.put_exchanges(&exchanges::all()?).await?;
    domain.put_assets(&assets::all()?).await
}

/// Makes the plans and the tiers of challenges those of the site; repeatable. Returns how many were new, changed or removed.
///
/// # Errors
/// When the database does not answer, or the site's file is wrong.
pub async fn offers(domain: &Domain) -> Result<usize> {
    let catalog = Catalog::built_in()?;
    let plans = domain.put_plans(&catalog.plans).await?;
    let tiers =
        catalog.challenge_tiers.iter().map(|tier| tier.to_new(&catalog.currency)).collect::<Result<Vec<_>>>()?;
    Ok(plans + domain.put_challenge_tiers(&tiers).await?)
}
