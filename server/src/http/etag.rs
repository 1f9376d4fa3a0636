//! Entity tags (RFC 9110, 8.8.3): what a client has already is not sent again.

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

/// The tag of these bytes; weak, because they may be sent compressed in several ways.
pub(super) fn of(bytes: &[u8]) -> HeaderValue {
    let tag = format!("W/\"{}\"", hex::encode(&Sha256::digest(bytes)[..8]));
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

/// Whether the client says in If-None-Match that it has what the tag is of.
pub(super) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let (Some(known), Ok(tag)) = (known, tag.to_str()) else { return false };
    known.split(',').map(str::trim).any(|known| known == "*" || known == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_where_it_is_listed() {
        let tag = of(b"a");
        let asked = |known: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, known.parse().unwrap())]);
        let known = tag.to_str().unwrap();
        assert!(is_known(&asked(known), &tag) && is_known(&asked("*"), &tag));
        assert!(is_known(&asked(&format!("W/\"x\", {known}")), &tag));
        assert!(!is_known(&HeaderMap::new(), &tag) && !is_known(&asked("W/\"x\""), &tag));
        assert_ne!(tag, of(b"b"));
    }
}
