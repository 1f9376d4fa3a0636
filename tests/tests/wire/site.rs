//! The static site, as the server shows it: pages at their paths, never anything beside them, and the API first.

use std::fs;

use bellwether_tests::{Backend, TestApp};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};

const HOME: &str = "<!doctype html><title>Home</title>";
const MISSING: &str = "<!doctype html><title>Nothing here</title>";
const MISSING_IN_SPANISH: &str = "<!doctype html><title>Aquí no hay nada</title>";

/// A server before a site of a few files, beside which lies a secret.
struct Shown {
    app: TestApp,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Shown {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        for (path, content) in [
            ("index.html", HOME.to_owned()),
            ("404.html", MISSING.to_owned()),
            ("es/index.html", HOME.to_owned()),
            ("es/404.html", MISSING_IN_SPANISH.to_owned()),
            ("pricing/index.html", "<!doctype html><title>Pricing</title>".repeat(100)),
            ("health/index.html", "a page where an endpoint is".to_owned()),
            ("main.css", "body { margin: 0 }".to_owned()),
            ("chart.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned()),
            ("été.txt", "summer".to_owned()),
            (".hidden", "hidden".to_owned()),
        ] {
            let file = site.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), site.join("link.txt")).unwrap();
        let app = TestApp::start_with(Backend::Sqlite, |config, _| config.site.dir = Some(site)).await.unwrap();
        let http = Client::builder().redirect(Policy::none()).timeout(bellwether_tests::PATIENCE).build().unwrap();
        Self { app, http, _folder: folder }
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.request(method, self.app.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[("accept", "text/html")]).await
    }
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn a_page_says_what_it_is_and_what_it_may_do() {
    let shown = Shown::start().await;
    let home = shown.get("/").await;
    assert_eq!((home.status(), header(&home, "content-type")), (StatusCode::OK, "text/html; charset=utf-8".to_owned()));
    let policy = header(&home, "content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|directive| directive == part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(
        (header(&home, "cache-control"), header(&home, "x-content-type-options")),
        ("no-cache".into(), "nosniff".into())
    );
    assert_eq!(home.text().await.unwrap(), HOME);
    for (path, kind) in [("/main.css", "text/css; charset=utf-8"), ("/chart.svg", "image/svg+xml")] {
        assert_eq!(header(&shown.get(path).await, "content-type"), kind);
    }
    assert_eq!(shown.get("/%C3%A9t%C3%A9.txt").await.text().await.unwrap(), "summer");
    let head = shown.send(Method::HEAD, "/", &[]).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let shown = Shown::start().await;
    let tag = header(&shown.get("/pricing/").await, "etag");
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = shown.send(Method::GET, "/pricing/", &[("if-none-match", &tag)]).await;
    assert_eq!((again.status(), header(&again, "etag")), (StatusCode::NOT_MODIFIED, tag));
    // The browser takes its headers over: another policy would close the page to its own style.
    let policy = header(&shown.get("/pricing/").await, "content-security-policy");
    assert_eq!(header(&again, "content-security-policy"), policy);
    assert_eq!(header(&shown.get("/main.css?h=0123").await, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&shown.get("/main.css").await, "cache-control"), "no-cache");
    assert_eq!(header(&shown.get("/?h=0123").await, "cache-control"), "no-cache", "a page has no content in its name");
}

#[tokio::test]
async fn pages_are_sent_compressed_to_who_can_read_that() {
    let shown = Shown::start().await;
    for encoding in ["br", "gzip"] {
        let sent = shown.send(Method::GET, "/pricing/", &[("accept-encoding", encoding)]).await;
        assert_eq!(header(&sent, "content-encoding"), encoding);
        assert!(header(&sent, "vary").to_lowercase().contains("accept-encoding"));
        assert!(sent.bytes().await.unwrap().len() < 1_000);
    }
}

#[tokio::test]
async fn a_folder_is_told_by_its_slash() {
    let shown = Shown::start().await;
    let moved = shown.get("/pricing?interval=yearly").await;
    assert_eq!(moved.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(header(&moved, "location"), "/pricing/?interval=yearly");
    let elsewhere = shown.get("//evil.example/pricing").await;
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn endpoints_come_before_pages() {
    let shown = Shown::start().await;
    let health = shown.get("/health").await;
    assert_eq!(header(&health, "content-type"), "application/json");
    assert_eq!(shown.get("/health/").await.text().await.unwrap(), "a page where an endpoint is");
    assert_eq!(
        shown.app.anonymous().data("{ viewer { role } }", serde_json::json!({})).await["viewer"],
        serde_json::Value::Null
    );
}

#[tokio::test]
async fn nothing_beside_the_site_is_shown() {
    let shown = Shown::start().await;
    for path in [
        "/secret.txt",
        "/link.txt",
        "/.hidden",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/pricing/../../secret.txt",
        "/pricing/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/main.css/",
        "/main.css%00",
        "/index.html/..",
        "//secret.txt",
        "/%",
        "/%ff",
    ] {
        let answer = shown.get(path).await;
        // A client may have put the path straight, and then it names what is there.
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(!text.contains("secret") && !text.contains("hidden"), "{path}: {status} {text}");
        assert!(status == StatusCode::NOT_FOUND || text == HOME, "{path}: {status} {text}");
    }
}

#[tokio::test]
async fn people_are_told_on_a_page_and_programs_in_json() {
    let shown = Shown::start().await;
    let page = shown.get("/nowhere").await;
    assert_eq!(
        (page.status(), header(&page, "content-type")),
        (StatusCode::NOT_FOUND, "text/html; charset=utf-8".to_owned())
    );
    assert_eq!(page.text().await.unwrap(), MISSING);
    for (method, accept) in
        [(Method::GET, "application/json"), (Method::POST, "text/html"), (Method::DELETE, "text/html")]
    {
        let answer = shown.send(method.clone(), "/nowhere", &[("accept", accept)]).await;
        assert_eq!(
            (answer.status(), header(&answer, "content-type")),
            (StatusCode::NOT_FOUND, "application/json; charset=utf-8".to_owned())
        );
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "NOT_FOUND", "{method} {body}");
    }
}

#[tokio::test]
async fn a_folder_that_holds_no_site_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let refused = bellwether::http::Site::read(folder.path()).unwrap_err();
    assert!(format!("{refused:#}").contains("index.html"), "{refused:#}");
    let refused = bellwether::http::Site::read(&folder.path().join("nowhere")).unwrap_err();
    assert!(format!("{refused:#}").contains("nowhere"), "{refused:#}");
}

#[tokio::test]
async fn what_is_missing_is_told_by_the_nearest_page() {
    let shown = Shown::start().await;
    for path in ["/es/nowhere", "/es/nowhere/", "/es/pricing/nowhere", "/es/a/b/c"] {
        let page = shown.get(path).await;
        assert_eq!(page.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.text().await.unwrap(), MISSING_IN_SPANISH, "{path}");
    }
    for path in ["/escape", "/pricing/es/nowhere", "/nowhere/es"] {
        assert_eq!(shown.get(path).await.text().await.unwrap(), MISSING, "{path}");
    }
}
