//! No body makes the parser panic, and what is written is what is read.

use proptest::prelude::*;

use super::*;

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["\\PC{0,8}", "(ticker|action|interval|time|entry|tp|confidence|mode|bar|strategy|order)"];
    let word = prop_oneof!["\\PC{0,12}", "[+-]?[0-9]{0,30}[.eE]?[+-]?[0-9]{0,30}", "(AAPL|buy|1h|NaN|swing)"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body);
    }

    #[test]
    fn no_text_panics(body in "\\PC{0,200}") {
        let _ = parse(body.as_bytes());
    }

    #[test]
    fn no_words_panic(body in "((buy|AAPL|60|1h|@|tp|sl=|-1|NaN|:|\\PC{0,5})[ \n,]){0,12}") {
        let _ = parse(body.as_bytes());
    }

    #[test]
    fn no_json_panics(json in any_json()) {
        let _ = parse(json.to_string().as_bytes());
    }

    #[test]
    fn no_broken_json_panics(json in any_json(), cut in any::<prop::sample::Index>(), junk in "(|NaN|-Infinity|é|\"|\\})") {
        let text = json.to_string();
        let at = cut.index(text.len() + 1);
        if let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) {
            let _ = parse(format!("{{\"a\":{before}{junk}{after}").as_bytes());
        }
    }

    #[test]
    fn no_ticker_lacks_candidates(written in "([A-Z]{1,6}:)?[A-Z0-9./_=^!&-]{1,12}") {
        if let Some(ticker) = Ticker::from_word(&written) {
            prop_assert!(!ticker.candidates().is_empty());
            prop_assert!(ticker.candidates().iter().all(|candidate| !candidate.is_empty()));
            prop_assert_eq!(Ticker::from_word(&ticker.to_string()), Some(ticker));
        }
    }

    #[test]
    fn what_is_written_is_read(
        symbol in "[A-Z]{3,6}",
        (direction, side) in prop::sample::select(vec![(Direction::Buy, "buy"), (Direction::Sell, "short"), (Direction::Hold, "flat")]),
        (timeframe, interval) in prop::sample::select(vec![(Timeframe::M1, "1"), (Timeframe::H4, "240"), (Timeframe::W1, "1W")]),
        seconds in 946_684_800_i64..4_102_444_800,
        [entry, target, stop] in prop::array::uniform3((1_i64.., 0_u32..=18)),
        confidence in 0_u8..=100,
        quoted in any::<bool>(),
        summary in "[^\0]{1,40}",
    ) {
        let [entry, target, stop] = [entry, target, stop].map(|(units, scale)| Decimal::new(units, scale));
        let number = |number: Decimal| if quoted { format!("\"{number}\"") } else { number.to_string() };
        let body = format!(
            r#"{{"symbol":"{symbol}","side":"{side}","tf":"{interval}","time":{seconds},"price":{},"tp":{},"sl":{},"strength":{confidence},"comment":{}}}"#,
            number(entry), number(target), number(stop), json!(summary),
        );
        let alert = parse(body.as_bytes()).unwrap();
        prop_assert_eq!(alert.ticker, Ticker { exchange: None, symbol });
        prop_assert_eq!((alert.direction, alert.timeframe), (direction, Some(timeframe)));
        prop_assert_eq!(alert.time, DateTime::from_timestamp_secs(seconds));
        prop_assert_eq!((alert.entry, alert.target, alert.stop), (Some(entry), Some(target), Some(stop)));
        prop_assert_eq!(alert.confidence, Some(confidence));
        prop_assert_eq!(alert.summary.unwrap_or_default(), summary.trim());
        prop_assert_eq!(alert.payload, serde_json::from_str::<Value>(&body).unwrap());
    }
}
