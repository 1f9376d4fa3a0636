//! The speed of the foundation with a million signals, on both databases, each beside the same work in hand-written
//! SQL through sqlx in the same process. The figure is the ratio: this and that share the machine and its noise.
//!
//! `cargo bench -p bellwether-tests --bench foundation [-- sqlite|postgres] [--signals N] [--seconds N]`

mod data;
mod load;
mod page;
mod process;
mod raw;
mod write;

use bellwether_tests::Backend;

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
    let wanted = |name: &str| {
        let named = ["sqlite", "postgres", "process"].iter().any(|known| arguments.iter().any(|a| a == known));
        !named || arguments.iter().any(|argument| argument == name)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        if wanted(name) {
            runtime.block_on(measure(name, backend, &plan));
        }
    }
    if wanted("process") {
        runtime.block_on(process::measure());
    }
}

async fn measure(name: &str, backend: Backend, plan: &Plan) {
    let Some(bench) = data::Bench::start(backend, plan.signals).await.map(std::sync::Arc::new) else {
        println!("{name}: not on this machine");
        return;
    };
    println!("\n{name}, {} signals, {} cores", plan.signals, std::thread::available_parallelism().unwrap());
    page::measure(&bench, plan).await;
    write::measure(&bench, plan).await;
}
