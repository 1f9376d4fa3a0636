//! The `bellwether` command as a person and an operator meet it: real processes, real signals, real crashes.

mod backup;
mod binary;
mod cluster;
mod commands;
mod demo;
mod deploy;
mod faults;
mod import;
mod log;
mod mail;
mod market;
mod model;
mod place;
mod secrets;
mod server;
mod shown;
mod small_disk;
mod words;
