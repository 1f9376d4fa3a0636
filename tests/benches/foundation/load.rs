//! Two sides of a comparison, taken in turns.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Runs `this` and `that` three times each in turns, and prints the median rates and the ratio of each turn.
pub async fn compare(title: &str, this: impl AsyncFn() -> f64, that: impl AsyncFn() -> f64) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    // The first turn warms caches, plans and connections.
    for turn in 0..4 {
        let (that, this) = (that().await, this().await);
        if turn > 0 {
            bare.push(that);
            ours.push(this);
        }
    }
    let mut ratios: Vec<f64> = ours.iter().zip(&bare).map(|(ours, bare)| ours / bare).collect();
    for figures in [&mut ours, &mut bare, &mut ratios] {
        figures.sort_by(f64::total_cmp);
    }
    println!(
        "  {title:44} {:>9.0}/s  bare {:>9.0}/s  ratio {:.2} ({:.2} to {:.2})",
        ours[1], bare[1], ratios[1], ratios[0], ratios[2]
    );
}

/// How often a second `clients` tasks together do the work, for about so long.
pub async fn rate<F: Future<Output = ()> + Send>(
    clients: usize,
    seconds: f64,
    work: impl Fn(usize) -> F + Clone + Send + 'static,
) -> f64 {
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let work = work.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    work(client).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// How often a second `clients` connections get an answer to the same request. The client does next to nothing, so
/// that what is measured is the server.
pub async fn http_rate(address: SocketAddr, request: String, clients: usize, seconds: f64) -> f64 {
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let request = request.clone();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut done, mut buffer) = (0_u32, Vec::with_capacity(64 * 1024));
                while Instant::now() < end {
                    stream.write_all(request.as_bytes()).await.unwrap();
                    read_answer(&mut stream, &mut buffer).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// Reads one HTTP/1.1 answer with a content-length; it must be a 200 without errors.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut length = None;
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        if length.is_none()
            && let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}\n{}", String::from_utf8_lossy(&buffer[end..]));
            let body: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            length = Some(end + 4 + body);
        }
        if length.is_some_and(|length| buffer.len() >= length) {
            assert!(!buffer.windows(9).any(|nine| nine == b"\"errors\":"), "{}", String::from_utf8_lossy(buffer));
            return;
        }
    }
}

/// An HTTP/1.1 POST of JSON.
pub fn post(path: &str, token: Option<&str>, body: &str) -> String {
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\naccept: application/json\r\n\
         {authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}
