//! Who may do what: the server is asked over HTTP by everybody for everything.
//!
//! [`matrix`] has an expected answer for every root field and every role, and fails when a field has none.
//! [`isolation`] asks for one tenant's objects as the people of another, [`crawl`] does so for every field of the schema,
//! whichever there are ([`walk`]), and [`wall`] with the application's scopes switched off. [`identity`] registers, signs
//! in and out, forges tokens, and reads and manages people. [`forms`] sends the forms of the site and reads them.
//! [`permissions`] holds the schema's words against the domain's. The rest is what they share:
//! [`world`] makes things and asks, [`follow`] subscribes, [`sdl`] reads the exported schema.

mod crawl;
mod follow;
mod forms;
mod identity;
mod isolation;
mod matrix;
mod permissions;
mod sdl;
mod walk;
mod wall;
mod world;
