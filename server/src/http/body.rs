//! Reading a body: so much, in so much time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

/// How long a body may take to come in.
const READ_WITHIN: Duration = Duration::from_secs(15);
/// How long the rest of a body that is too large is read and thrown away, so that the sender comes to read the answer:
/// a connection that is closed with bytes unread is reset, and the answer with it.
const DISCARD_FOR: Duration = Duration::from_secs(2);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than so many bytes.
    TooLarge(usize),
    /// It took too long.
    TooSlow,
    /// The connection broke, or the body is not what its head announced.
    Broken,
}

impl BodyError {
    /// The status that says so.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// The sentence that says so.
    pub(super) fn message(self) -> String {
        match self {
            Self::TooLarge(most) => format!("the body is too large: at most {most} bytes are read"),
            Self::TooSlow => format!("the body did not come in within {} s", READ_WITHIN.as_secs()),
            Self::Broken => "the body could not be read".to_owned(),
        }
    }
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// When it is too large, too slow or broken off.
pub(super) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    read_within(READ_WITHIN, headers, body, most).await
}

async fn read_within(limit: Duration, headers: &HeaderMap, body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut chunks = body.into_data_stream();
    let read = tokio::time::timeout(limit, read_chunks(headers, &mut chunks, most)).await;
    let read = read.unwrap_or(Err(BodyError::TooSlow));
    if matches!(read, Err(BodyError::TooLarge(_))) {
        let discard = async { while let Some(Ok(_)) = chunks.next().await {} };
        let _ = tokio::time::timeout(DISCARD_FOR, discard).await;
    }
    read
}

async fn read_chunks(headers: &HeaderMap, chunks: &mut BodyDataStream, most: usize) -> Result<Vec<u8>, BodyError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(BodyError::TooLarge(most));
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if bytes.len() + chunk.len() > most {
            return Err(BodyError::TooLarge(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let chunked = || Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>("ab"), Ok("cd")]));
        assert_eq!(read(&HeaderMap::new(), chunked(), 4).await, Ok(b"abcd".to_vec()));
        assert_eq!(read(&HeaderMap::new(), chunked(), 3).await, Err(BodyError::TooLarge(3)));
        let announced = HeaderMap::from_iter([(header::CONTENT_LENGTH, "5".parse().unwrap())]);
        assert_eq!(read(&announced, Body::from("abcde"), 4).await, Err(BodyError::TooLarge(4)));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<&str, std::io::Error>>());
        let read = read_within(Duration::from_millis(5), &HeaderMap::new(), never, 4).await;
        assert_eq!(read, Err(BodyError::TooSlow));
    }
}
