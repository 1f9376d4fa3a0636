//! The forms of the site: the waitlist and contact messages.

mod mutations;
mod queries;
mod types;

pub(crate) use mutations::SiteMutation;
pub(crate) use queries::SiteQuery;
pub(crate) use types::{ContactMessage, WaitlistEntry};
