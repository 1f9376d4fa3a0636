//! The speed of the foundation with a million signals, on both databases, each beside the same work in hand-written
//! SQL through sqlx in the same process. The figure is the ratio: this and that share the machine and its noise.
//!
//! `cargo bench -p bellwether-tests --bench foundation [-- sqlite|postgres|process] [page|write] [--signals N] [--seconds N]`

mod data;
mod load;
mod page;
mod process;
mod raw;
mod write;

use std::sync::Arc;

use bellwether_tests::Backend;

/// The server's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and for how long.
pub struct Plan {
    /// Signals in the table.
    pub signals: u32,
    /// Seconds that each side of a comparison runs for, three times.
    pub seconds: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, usual: f64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(usual)
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count from the command line")]
    let plan = Plan { signals: number("--signals", 1_000_000.0) as u32, seconds: number("--seconds", 3.0) };
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let wanted = |name: &str, others: &[&str]| named(name) || !others.iter().any(|other| named(other));
    let places = ["sqlite", "postgres", "process"];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        if wanted(name, &places) {
            let Some(bench) = runtime.block_on(data::Bench::start(backend, plan.signals)).map(Arc::new) else {
                println!("{name}: not on this machine");
                continue;
            };
            println!("\n{name}, {} signals, {} cores", plan.signals, std::thread::available_parallelism().unwrap());
            let parts = ["page", "write"];
            if wanted("page", &parts) {
                runtime.block_on(page::measure(&bench, &plan));
            }
            if wanted("write", &parts) {
                runtime.block_on(write::measure(&bench, &plan));
            }
        }
    }
    if wanted("process", &places) {
        runtime.block_on(process::measure());
    }
}
