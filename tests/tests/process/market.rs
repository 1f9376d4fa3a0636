//! `bellwether market import`: good candles are put away and served, what is wrong is told with its file and line.

use bellwether_tests::both_databases;
use serde_json::json;

use crate::place::{PASSWORD, Place, Ran};

fn import(place: &Place, args: &[&str]) -> Ran {
    place.run(&[&["market", "import"], args].concat())
}

fn told(ran: &Ran) -> &str {
    ran.err.lines().last().unwrap_or_default()
}

/// Every line a day after the one before, from 2 January 2025; good ones.
fn days(count: i64) -> String {
    let mut text = "Date,Open,High,Low,Close,Volume,Adj Close\n".to_owned();
    for number in 0..count {
        let day = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_090 + number);
        text.push_str(&format!("{},10,12.5,9,11.{number:03},1000,11\n", day.format("%F")));
    }
    text
}

both_databases! {
    async fn candles_of_a_file_are_served(app: Place) {
        let app = app.founded();
        app.write("AAPL_1d.csv", days(300));
        let ran = import(&app, &["AAPL_1d.csv"]);
        assert_eq!((ran.code, ran.out.as_str(), told(&ran)), (0, "", "300 candles put away, 0 lines refused"), "{ran:?}");
        let again = import(&app, &["AAPL_1d.csv"]);
        assert_eq!((again.code, app.count("candles").await), (0, 300));

        let server = app.serve().await;
        let client = server.sign_in("owner@acme.test", PASSWORD).await;
        let query = "{ candles(symbol: \"AAPL\", timeframe: D1, from: \"2025-01-01T00:00:00Z\", to: \"2025-01-05T00:00:00Z\") {
            source licence candles { openTime open high low close volume } } }";
        let found = client.data(query, json!({})).await["candles"].clone();
        assert_eq!((found["source"].as_str(), found["licence"].as_str()), (Some("CSV"), Some("INTERNAL")));
        assert_eq!(found["candles"].as_array().unwrap().len(), 3, "{found}");
        let second = json!({"openTime": "2025-01-03T00:00:00+00:00", "open": "10", "high": "12.5", "low": "9",
            "close": "11.001", "volume": "1000"});
        assert_eq!(found["candles"][1], second);
        let quote = client.data("{ quote(symbol: \"AAPL\") { price source stale } }", json!({})).await["quote"].clone();
        assert_eq!(quote, json!({"price": "11.299", "source": "CSV", "stale": true}));
    }

    async fn a_folder_is_read_file_by_file_and_wrong_lines_are_told(app: Place) {
        let app = app.founded();
        std::fs::create_dir(app.path("prices")).unwrap();
        app.write("prices/MSFT_1h.csv", "time,open,high,low,close\n\
            2026-01-05T15:00:00Z,1,2,1,2\n\
            2026-01-05T15:00:00Z,1,3,1,3\n\
            2026-01-05T16:00:30Z,1,2,1,2\n\
            2026-01-05T17:00:00Z,1,2,1,NaN\n\
            2999-01-05T17:00:00Z,1,2,1,2\n");
        app.write("prices/all.csv", "symbol,timeframe,timestamp,open,high,low,close,volume\n\
            NVDA,1d,1767571200,5,6,4,5,7\n\
            NVDAA,1d,1767571200,5,6,4,5,7\n\
            NVDA,1x,1767571200,5,6,4,5,7\n\
            NVDA,1d,1767657600,5,4,4,5,7\n");
        app.write("prices/notes.txt", "nothing");
        app.write("prices/wrong.csv", "a,b\n1,2\n");
        let ran = import(&app, &["prices", "--report", "report.csv"]);
        assert_eq!((ran.code, told(&ran)), (1, "2 candles put away, 7 lines refused"), "{ran:?}");
        assert_eq!(app.count("candles").await, 2, "of two at one time the last stays");
        let report = std::fs::read_to_string(app.path("report.csv")).unwrap();
        let lines: Vec<&str> = report.lines().collect();
        assert_eq!(lines[0], "file,line,problem");
        for (line, (file, number, part)) in lines[1..].iter().zip([
            ("prices/MSFT_1h.csv", 4, "whole minute"),
            ("prices/MSFT_1h.csv", 5, "close: expected a decimal"),
            ("prices/MSFT_1h.csv", 6, "not closed yet"),
            ("prices/all.csv", 3, "did you mean NVDA?"),
            ("prices/all.csv", 4, "1m, 5m"),
            ("prices/all.csv", 5, "the high"),
            ("prices/wrong.csv", 1, "no column"),
        ]) {
            assert!(line.contains(&format!("{file},{number},")) && line.contains(part), "{line}");
        }
        assert_eq!(lines.len(), 8);
    }

    async fn a_day_is_the_one_that_it_was_at_the_exchange(app: Place) {
        let app = app.founded();
        app.write("AAPL_1d.csv", "time,open,high,low,close\n\
            2026-01-05T00:00:00-05:00,1,2,1,2\n\
            2026-01-07T02:30:00Z,1,2,1,2\n\
            2026-01-07,1,2,1,2\n\
            2026-01-08T00:00:00Z,1,2,1,2\n");
        // Midnight in Casablanca is the evening before in UTC.
        app.write("ATW.CS_1d.csv", "time,open,high,low,close\n\
            2026-01-05T00:00:00+01:00,1,2,1,2\n\
            2026-01-05T23:00:00Z,1,2,1,2\n\
            1767740400,1,2,1,2\n");
        for (file, candles) in [("AAPL_1d.csv", 4), ("ATW.CS_1d.csv", 3)] {
            let ran = import(&app, &[file]);
            assert_eq!((ran.code, told(&ran)), (0, &*format!("{candles} candles put away, 0 lines refused")), "{ran:?}");
        }
        for (day, assets) in [(1767571200, 2), (1767657600, 2), (1767744000, 2), (1767830400, 1)] {
            assert_eq!(app.count(&format!("candles WHERE open_time = {day}")).await, assets, "{day}");
        }
    }

    async fn a_file_of_another_timeframe_than_it_says_is_refused_line_by_line(app: Place) {
        let app = app.founded();
        let lines = |times: &[&str]| {
            let lines: String = times.iter().map(|time| format!("2026-01-{time}:00Z,1,2,1,2\n")).collect();
            format!("time,open,high,low,close\n{lines}")
        };
        app.write("MSFT_1h.csv", lines(&["05T14:30", "06T14:30", "07T14:30", "08T14:30"]));
        app.write("NVDA_1d.csv", lines(&["05T14:30", "05T15:30", "05T16:30"]));
        app.write("TSLA_1h.csv", lines(&["05T14:30", "05T15:30", "05T16:00", "05T16:30", "05T17:30"]));
        for (file, refused, part) in [
            ("MSFT_1h.csv", &[2, 3, 4, 5][..], "no two lines are closer than 1d: these are no candles of 1h"),
            ("NVDA_1d.csv", &[2, 3, 4], "the lines are 1 hour apart, too close for candles of 1d"),
            ("TSLA_1h.csv", &[4], "30 minutes after line 3, too close for candles of 1h"),
        ] {
            let ran = import(&app, &[file]);
            assert_eq!(ran.code, 1, "{ran:?}");
            let report: Vec<&str> = ran.out.lines().skip(1).collect();
            assert_eq!(report.len(), refused.len(), "{ran:?}");
            for (line, number) in report.iter().zip(refused) {
                assert!(line.contains(&format!("{file},{number},")) && line.contains(part), "{line}");
            }
        }
        assert_eq!(app.count("candles").await, 4, "those of TSLA that stand right");
    }

    async fn a_file_that_says_too_little_is_refused(app: Place) {
        let app = app.founded();
        app.write("AAPL.csv", days(2));
        let ran = import(&app, &["AAPL.csv"]);
        assert_eq!((ran.code, told(&ran)), (1, "0 candles put away, 2 lines refused"));
        assert!(ran.out.contains("--timeframe"), "{}", ran.out);
        assert_eq!(import(&app, &["AAPL.csv", "--timeframe", "1d"]).code, 0);
        let ran = import(&app, &["nowhere.csv"]);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains("nowhere.csv cannot be read"), "{}", ran.err);
        let wrong = import(&app, &["AAPL.csv", "--timeframe", "2d"]);
        assert_eq!(wrong.code, 2);
        assert!(wrong.err.contains("1h, 4h, 1d"), "{}", wrong.err);
    }
}
