//! Backups: the whole business in one file, from either database and into either.
//!
//! A backup is read in one snapshot while everything goes on, row by row, in a form that is the same for SQLite and
//! PostgreSQL ([`lines`]), into one archive ([`archive`]) that ends with a manifest of what is in it. Before it counts
//! it is restored into a scratch database and read again from there ([`scratch`]): each table must have the rows and the
//! hash that were read from the original. Only then does it get its name at the place where backups are kept
//! ([`place`]), and only then are older ones taken away ([`retention`]).
//!
//! ```text
//!  database ─ snapshot ─► lines ─► archive ─► lines ─► scratch database ─► lines ─► the same? ─► place
//!                                  archive ─► lines ─► another database            (restore)
//! ```

mod archive;
mod catalog;
mod lines;
mod load;
mod make;
mod manifest;
mod name;
mod place;
mod progress;
mod restore;
mod retention;
mod scratch;
mod snapshot;
mod tally;
mod workshop;

pub(crate) use make::ArchiveKeeper;
pub(crate) use place::Location;
pub(crate) use progress::Progress;
pub(crate) use restore::{prove, restore};
pub(crate) use retention::Keep;
