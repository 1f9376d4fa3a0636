//! What the server takes from the wire and what it answers, on both databases: HTTP, sockets, event streams, webhooks.
//!
//! Everything goes through a real server on a free port; nothing here calls a handler.

mod challenges;
mod following;
mod guard;
mod headers;
mod hooks;
mod inputs;
mod introspection;
mod machines;
mod mail;
mod market;
mod plans;
mod ranking;
mod refusals;
mod requests;
mod site;
mod socket;
mod sse;
mod support;
