//! Challenges over the wire: from the grant to the certificate, and everything that is refused on the way.

mod evidence;
mod following;
mod lists;
mod path;
mod steering;
pub(crate) mod support;
