use bellwether_domain::market::NewQuote;
use chrono_tz::Tz;
use serde_json::{Value, json};
use wiremock::matchers::{headers, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::testing::{HURRIED, at, clock, listing};

fn attijari() -> Listing {
    listing(SourceName::Casablanca, "ATW", "MAD", Tz::Africa__Casablanca)
}

fn exchange(server: &MockServer) -> Casablanca {
    Casablanca::with_manners(&server.uri(), TimeDelta::seconds(300), None, clock(), HURRIED).unwrap()
}

/// The page of all shares, as far as it matters.
fn page(shares: Value) -> ResponseTemplate {
    let settings = json!({"path": {"baseUrl": "/"}, "live_market": {
        "actions": shares, "session": {"status": "open", "timestamp": 1_795_186_500}}});
    let html = format!(
        "<!DOCTYPE html><html><head><title>Actions</title></head><body><table></table>\
         <script type=\"application/json\" data-drupal-selector=\"drupal-settings-json\">{settings}</script></body></html>"
    );
    ResponseTemplate::new(200).set_body_raw(html, "text/html; charset=UTF-8")
}

fn share(symbol: &str, rest: Value) -> Value {
    let mut share = json!({"symbol": symbol, "emetteur": {"fr": "X"}, "statut": {"fr": "T"},
        "dernierCours": 540.5, "reference": "538,00", "ouverture": 539, "plusHaut": 541, "plusBas": 538,
        "achat": {"prix": "540,10", "quantite": 5}, "vente": {"prix": 540.9, "quantite": 7}});
    for (key, value) in rest.as_object().unwrap() {
        share[key] = value.clone();
    }
    share
}

async fn quote(response: ResponseTemplate) -> Result<NewQuote, SourceError> {
    let server = MockServer::start().await;
    Mock::given(path("/live-market/actions"))
        .and(headers("accept-language", vec!["fr-FR", "fr;q=0.9"]))
        .respond_with(response)
        .mount(&server)
        .await;
    exchange(&server).quotes(&[attijari()]).await.remove(0).1
}

#[tokio::test]
async fn one_page_has_the_prices_of_all_shares() {
    let server = MockServer::start().await;
    let shares = json!([share("IAM", json!({"dernierCours": "1\u{a0}092,40"})), share("ATW", json!({}))]);
    Mock::given(method("GET")).respond_with(page(shares)).expect(1).mount(&server).await;
    let telecom = listing(SourceName::Casablanca, "IAM", "MAD", Tz::Africa__Casablanca);
    let unknown = listing(SourceName::Casablanca, "NOPE", "MAD", Tz::Africa__Casablanca);
    let answers = exchange(&server).quotes(&[attijari(), telecom, unknown]).await;
    let quote = answers[0].1.clone().unwrap();
    assert_eq!((quote.price.to_string(), quote.previous_close.unwrap().to_string()), ("540.5".into(), "538".into()));
    assert_eq!((quote.bid.unwrap().to_string(), quote.ask.unwrap().to_string()), ("540.1".into(), "540.9".into()));
    assert_eq!(quote.exchange_time, at("2026-11-20T14:55:00Z"));
    assert_eq!(answers[1].1.clone().unwrap().price.to_string(), "1092.4", "with a space that does not break");
    assert_eq!(answers[2].1, Err(SourceError::Unknown));
}

#[tokio::test]
async fn a_share_that_did_not_trade_costs_what_it_did() {
    let none = json!({"dernierCours": "-", "achat": {"prix": null}, "vente": {"prix": "—"}});
    let quote = quote(page(json!([share("ATW", none)]))).await.unwrap();
    assert_eq!((quote.price.to_string(), quote.bid, quote.ask), ("538".to_owned(), None, None));
}

#[tokio::test]
async fn another_page_is_not_believed() {
    for response in [
        ResponseTemplate::new(200).set_body_raw("<html><body>Maintenance</body></html>", "text/html"),
        page(json!([])),
        ResponseTemplate::new(200).set_body_raw(
            "<script data-drupal-selector=\"drupal-settings-json\">{\"live_market\": 5}</script>",
            "text/html",
        ),
    ] {
        assert!(matches!(quote(response).await, Err(SourceError::Unexpected(_))));
    }
    assert_eq!(quote(ResponseTemplate::new(403)).await, Err(SourceError::Status(403)));
}

#[tokio::test]
async fn a_day_is_the_one_it_names_and_not_the_one_of_its_stamp() {
    let server = MockServer::start().await;
    let body = json!({"totalCount": 3, "items": [
        // 27 August 23:00 UTC: midnight of the 28th in Casablanca.
        {"seance": "28/08/2026", "timestamp": 1_787_871_600_000_i64, "symbol": "ATW", "libelle": {"fr": "X"},
         "ouverture": 540, "plusHaut": "541,5", "plusBas": 538, "dernierCours": 541, "titresEchanges": "12 300"},
        {"seance": "27/08/2026", "symbol": "ATW", "ouverture": null, "plusHaut": null, "plusBas": null,
         "dernierCours": 540, "titresEchanges": 0},
        {"seance": "26/08/2026", "symbol": "ATW", "ouverture": 540, "plusHaut": 530, "plusBas": 538,
         "dernierCours": 541, "titresEchanges": 5},
    ]});
    Mock::given(path("/api/boursenova/stock-historical"))
        .and(query_param("instrument", "ATW"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .expect(3)
        .mount(&server)
        .await;
    let request =
        CandleRequest { timeframe: Timeframe::D1, from: at("2024-11-20T00:00:00Z"), until: at("2026-11-20T00:00:00Z") };
    let tidied = exchange(&server).candles(&attijari(), request).await.unwrap();
    assert_eq!(tidied.candles.len(), 1, "a day without trades is a gap; the three windows answered the same");
    assert_eq!(tidied.candles[0].open_time, at("2026-08-28T00:00:00Z"));
    assert_eq!(tidied.candles[0].volume.to_string(), "12300");
    assert_eq!(tidied.refused, 3);
}

#[tokio::test]
async fn days_of_another_share_are_not_believed() {
    let server = MockServer::start().await;
    let body = json!({"items": [{"seance": "28/08/2026", "symbol": "IAM", "ouverture": 1, "plusHaut": 1, "plusBas": 1,
        "dernierCours": 1, "titresEchanges": 1}]});
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    let request =
        CandleRequest { timeframe: Timeframe::D1, from: at("2026-08-01T00:00:00Z"), until: at("2026-09-01T00:00:00Z") };
    assert!(matches!(exchange(&server).candles(&attijari(), request).await, Err(SourceError::Unexpected(_))));
}

mod tls {
    //! A server that sends its own certificate alone.

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;

    use super::*;

    fn authority(name: &str) -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        (params, KeyPair::generate().unwrap())
    }

    #[tokio::test]
    async fn with_its_intermediate_certificate_it_is_verified_and_without_it_is_not() {
        let (root, key) = authority("Root");
        let root = CertifiedIssuer::self_signed(root, key).unwrap();
        let (middle, key) = authority("Intermediate");
        let middle = CertifiedIssuer::signed_by(middle, key, &root).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &middle).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = [0; 2_048];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        let ask = async |authority: Option<&[u8]>| {
            let interval = TimeDelta::seconds(300);
            let source = Casablanca::with_manners(&base, interval, authority, clock(), HURRIED).unwrap();
            source.quotes(&[attijari()]).await.remove(0).1
        };
        assert!(matches!(ask(None).await, Err(SourceError::Unreachable(_))));
        let pem = middle.pem();
        assert_eq!(ask(Some(pem.as_bytes())).await, Err(SourceError::Status(403)), "TLS is up: HTTP answered");
    }
}
