use chrono::TimeZone;

use super::*;

fn read_json(fields: Value) -> Result<Alert, AlertError> {
    parse(fields.to_string().as_bytes())
}

/// The smallest alert with one more field in it, written as raw JSON.
fn with(name: &str, value: &str) -> Result<Alert, AlertError> {
    parse(format!(r#"{{"ticker": "AAPL", "action": "buy", "{name}": {value}}}"#).as_bytes())
}

fn read_text(text: &str) -> Result<Alert, AlertError> {
    parse(text.as_bytes())
}

fn message(result: Result<Alert, AlertError>) -> String {
    result.expect_err("an error is expected").to_string()
}

fn decimal(text: &str) -> Option<Decimal> {
    Some(text.parse().unwrap())
}

fn utc(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

fn ticker(text: &str) -> Ticker {
    Ticker::from_word(text).unwrap()
}

#[test]
fn an_indicator_alert_is_read() {
    let body = r#"{"ticker":"BTCUSDT","exchange":"BINANCE","action":"buy","interval":"60","time":"2026-01-31T14:00:00Z",
        "timenow":"2026-01-31T15:00:01Z","close":12345678901.12345678,"tp":0.1,"sl":"0.05","confidence":80.0,
        "mode":"swing","strategy":"Golden cross","comment":"SMA 50 crossed \"SMA 200\""}"#;
    let expected = Alert {
        ticker: ticker("BINANCE:BTCUSDT"),
        direction: Direction::Buy,
        timeframe: Some(Timeframe::H1),
        time: utc("2026-01-31T14:00:00Z"),
        fired_at: utc("2026-01-31T15:00:01Z"),
        entry: decimal("12345678901.12345678"),
        target: decimal("0.1"),
        stop: decimal("0.05"),
        confidence: Some(80),
        mode: Some(Mode::Swing),
        strategy: Some("Golden cross".into()),
        summary: Some(r#"SMA 50 crossed "SMA 200""#.into()),
        payload: serde_json::from_str(body).unwrap(),
    };
    assert_eq!(parse(body.as_bytes()), Ok(expected));
}

/// The nested template that public receivers of TradingView's strategy alerts share, filled in.
#[test]
fn a_strategy_alert_is_read() {
    let alert = read_text(
        r#"{
            "passphrase": "abcdefgh", "time": "2026-01-31T15:00:01Z", "exchange": "NASDAQ_DLY", "ticker": "AAPL",
            "bar": {"time": "2026-01-31T14:00:00Z", "open": 188, "high": 190, "low": 187.5, "close": 189.6, "volume": 1e6},
            "strategy": {
                "position_size": -10, "order_action": "sell", "order_contracts": 10, "order_price": 189.5,
                "order_id": "Short", "market_position": "short", "market_position_size": 10,
                "prev_market_position": "flat", "prev_market_position_size": 0
            }
        }"#,
    )
    .unwrap();
    assert_eq!(alert.ticker, ticker("NASDAQ:AAPL"));
    assert_eq!((alert.direction, alert.entry), (Direction::Sell, decimal("189.5")));
    assert_eq!((alert.time, alert.strategy), (utc("2026-01-31T14:00:00Z"), None));
}

#[test]
fn null_and_empty_values_say_nothing() {
    let alert = read_json(json!({"ticker": "AAPL", "action": "buy", "tp": null, "sl": "", "interval": " "})).unwrap();
    let expected = Alert {
        ticker: ticker("AAPL"),
        direction: Direction::Buy,
        timeframe: None,
        time: None,
        fired_at: None,
        entry: None,
        target: None,
        stop: None,
        confidence: None,
        mode: None,
        strategy: None,
        summary: None,
        payload: alert.payload.clone(),
    };
    assert_eq!(alert, expected);
}

#[test]
fn marks_and_blanks_around_the_body_do_not_matter() {
    for body in [
        "\u{feff}{\"ticker\":\"AAPL\",\"action\":\"buy\"}\n",
        "\r\n {\"ticker\":\"AAPL\",\"action\":\"buy\"}",
        "\u{feff}buy AAPL\r\n",
    ] {
        assert_eq!(read_text(body).unwrap().ticker, ticker("AAPL"));
    }
}

#[test]
fn every_name_of_a_field_is_known() {
    for name in ["ticker", "symbol", "pair", "instrument", "Ticker", "SYMBOL"] {
        assert_eq!(read_json(json!({name: "AAPL", "action": "buy"})).unwrap().ticker, ticker("AAPL"));
    }
    for name in [
        "action",
        "side",
        "direction",
        "signal",
        "order",
        "strategy.order.action",
        "Strategy Order-Action",
        "order_action",
        "strategy_order_action",
        "market_position",
        "marketPosition",
        "strategy.market_position",
    ] {
        assert_eq!(read_json(json!({"ticker": "AAPL", name: "short"})).unwrap().direction, Direction::Sell, "{name}");
    }
    for name in ["interval", "timeframe", "tf", "Time-Frame"] {
        assert_eq!(with(name, "240").unwrap().timeframe, Some(Timeframe::H4), "{name}");
    }
    for name in ["signal_time", "signalTime", "bar_time", "time", "timestamp"] {
        assert_eq!(with(name, "1769868000").unwrap().time, utc("2026-01-31T14:00:00Z"), "{name}");
    }
    for name in ["timenow", "fired_at"] {
        let alert = with(name, "1769868000").unwrap();
        assert_eq!((alert.time, alert.fired_at), (None, utc("2026-01-31T14:00:00Z")), "{name}");
    }
    for name in
        ["entry", "entry_price", "EntryPrice", "entry price", "price", "order_price", "strategy.order.price", "close"]
    {
        assert_eq!(with(name, "0.1").unwrap().entry, decimal("0.1"), "{name}");
    }
    for name in ["target", "tp", "take_profit", "take-profit", "TakeProfit"] {
        assert_eq!(with(name, "0.1").unwrap().target, decimal("0.1"), "{name}");
    }
    for name in ["stop", "sl", "stop_loss", "stopLoss"] {
        assert_eq!(with(name, "0.1").unwrap().stop, decimal("0.1"), "{name}");
    }
    for name in ["confidence", "strength"] {
        assert_eq!(with(name, "\"75\"").unwrap().confidence, Some(75), "{name}");
    }
    for name in ["mode", "horizon"] {
        assert_eq!(with(name, "\"Scalping\"").unwrap().mode, Some(Mode::Scalp), "{name}");
    }
    for name in ["strategy", "strategy_name"] {
        assert_eq!(with(name, "\" RSI 14 \"").unwrap().strategy.as_deref(), Some("RSI 14"), "{name}");
    }
    assert_eq!(with("strategy", r#"{"name": "RSI 14"}"#).unwrap().strategy.as_deref(), Some("RSI 14"));
    for name in ["summary", "comment", "message", "text"] {
        assert_eq!(with(name, "\"why\"").unwrap().summary.as_deref(), Some("why"), "{name}");
    }
}

#[test]
fn the_most_telling_name_wins() {
    let alert = read_json(json!({
        "symbol": "MSFT", "ticker": "AAPL", "market_position": "flat", "side": "sell", "close": 1, "price": 2, "entry": 3,
        "time": "2026-01-31T15:00:00Z", "bar_time": "2026-01-31T14:00:00Z", "message": "long", "summary": "short",
    }));
    let alert = alert.unwrap();
    assert_eq!((alert.ticker, alert.direction, alert.entry), (ticker("AAPL"), Direction::Sell, decimal("3")));
    assert_eq!((alert.time, alert.summary.as_deref()), (utc("2026-01-31T14:00:00Z"), Some("short")));
    assert_eq!(read_json(json!({"ticker": null, "symbol": "MSFT", "action": "buy"})).unwrap().ticker, ticker("MSFT"));
    assert_eq!(read_text(r#"{"ticker": "A", "ticker": "B", "action": "buy"}"#).unwrap().ticker, ticker("B"));
}

#[test]
fn every_form_of_time_is_known() {
    let expected = Utc.with_ymd_and_hms(2026, 1, 31, 14, 0, 0).single();
    for time in [
        r#""2026-01-31T14:00:00Z""#,
        r#""2026-01-31T15:00:00.000+01:00""#,
        "1769868000",
        r#""1769868000""#,
        "1769868000000",
        r#""1769868000000""#,
    ] {
        assert_eq!(with("time", time).unwrap().time, expected, "{time}");
    }
    for time in [
        "5",
        "-1769868000",
        "-9223372036854775808",
        "1769868000000000",
        r#""1999-12-31T23:59:59Z""#,
        r#""2100-01-01T00:00:00Z""#,
    ] {
        assert!(matches!(with("time", time), Err(AlertError::OutOfRange { .. })), "{time}");
    }
    for time in [r#""2026-01-31T14:00:00""#, r#""14:00""#, "1769868000.5", "true", "99999999999999999999"] {
        assert!(matches!(with("time", time), Err(AlertError::Unknown { .. })), "{time}");
    }
}

#[test]
fn numbers_are_exact_or_refused() {
    for (written, expected) in [
        ("0.1", "0.1"),
        ("12345678901.12345678", "12345678901.12345678"),
        (r#""64250.10""#, "64250.10"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e-8", "0.00000001"),
        ("6.425E4", "64250"),
    ] {
        assert_eq!(with("entry", written).unwrap().entry, decimal(expected), "{written}");
    }
    for written in [
        r#""1,234.5""#,
        r#""0,5""#,
        r#""1 234""#,
        r#""1_000""#,
        r#""$5""#,
        r#""1e""#,
        r#""1e99""#,
        r#""{{close}}""#,
        "true",
        "[1, 2]",
        "0.12345678901234567890123456789012345",
    ] {
        assert!(matches!(with("entry", written), Err(AlertError::Unknown { .. })), "{written}");
    }
    for written in ["0", "-1", "0.0", r#""-0.5""#] {
        assert!(matches!(with("entry", written), Err(AlertError::OutOfRange { .. })), "{written}");
    }
    for (written, expected) in
        [("0", Some(0)), ("100", Some(100)), ("80.0", Some(80)), ("101", None), ("-1", None), ("0.75", None)]
    {
        assert_eq!(with("confidence", written).ok().and_then(|alert| alert.confidence), expected, "{written}");
    }
}

#[test]
fn nan_is_refused_with_its_field() {
    for (nan, value) in [
        ("NaN", "NaN"),
        ("nan", "nan"),
        ("-NaN", "-NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        (r#""NaN""#, "NaN"),
    ] {
        let expected = AlertError::NotANumber { field: "tp".into(), value: value.into() };
        assert_eq!(with("tp", nan), Err(expected.clone()), "{nan}");
        let lines =
            format!("{{\n \"ticker\": \"ÉCLAIR\", \"action\": \"buy\",\n\n \"text\": \"a NaN\", \"tp\" :  {nan}\n}}");
        if !nan.starts_with('"') {
            assert_eq!(read_text(&lines), Err(expected), "{nan}");
        }
    }
    assert_eq!(with("plots", "[1, NaN]"), Err(AlertError::NotANumber { field: "plots".into(), value: "NaN".into() }));
    assert_eq!(with("strategy", r#""NaN""#).unwrap().strategy.as_deref(), Some("NaN"));
    assert!(matches!(with("tp", "Nancy"), Err(AlertError::InvalidJson { .. })));
    assert!(matches!(read_text("{NaN"), Err(AlertError::InvalidJson { .. })));
}

#[test]
fn plain_text_is_read_in_any_order() {
    for text in ["BUY AAPL 1h", "AAPL BUY 60", "1H long aapl", "buy, AAPL; 1h,", "🚀 bull AAPL - 1h"] {
        let alert = read_text(text).unwrap();
        assert_eq!((alert.direction, alert.timeframe), (Direction::Buy, Some(Timeframe::H1)), "{text}");
        assert_eq!((alert.ticker, alert.payload), (ticker("AAPL"), json!({ "text": text })));
    }
    for text in [
        "SELL BINANCE:BTCUSDT 4h @ 189.5 tp 195 sl 185 swing confidence 70",
        "sell BINANCE:BTCUSDT 240 @189.5 TP: 195, SL: 185, Swing, confidence=70",
        "short swing BINANCE:BTCUSDT at 189.5 target=195 stop=185 confidence: 70 4H",
        "short swing BINANCE:BTCUSDT price 189.5 target = 195 stop = 185 confidence : 70 4H",
    ] {
        let alert = read_text(text).unwrap();
        assert_eq!((alert.ticker, alert.direction), (ticker("BINANCE:BTCUSDT"), Direction::Sell), "{text}");
        assert_eq!((alert.timeframe, alert.mode), (Some(Timeframe::H4), Some(Mode::Swing)), "{text}");
        assert_eq!((alert.entry, alert.target), (decimal("189.5"), decimal("195")), "{text}");
        assert_eq!((alert.stop, alert.confidence), (decimal("185"), Some(70)), "{text}");
    }
    assert_eq!(read_text("buy M 1h").unwrap().ticker, ticker("M"));
    assert_eq!(read_text("buy 7203 1d").unwrap().ticker, ticker("7203"));
    assert_eq!(read_text("buy EURUSD=X").unwrap().ticker, ticker("EURUSD=X"));
    assert_eq!(read_text("buy NASDAQ:BULL").unwrap().ticker, ticker("NASDAQ:BULL"));
    assert_eq!(read_text("close AAPL").unwrap().direction, Direction::Hold);
}

#[test]
fn plain_text_of_another_form_is_refused() {
    for (text, reason) in [
        ("hello", "does not say buy, sell or hold"),
        ("!!!", "does not say buy, sell or hold"),
        ("buy", "does not say its ticker"),
        ("buy D", "does not say its ticker"),
        ("AAPL Crossing 189.50", "says its ticker twice, AAPL and Crossing"),
        ("BUY BULL 1h", "says its action twice, BUY and BULL"),
        ("BUY D 1h", "says its interval twice, D and 1h"),
        ("BUY AAPL 1h tp 1 tp 2", "says its target twice, 1 and 2"),
        ("BUY AAPL 1h tp", "ends after tp"),
        (
            "MA Cross (9, 21): order buy @ 1 filled on BTCUSDT. New strategy position is 1",
            "says its ticker twice, MA and Cross",
        ),
    ] {
        assert_eq!(read_text(text), Err(AlertError::Text { reason: reason.into() }), "{text}");
    }
    assert!(matches!(read_text("BUY AAPL 30s"), Err(AlertError::Unknown { .. })));
    assert!(matches!(read_text("BUY AAPL tp sl"), Err(AlertError::Unknown { .. })));
    assert!(matches!(read_text("BUY AAPL 1h @ 1,234.5"), Err(AlertError::Unknown { .. })));
    assert!(matches!(read_text("BUY AAPL 1h tp NaN"), Err(AlertError::NotANumber { .. })));
}

#[test]
fn a_ticker_takes_its_exchange_from_the_field_beside_it() {
    let beside = read_json(json!({"ticker": "GOLD", "exchange": "tvc", "action": "buy"})).unwrap();
    assert_eq!(beside.ticker, ticker("TVC:GOLD"));
    let both = read_json(json!({"ticker": "NYSE:GOLD", "exchange": "TVC", "action": "buy"})).unwrap();
    assert_eq!(both.ticker, ticker("NYSE:GOLD"));
}

#[test]
fn every_refusal_says_what_to_do() {
    for (result, expected) in [
        (parse(b"\xff\xfe"), "not UTF-8 text"),
        (parse(b"\xef\xbb\xbf \n"), "the body is empty"),
        (parse(b"buy A\0APL"), "NUL character"),
        (with("text", r#""\u0000""#), "NUL character"),
        (read_text(r#"[{"ticker": "AAPL"}]"#), r#"one JSON object is expected, such as {"ticker""#),
        (read_text("[broken"), "one JSON object is expected"),
        (read_text("\"BUY AAPL 1h\""), "one JSON object is expected"),
        (read_text("null"), "one JSON object is expected"),
        (read_text("60"), "one JSON object is expected"),
        (read_text("\n{\"ticker\": \"AAPL\",\n \"tp\": , }"), "the JSON is broken at line 2, column 8: expected value"),
        (read_text("{\"ticker\": \"AAPL\"} and more"), "line 1, column 20: trailing characters"),
        (read_text("{{ticker}} buy"), "the JSON is broken at line 1, column 2: key must be a string"),
        (with("a", &("[".repeat(200) + &"]".repeat(200))), "recursion limit exceeded"),
        (with("Take Profit", "NaN"), "Take Profit is NaN: TradingView writes NaN when a plot has no value"),
        (
            read_json(json!({"action": "buy"})),
            "does not say its ticker: put it in one of the fields ticker, symbol, pair",
        ),
        (read_json(json!({"ticker": "AAPL"})), "does not say its direction: put it in one of the fields action, side"),
        (
            read_json(json!({"ticker": "AAPL", "Side": "{{strategy.order.action}}"})),
            r#"Side is "{{strategy.order.action}}": expected buy, sell or hold"#,
        ),
        (
            read_json(json!({"symbol": "A B", "side": "buy"})),
            r#"symbol is "A B": expected a symbol such as AAPL, BTC/USDT"#,
        ),
        (with("tf", "\"1M\""), r#"tf is "1M": expected one of 1m, 5m, 15m, 1h, 4h, 1d, 1w"#),
        (with("price", "\"1,234.5\""), r#"price is "1,234.5": expected a number such as 1234.5"#),
        (with("sl", "-1"), "sl is -1, out of range: expected a price above zero"),
        (with("strength", "0.75"), "strength is 0.75, out of range: expected a whole number from 0 to 100"),
        (with("mode", "\"live\""), r#"mode is "live": expected scalp, intraday or swing"#),
        (with("time", "\"noon\""), r#"time is "noon": expected a time such as 2026-01-31T14:00:00Z"#),
        (with("time", "12"), "time is 12, out of range: expected a time in the years 2000 to 2099"),
        (read_text("good morning"), "or a JSON object"),
        (read_text("good morning"), "expected the form BUY AAPL 1h or BUY AAPL 1h @ 189.5 tp 195 sl 185"),
    ] {
        let message = message(result);
        assert!(message.contains(expected), "{message:?} should contain {expected:?}");
    }
}

/// 64 KB of one long name around many fields would be gigabytes if every field carried it.
#[test]
fn messages_and_names_stay_short() {
    let long = "x".repeat(60_000);
    for body in [
        format!(r#"{{"ticker": "AAPL", "action": "{long}"}}"#),
        format!(r#"{{"ticker": "AAPL", "{long}": NaN}}"#),
        format!(r#"{{"ticker": "AAPL", "action": "buy", "tp": "{}nan"}}"#, "-".repeat(60_000)),
        format!("{long} {long}"),
    ] {
        assert!(message(read_text(&body)).len() < 500);
    }
    assert!(with(&("-".repeat(100) + "tp"), "1").unwrap().target.is_none());
}
