//! Reference and demo data, told through use cases, so that it is what a business would have made.

mod assets;
pub mod catalog;
mod demo;
mod exchanges;
mod signals;
mod trades;

pub use demo::{DEMO_PASSWORD, DemoDone, demo, demo_logins};

use bellwether_domain::{Domain, Result};
use catalog::Catalog;

/// Makes the plans, the reference exchanges and assets known; repeatable. Returns how many assets there are.
///
/// # Errors
/// When the database does not answer.
pub async fn reference(domain: &Domain) -> Result<usize> {
    plans(domain).await?;
    domain.put_exchanges(&exchanges::all()?).await?;
    domain.put_assets(&assets::all()?).await
}

/// Makes the plans those of the site; repeatable. Returns how many were new, changed or removed.
///
/// # Errors
/// When the database does not answer, or the site's file is wrong.
pub async fn plans(domain: &Domain) -> Result<usize> {
    domain.put_plans(&Catalog::built_in()?.plans).await
}
