//! Whose pages may open a socket: CORS does not cover WebSockets, so the Origin is checked here.

use axum::http::{HeaderMap, header};

/// Whether a request with these headers may open a socket. Only browsers send an Origin, and they always do.
pub(super) fn may_open_socket(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let is_own = || headers.get(header::HOST).is_some_and(|host| host.to_str().is_ok_and(|host| is_of(origin, host)));
    allowed.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin)) || is_own()
}

/// Whether a page of this origin came from this host.
fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(origin: Option<&str>, allowed: &[&str]) -> bool {
        let mut headers = HeaderMap::from_iter([(header::HOST, "api.example.com:443".parse().unwrap())]);
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        may_open_socket(&headers, &allowed.iter().map(|&origin| origin.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn own_pages_and_programs_may() {
        assert!(may(None, &[]));
        assert!(may(Some("https://api.example.com"), &[]));
        assert!(may(Some("https://API.example.com:443"), &[]));
    }

    #[test]
    fn pages_of_others_must_be_allowed() {
        for foreign in [
            "https://evil.example",
            "https://api.example.com.evil.example",
            "https://api.example.com:8443",
            "http://api.example.com",
            "null",
            "",
        ] {
            assert!(!may(Some(foreign), &[]), "{foreign}");
            assert!(may(Some(foreign), &["*"]), "{foreign}");
        }
        assert!(may(Some("https://app.example.com"), &["https://app.example.com"]));
        assert!(!may(Some("https://app.example.com"), &["https://app.example.org"]));
    }
}
