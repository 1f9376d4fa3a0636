use bellwether_domain::market::{BreakerState, NewQuote};
use chrono_tz::Tz;
use serde_json::{Value, json};
use wiremock::matchers::{header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::testing::{HURRIED, at, clock, listing};

fn apple() -> Listing {
    listing(SourceName::Yahoo, "AAPL", "USD", Tz::America__New_York)
}

async fn yahoo(server: &MockServer) -> Yahoo {
    Yahoo::with_manners(&server.uri(), TimeDelta::seconds(60), clock(), HURRIED).unwrap()
}

/// A chart as it is sent.
fn chart(meta: Value, rest: Value) -> Value {
    let mut result = json!({"meta": {
        "currency": "USD", "symbol": "AAPL", "exchangeName": "NMS", "instrumentType": "EQUITY",
        "regularMarketTime": 1_795_186_800, "gmtoffset": -18_000, "timezone": "EST",
        "exchangeTimezoneName": "America/New_York", "regularMarketPrice": 189.509_994_506_835_94,
        "chartPreviousClose": 150.0, "previousClose": 188.25, "priceHint": 2,
        "dataGranularity": "1d", "range": "1d",
    }});
    for (into, from) in [(&mut result["meta"], meta)] {
        for (key, value) in from.as_object().unwrap() {
            into[key] = value.clone();
        }
    }
    for (key, value) in rest.as_object().unwrap() {
        result[key] = value.clone();
    }
    json!({"chart": {"result": [result], "error": null}})
}

async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(response).mount(&server).await;
    server
}

async fn quote(response: ResponseTemplate) -> Result<NewQuote, SourceError> {
    let server = answering(response).await;
    yahoo(&server).await.quotes(&[apple()]).await.remove(0).1
}

async fn candles(body: Value, timeframe: Timeframe) -> Result<Tidied, SourceError> {
    let server = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    let request = CandleRequest { timeframe, from: at("2026-11-16T00:00:00Z"), until: at("2026-11-20T15:00:00Z") };
    yahoo(&server).await.candles(&apple(), request).await
}

#[tokio::test]
async fn a_quote_has_the_close_of_the_day_before_and_no_float_noise() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v8/finance/chart/AAPL"))
        .and(query_param("range", "1d"))
        .and(header_exists("user-agent"))
        .respond_with(ResponseTemplate::new(200).set_body_json(chart(json!({}), json!({}))))
        .expect(1)
        .mount(&server)
        .await;
    let quote = yahoo(&server).await.quotes(&[apple()]).await.remove(0).1.unwrap();
    assert_eq!(quote.price.to_string(), "189.51");
    assert_eq!(quote.previous_close.unwrap().to_string(), "188.25", "not the close before the window");
    assert_eq!(quote.exchange_time, at("2026-11-20T15:00:00Z"));
}

#[tokio::test]
async fn pence_are_hundredths_of_a_pound() {
    let shell = listing(SourceName::Yahoo, "SHEL.L", "GBP", Tz::Europe__London);
    let meta = json!({"symbol": "SHEL.L", "currency": "GBp", "regularMarketPrice": 2_650.5, "previousClose": 2_640});
    let server = answering(ResponseTemplate::new(200).set_body_json(chart(meta, json!({})))).await;
    let quote = yahoo(&server).await.quotes(&[shell]).await.remove(0).1.unwrap();
    assert_eq!((quote.price.to_string(), quote.previous_close.unwrap().to_string()), ("26.505".into(), "26.4".into()));
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_believed() {
    let other = ResponseTemplate::new(200).set_body_json(chart(json!({"symbol": "MSFT"}), json!({})));
    assert!(matches!(quote(other).await, Err(SourceError::Unexpected(what)) if what.contains("another asset")));
    let euros = ResponseTemplate::new(200).set_body_json(chart(json!({"currency": "EUR"}), json!({})));
    assert!(matches!(quote(euros).await, Err(SourceError::Unexpected(what)) if what.contains("EUR instead of USD")));
    let page = ResponseTemplate::new(200).set_body_raw("<html>Consent</html>", "text/html; charset=utf-8");
    assert!(matches!(quote(page).await, Err(SourceError::Unexpected(what)) if what.contains("page")));
    let free = ResponseTemplate::new(200).set_body_json(chart(json!({"regularMarketPrice": 0}), json!({})));
    let zero = quote(free).await;
    assert!(zero.is_err() || !zero.unwrap().price.is_positive());
}

#[tokio::test]
async fn an_unknown_symbol_is_no_failure_of_the_source() {
    let body = json!({"chart": {"result": null, "error": {
        "code": "Not Found", "description": "No data found, symbol may be delisted"}}});
    let server = answering(ResponseTemplate::new(404).set_body_json(body)).await;
    let yahoo = yahoo(&server).await;
    assert_eq!(yahoo.quotes(&[apple()]).await.remove(0).1, Err(SourceError::Unknown));
    assert_eq!(yahoo.health().failures, 0);
}

#[tokio::test]
async fn asked_too_often_it_is_left_alone() {
    let response = ResponseTemplate::new(429).set_body_raw("Edge: Too Many Requests", "text/plain");
    let server = answering(response.insert_header("retry-after", "40")).await;
    let (yahoo, asset) = (yahoo(&server).await, apple());
    let answer = yahoo.quotes(std::slice::from_ref(&asset)).await.remove(0).1;
    assert_eq!(answer, Err(SourceError::TooOften { retry_after: Some(40) }));
    assert_eq!(yahoo.quotes(&[asset]).await.remove(0).1, Err(SourceError::LeftAlone));
    let health = yahoo.health();
    assert_eq!((health.breaker, health.next_try_at), (BreakerState::Open, Some(at("2026-11-20T15:00:40Z"))));
    assert_eq!(server.received_requests().await.unwrap().len(), 1, "it is not asked again");
}

#[tokio::test]
async fn to_have_waited_for_its_turn_in_vain_is_no_failure_of_the_source() {
    let server = answering(ResponseTemplate::new(200).set_body_json(chart(json!({}), json!({})))).await;
    let manners = Manners {
        per_minute: NonZeroU32::new(1).unwrap(),
        turn_within: Duration::from_millis(20),
        good_for: Duration::from_nanos(1),
        ..HURRIED
    };
    let yahoo = Yahoo::with_manners(&server.uri(), TimeDelta::seconds(60), clock(), manners).unwrap();
    assert!(yahoo.quotes(&[apple()]).await.remove(0).1.is_ok());
    for _ in 0..6 {
        assert_eq!(yahoo.quotes(&[apple()]).await.remove(0).1, Err(SourceError::NoTurn));
    }
    let health = yahoo.health();
    assert_eq!((health.breaker, health.failures, health.last_error), (BreakerState::Closed, 0, None));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_one_that_stumbles_is_asked_again() {
    let body = chart(json!({}), json!({}));
    let slow = answering(ResponseTemplate::new(200).set_body_json(&body).set_delay(Duration::from_secs(60))).await;
    let manners = Manners { timeout: Duration::from_millis(200), ..HURRIED };
    let impatient = Yahoo::with_manners(&slow.uri(), TimeDelta::seconds(60), clock(), manners).unwrap();
    assert_eq!(impatient.quotes(&[apple()]).await.remove(0).1, Err(SourceError::TimedOut));
    let server = MockServer::start().await;
    let stumbling = Mock::given(method("GET")).respond_with(ResponseTemplate::new(502));
    stumbling.up_to_n_times(1).mount(&server).await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200).set_body_json(&body)).mount(&server).await;
    assert!(yahoo(&server).await.quotes(&[apple()]).await.remove(0).1.is_ok());
}

#[tokio::test]
async fn many_who_ask_the_same_at_once_ask_once() {
    let body = chart(json!({}), json!({}));
    let response = ResponseTemplate::new(200).set_body_json(body).set_delay(Duration::from_millis(100));
    let server = answering(response).await;
    let (yahoo, asset) = (yahoo(&server).await, [apple()]);
    let answers = futures_util::future::join_all((0..20).map(|_| yahoo.quotes(&asset))).await;
    assert!(answers.into_iter().flatten().all(|(_, answer)| answer.is_ok()));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn holes_are_gaps_and_wrong_candles_are_counted() {
    // Monday to Thursday at the opening, and a row of now.
    let rest = json!({
        "timestamp": [1_794_839_400, 1_794_925_800, 1_795_012_200, 1_795_098_600, 1_795_186_800],
        "indicators": {"quote": [{
            "open": [10.5, null, 11, 12, 13], "high": [11, null, 10, 12.5, 13], "low": [10, null, 10, 11.5, 13],
            "close": [10.75, null, 10.5, 12.25, 13], "volume": [1_000, null, 5, null, 1],
        }], "adjclose": [{"adjclose": [10.75, null, 10.5, 12.25, 13]}]},
    });
    let tidied = candles(chart(json!({}), rest), Timeframe::D1).await.unwrap();
    assert_eq!(tidied.refused, 1, "the high of Wednesday is below its open");
    let days: Vec<String> = tidied.candles.iter().map(|day| day.open_time.to_rfc3339()).collect();
    assert_eq!(days, ["2026-11-16T00:00:00+00:00", "2026-11-19T00:00:00+00:00", "2026-11-20T00:00:00+00:00"]);
    assert_eq!(tidied.candles[0].volume.to_string(), "1000");
}

#[tokio::test]
async fn a_row_of_now_is_no_hourly_candle() {
    let rest = json!({
        "timestamp": [1_795_098_600, 1_795_102_200, 1_795_104_000, 1_795_104_433],
        "indicators": {"quote": [{
            "open": [1, 1, 1, 1], "high": [1, 1, 1, 1], "low": [1, 1, 1, 1], "close": [1, 1, 1, 1],
            "volume": [1, 1, 0, 0]}]},
    });
    let hours = candles(chart(json!({}), rest), Timeframe::H1).await.unwrap();
    assert_eq!(hours.candles.len(), 2);
}

#[tokio::test]
async fn no_candles_is_an_answer() {
    let empty = candles(chart(json!({}), json!({"indicators": {"quote": [{}]}})), Timeframe::D1).await.unwrap();
    assert_eq!(empty, Tidied::default());
}
