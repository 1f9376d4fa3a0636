//! Reference and demo data, told through use cases, so that it is what a business would have made.

mod assets;
mod demo;
mod exchanges;
mod signals;
mod trades;

pub use demo::{DEMO_PASSWORD, DemoDone, demo, demo_logins};

use bellwether_domain::{Domain, Result};

/// Makes the reference exchanges and assets known; repeatable. Returns how many assets there are.
///
/// # Errors
/// When the database does not answer.
pub async fn reference(domain: &Domain) -> Result<usize> {
    domain.put_exchanges(&exchanges::all()?).await?;
    domain.put_assets(&assets::all()?).await
}
