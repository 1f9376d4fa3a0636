//! What signing in tells by its time, and what it costs everybody else.
//!
//! `cargo bench -p bellwether-tests --bench identity [-- sqlite|postgres] [--samples N]`: medians of refused logins and
//! of asked-for resets, for emails that have an account and that have none, taken in turns; and the 99th percentile of a
//! cheap query, alone and while fifty clients sign in without a pause. Passwords cost what they cost by default.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bellwether_domain::identity::PasswordCost;
use bellwether_domain::permission::Role;
use bellwether_tests::app::{PASSWORD, email};
use bellwether_tests::{Backend, Client, TestApp};
use serde_json::{Value, json};

const LOGIN: &str = "mutation ($email: String!, $password: String!) {
    login(input: {email: $email, password: $password}) { session { accessToken } userErrors { code } } }";
const RESET: &str =
    "mutation ($email: String!) { requestPasswordReset(input: {email: $email}) { userErrors { code } } }";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let samples = arguments.iter().position(|argument| argument == "--samples");
    let samples = samples.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(300);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (name, backend) in [("sqlite", Backend::Sqlite), ("postgres", Backend::Postgres)] {
        let is_named = ["sqlite", "postgres"].iter().any(|known| arguments.iter().any(|a| a == known));
        if !is_named || arguments.iter().any(|argument| argument == name) {
            runtime.block_on(measure(name, backend, samples));
        }
    }
}

async fn measure(name: &str, backend: Backend, samples: usize) {
    let real_passwords = |_: &mut _, domain: &mut bellwether_domain::DomainConfig| {
        domain.password_cost = PasswordCost::default();
    };
    let Some(app) = TestApp::start_with(backend, real_passwords).await else {
        println!("{name}: not on this machine");
        return;
    };
    println!("\n{name}, {samples} samples each, {} cores", std::thread::available_parallelism().unwrap());
    let wrong = |email: String| json!({"email": email, "password": "Wr0ng-Passw0rd!"});
    let known = email("a", Role::Trader);
    let strangers = AtomicU64::new(0);
    let stranger = || format!("nobody{:06}@a.test", strangers.fetch_add(1, Ordering::Relaxed));
    compare("a refused login", &app, samples, LOGIN, || wrong(known.clone()), || wrong(stranger())).await;
    let asked = |email: String| json!({ "email": email });
    compare("a reset asked for", &app, samples, RESET, || asked(known.clone()), || asked(stranger())).await;
    beside_logins(&app).await;
}

/// The medians of two kinds of variables for one operation, taken in turns.
async fn compare(
    title: &str,
    app: &TestApp,
    samples: usize,
    query: &str,
    known: impl Fn() -> Value,
    unknown: impl Fn() -> Value,
) {
    let client = app.anonymous();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for sample in 0..samples + 20 {
        let mut pair = [(&mut with, known()), (&mut without, unknown())];
        // Whose turn is first changes: the worker threads take turns too, and are not equally quick.
        if sample % 2 == 1 {
            pair.reverse();
        }
        for (times, variables) in pair {
            let start = Instant::now();
            client.data(query, variables).await;
            // The first few warm connections and caches.
            if sample >= 20 {
                times.push(start.elapsed());
            }
        }
    }
    let (known, unknown) = (percentile(&mut with, 0.5), percentile(&mut without, 0.5));
    let gap = (known.as_secs_f64() / unknown.as_secs_f64() - 1.0) * 100.0;
    println!("  {title:24} median: known {known:>10.1?}  unknown {unknown:>10.1?}  gap {gap:+.1} %");
}

/// How long a cheap query takes alone, and while fifty clients sign in.
async fn beside_logins(app: &TestApp) {
    let client = app.sign_in("a", Role::Admin).await;
    let mut alone = viewer_times(&client).await;
    let stop = Arc::new(AtomicBool::new(false));
    let logins: Vec<_> = (0..50)
        .map(|_| {
            let (client, stop) = (app.anonymous(), Arc::clone(&stop));
            tokio::spawn(async move {
                let input = json!({"email": email("a", Role::Trader), "password": PASSWORD});
                let mut done = 0_u32;
                while !stop.load(Ordering::Relaxed) {
                    client.data(LOGIN, input.clone()).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    let mut beside = viewer_times(&client).await;
    stop.store(true, Ordering::Relaxed);
    let mut done = 0;
    for login in logins {
        done += login.await.unwrap();
    }
    let rate = f64::from(done) / (start.elapsed().as_secs_f64() + 0.5);
    for p in [0.5, 0.99] {
        let (alone, beside) = (percentile(&mut alone, p), percentile(&mut beside, p));
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        println!(
            "  viewer, {:>2.0}th percentile: alone {alone:>10.1?}  beside 50 logins {beside:>10.1?}  {ratio:.1} times",
            p * 100.0
        );
    }
    println!("  logins meanwhile: {rate:.0} a second");
}

/// The times of a thousand queries for the viewer, 5 ms apart.
async fn viewer_times(client: &Client) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let start = Instant::now();
        client.data("{ viewer { role } }", json!({})).await;
        times.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times
}

fn percentile(times: &mut [Duration], p: f64) -> Duration {
    times.sort();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = ((times.len() - 1) as f64 * p).round() as usize;
    times[index]
}
