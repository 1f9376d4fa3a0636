//! The static site, where there is one: everything that is no endpoint.
//!
//! The folder is read once, at start, into a table by path. No request ever opens a file, so nothing outside the folder
//! can be reached by any spelling of a path.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::etag;

/// What a page may do: run, show and ask only what comes from here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// To be asked for again each time, which costs a few bytes where nothing has changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// For what is named by its content: its address changes when it does.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The largest site in bytes, and its deepest folder: more is a mistaken folder, not a site.
const LARGEST: usize = 64 << 20;
const DEEPEST: usize = 16;

const HTML: &str = "text/html; charset=utf-8";
const NOT_FOUND: &str = "404.html";

/// The static site, in memory. Cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<HashMap<String, File>>);

struct File {
    content_type: &'static str,
    tag: HeaderValue,
    bytes: Bytes,
}

impl Site {
    /// Reads a folder that Zola has built. Symbolic links are left out, and hidden files but `.well-known`.
    ///
    /// # Errors
    /// When the folder cannot be read, has no index.html, or is larger than any site.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut files = HashMap::new();
        read_folder(folder, "", &mut files)
            .with_context(|| format!("the site in {} cannot be read", folder.display()))?;
        if !files.contains_key("index.html") {
            bail!("{} holds no index.html: build the site with site/build, or mend site.dir", folder.display());
        }
        Ok(Self(Arc::new(files)))
    }

    /// The answer to a request that no endpoint takes; none where it does not ask for a page.
    pub(super) fn answer(&self, request: &Request) -> Option<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let path = decoded(request.uri().path())?;
        let path = path.strip_prefix('/')?;
        let name = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
        if let Some(file) = self.0.get(&name) {
            return Some(file.send(request.headers(), cache(request.uri(), file)));
        }
        if self.0.contains_key(&format!("{path}/index.html")) {
            return Some(to_folder(request.uri()));
        }
        let page = Some(path).filter(|_| wants_page(request.headers())).and_then(|path| self.missing(path))?;
        let mut response = page.send(&HeaderMap::new(), REVALIDATE);
        *response.status_mut() = StatusCode::NOT_FOUND;
        Some(response)
    }

    /// The page that says that there is none: that of the nearest folder which has one, so that it speaks the language of the
    /// pages around it.
    fn missing(&self, path: &str) -> Option<&File> {
        // No folder lies deeper, and whoever asks may write as many slashes as a request holds.
        let folders: Vec<_> = path.match_indices('/').take(DEEPEST).map(|(slash, _)| &path[..=slash]).collect();
        folders.into_iter().rev().chain([""]).find_map(|folder| self.0.get(&format!("{folder}{NOT_FOUND}")))
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({} files)", self.0.len())
    }
}

impl File {
    fn send(&self, asked: &HeaderMap, cache: HeaderValue) -> Response {
        // A 304 has the same headers: a browser takes them over into the page that it kept.
        let mut response = if etag::is_known(asked, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.bytes.clone().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag.clone());
        headers.insert(header::CACHE_CONTROL, cache);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.content_type == HTML {
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        }
        response
    }
}

/// How long a client may keep it: what Zola has named by its content (`?h=…`) for ever.
fn cache(uri: &Uri, file: &File) -> HeaderValue {
    let is_named_by_content = uri.query().is_some_and(|query| query.starts_with("h=")) && file.content_type != HTML;
    if is_named_by_content { FOR_EVER } else { REVALIDATE }
}

/// To the same address with a slash at its end.
fn to_folder(uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // From the root with one slash, so that no path can name another host.
    let to = format!("/{}/{query}", uri.path().trim_start_matches('/'));
    match HeaderValue::from_str(&to) {
        Ok(to) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whether it is a person's browser that asks, and not a program for an endpoint.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The path without percent-encoding; none where that is no text.
fn decoded(path: &str) -> Option<String> {
    if !path.contains('%') {
        return Some(path.to_owned());
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn read_folder(folder: &Path, prefix: &str, files: &mut HashMap<String, File>) -> anyhow::Result<()> {
    if prefix.matches('/').count() > DEEPEST {
        bail!("{prefix} is deeper than any site");
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if (name.starts_with('.') && name != ".well-known") || kind.is_symlink() {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            let read: usize = files.values().map(|file| file.bytes.len()).sum();
            let size = usize::try_from(entry.metadata()?.len()).unwrap_or(usize::MAX);
            if read.saturating_add(size) > LARGEST {
                bail!("it holds more than {} MiB, which no site does", LARGEST >> 20);
            }
            let bytes = Bytes::from(std::fs::read(entry.path()).with_context(|| path.clone())?);
            files.insert(path, File { content_type: content_type(&name), tag: etag::of(&bytes), bytes });
        }
    }
    Ok(())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => HTML,
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("avif") => "image/avif",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("xml") => "application/xml",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_or_refused() {
        assert_eq!(decoded("/a%20b/%C3%A9").as_deref(), Some("/a b/é"));
        for wrong in ["/%", "/%4", "/%zz", "/%ff", "/%+1"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_redirect_stays_here() {
        let to = |uri: &'static str| to_folder(&Uri::from_static(uri)).headers()[header::LOCATION].clone();
        assert_eq!(to("/pricing?a=b"), "/pricing/?a=b");
        assert_eq!(to("//evil.example/x"), "/evil.example/x/");
    }
}
