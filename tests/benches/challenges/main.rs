//! Judging challenges beside bare SQL.
//!
//! `cargo bench -p bellwether-tests --bench challenges [-- sqlite|postgres] [--challenges N]`: so many running challenges with
//! an open trade each, 100,000 where nothing is said, held against a batch of quotes that changes nothing of them, beside
//! one query that finds who is below their floor and beside reading the same rows; against one that raises everybody's peak,
//! beside reading and writing as much in bare SQL, in pages as large; and one challenge's evidence of 1,000 rows judged
//! again, beside hashing it.

mod bare;
mod data;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bellwether_domain::challenges::{Challenge, Which};
use bellwether_tests::{Backend, TestDomain};

/// Turns of ours and of bare SQL, one after the other.
const TURNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let count = arguments.iter().position(|argument| argument == "--challenges");
    let count = count.and_then(|at| arguments.get(at + 1)).map_or(100_000, |count| count.parse().unwrap());
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        let is_named = ["sqlite", "postgres"].iter().any(|known| arguments.iter().any(|a| a == known));
        if !is_named || arguments.iter().any(|argument| argument == name) {
            runtime.block_on(measure(name, backend, count));
        }
    }
}

async fn measure(name: &str, backend: Backend, count: u64) {
    let Some(app) = TestDomain::start(backend).await else {
        println!("{name}: not on this machine");
        return;
    };
    println!("\n{name}, {count} running challenges, {} cores", std::thread::available_parallelism().unwrap());
    let first = data::many(&app, count).await;
    let mut price = 1_000_u32;
    let (mut ours, mut query, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let assets: Vec<_> = data::quote(&app, "999").await.iter().map(|quote| quote.asset_id).collect();
        ours.push(
            timed(async {
                let judged = app.domain.judge_challenges(Which::Holding(&assets)).await;
                assert_eq!((judged.moved, judged.failed, judged.waiting), (0, 0, 0));
            })
            .await,
        );
        query.push(timed(async { assert_eq!(bare::below_floor(&app, "999").await, 0) }).await);
        rows.push(timed(async { assert_eq!(bare::read(&app).await, 2 * count) }).await);
    }
    let (ours, query, rows) = (median(&mut ours), median(&mut query), median(&mut rows));
    println!("  a batch that changes nothing: {ours:.2} s; one query {query:.2} s, {:.1} times;", ours / query);
    println!("    reading the same rows {rows:.2} s, {:.1} times", ours / rows);

    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        price += 5;
        ours.push(raise(&app, price, count).await);
        plain.push(timed(bare::advance(&app)).await);
        bare::forget(&app).await;
    }
    let (ours, plain) = (median(&mut ours), median(&mut plain));
    println!("  one that raises every peak: {ours:.2} s, {:.0} a second;", rate(count, ours));
    println!("    reading and writing as much {plain:.2} s, {:.1} times", ours / plain);
    println!(
        "    somebody else who wrote meanwhile waited at most {:.0} ms",
        others_wait(&app, price + 5, count).await
    );
    evidence(&app, &first).await;
    println!("  the process has taken at most {} MB", highest_memory());
}

/// Raises every peak, and tells how long judging that took.
async fn raise(app: &TestDomain, price: u32, count: u64) -> f64 {
    let assets: Vec<_> = data::quote(app, &price.to_string()).await.iter().map(|quote| quote.asset_id).collect();
    timed(async {
        let judged = app.domain.judge_challenges(Which::Holding(&assets)).await;
        assert_eq!((judged.moved, judged.failed, judged.waiting), (count, 0, 0));
    })
    .await
}

/// Raises every peak, and tells how many milliseconds somebody waited at most who wrote a row again and again meanwhile.
async fn others_wait(app: &TestDomain, price: u32, count: u64) -> f64 {
    let is_over = Arc::new(AtomicBool::new(false));
    let (domain, over) = (app.domain.clone(), Arc::clone(&is_over));
    let other = tokio::spawn(async move {
        let mut longest = 0.0_f64;
        while !over.load(Ordering::Relaxed) {
            longest = longest.max(timed(bare::touch(&domain)).await);
        }
        longest * 1_000.0
    });
    raise(app, price, count).await;
    is_over.store(true, Ordering::Relaxed);
    other.await.unwrap()
}

/// One challenge's evidence judged again, beside reading and hashing its rows.
async fn evidence(app: &TestDomain, challenge: &Challenge) {
    let challenge = data::long_chain(app, challenge, 1_000).await;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        ours.push(
            timed(async {
                let proof = app.domain.prove_evidence(&challenge).await.unwrap();
                assert!(proof.is_valid() && proof.rows >= 1_000, "{proof:?}");
            })
            .await,
        );
        plain.push(timed(async { assert!(bare::hash(app, &challenge).await >= 1_000) }).await);
    }
    let (ours, plain) = (median(&mut ours) * 1_000.0, median(&mut plain) * 1_000.0);
    println!(
        "  1,000 rows of evidence judged again: {ours:.1} ms; read and hashed {plain:.1} ms, {:.1} times",
        ours / plain
    );
}

async fn timed(work: impl Future<Output = ()>) -> f64 {
    let start = Instant::now();
    work.await;
    start.elapsed().as_secs_f64()
}

fn rate(count: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let count = count as f64;
    count / seconds
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The most memory that the process ever had, in megabytes.
fn highest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) / 1_024
}
