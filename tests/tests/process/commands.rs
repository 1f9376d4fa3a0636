//! The commands, one by one: what they do, and what they say to whoever uses them wrongly.

mod business;
mod configuration;
mod database;
mod help;
mod keys;
mod serve;
