//! Which run of the tests this is: cargo, or nextest, starts many processes for one.

use std::fs;
use std::os::unix::process::parent_id;

/// A name for the process that runs the tests: its number, and when it was started, for numbers come again.
pub fn run_id() -> String {
    let parent = parent_id();
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).unwrap();
    // The name, in brackets, may hold anything; the start is the 20th field behind it (man 5 proc).
    let started = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().to_owned();
    format!("{parent}-{started}")
}
