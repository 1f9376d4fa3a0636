//! The `bellwether` command as a person and an operator meet it: real processes, real signals, real crashes.

mod binary;
mod cluster;
mod commands;
mod demo;
mod faults;
mod import;
mod mail;
mod market;
mod place;
mod secrets;
mod server;
mod words;
