//! `bellwether signals import`: what is good is recorded, what is not is told with its line.

use std::time::Instant;

use bellwether_tests::both_databases;
use serde_json::json;

use crate::place::{PASSWORD, Place, Ran};

const HEADINGS: &str =
    "symbol,timeframe,mode,signal_time,direction,confidence,strategy,entry,target,stop,summary,audience";

/// Imports a file for the tenant `acme`.
fn import(place: &Place, content: impl AsRef<[u8]>, more: &[&str]) -> Ran {
    place.write("history.csv", content);
    place.run(&[&["signals", "import", "history.csv", "--tenant", "acme"], more].concat())
}

/// A line of the file that is good, one for each number.
fn good(number: i64) -> String {
    let time = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(29_000_000 - number);
    format!("AAPL,1m,INTRADAY,{},BUY,60,breakout,189.5,195,187,,TENANT", time.format("%FT%TZ"))
}

fn counts(ran: &Ran) -> &str {
    ran.err.lines().last().unwrap_or_default()
}

/// The lines of a report: which line, and what is wrong with it; by the line.
fn refusals(report: &str) -> Vec<(u64, String)> {
    let mut lines = report.lines();
    assert_eq!(lines.next(), Some("line,problem"), "{report}");
    let mut refusals: Vec<(u64, String)> = lines
        .map(|line| {
            let (number, problem) = line.split_once(',').unwrap();
            (number.parse().unwrap_or_else(|_| panic!("{report}")), problem.to_owned())
        })
        .collect();
    refusals.sort();
    refusals
}

/// Fails unless these lines were refused, each with a problem that has this part.
#[track_caller]
fn assert_refused(report: &str, expected: &[(u64, &str)]) {
    let found = refusals(report);
    let lines = |of: &[(u64, &str)]| of.iter().map(|(line, _)| *line).collect::<Vec<_>>();
    let found: Vec<(u64, &str)> = found.iter().map(|(line, problem)| (*line, problem.as_str())).collect();
    assert_eq!(lines(&found), lines(expected), "{report}");
    for ((line, problem), (_, part)) in found.iter().zip(expected) {
        assert!(problem.contains(part), "line {line}: expected {part:?} in {problem:?}");
    }
}

/// A file with everything that can be wrong with a line, in this form of line ends, and what is to be said.
fn mixed(end: &str) -> (String, Vec<(u64, &'static str)>) {
    let summary = "\"two\nlines\"";
    let lines = [
        HEADINGS.to_owned(),
        good(1),
        good(2).replace(",,TENANT", &format!(",{summary},TENANT")), // 3 and 4
        good(3).replace("189.5", "NaN"),                            // 5
        good(4).replace("AAPL", "APPL"),                            // 6
        good(5),
        format!("AAPL,1m,INTRADAY,2999-01-01T00:00:00Z,BUY,60,breakout,,,,{summary},"), // 8 and 9
        good(6).replace(",TENANT", ""),                                                 // 10
        good(7).replace("BUY", "HODL"),                                                 // 11
        good(8).replace(",60,", ",101,"),                                               // 12
        good(9).replace(",60,", ",sure,"),                                              // 13
        "nonsense".to_owned(),                                                          // 14
        good(10).replace("2025", "not a time "),                                        // 15
        good(1),
        good(11).replace(",,TENANT", ",,EVERYBODY"), // 17
        good(12),
        "\"AAPL,1m,INTRADAY".to_owned(), // 19, a quote that is never closed
    ];
    let refused = vec![
        (5, "entry"),
        (6, "AAPL"),
        (8, "future"),
        (10, "12 fields"),
        (11, "direction"),
        (12, "confidence"),
        (13, "confidence"),
        (14, "12 fields"),
        (15, "signal_time"),
        (17, "audience"),
        (19, "quote"),
    ];
    (format!("\u{feff}{}", lines.join(end)), refused)
}

both_databases! {
    /// Good lines are recorded whatever stands between them.
    async fn lines_are_judged_one_by_one(app: Place) {
        let app = app.founded();
        let (content, expected) = mixed("\n");
        let author = ["--author", "owner@acme.test", "--report", "report.csv"];
        let ran = import(&app, &content, &author);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
        assert_eq!(counts(&ran), "4 inserted, 1 ignored, 0 updated, 11 refused");
        assert_refused(&std::fs::read_to_string(app.path("report.csv")).unwrap(), &expected);
        assert_eq!(app.count("signals").await, 4);

        let again = import(&app, &content, &author);
        assert_eq!((again.code, counts(&again)), (1, "0 inserted, 5 ignored, 0 updated, 11 refused"));

        let server = app.serve().await;
        let client = server.sign_in("owner@acme.test", PASSWORD).await;
        let query = "{ signals(first: 10) { nodes { symbol strategy confidence entry summary author { email } } } }";
        let nodes = client.data(query, json!({})).await["signals"]["nodes"].clone();
        assert_eq!(nodes.as_array().unwrap().len(), 4);
        let node = nodes.as_array().unwrap().iter().find(|node| node["summary"] != json!(null)).unwrap();
        assert_eq!(node, &json!({
            "symbol": "AAPL", "strategy": "breakout", "confidence": 60, "entry": "189.5", "summary": "two\nlines",
            "author": {"email": "owner@acme.test"},
        }));
    }

    async fn what_differs_is_brought_up_to_date_when_asked(app: Place) {
        let app = app.founded();
        let lines = |confidence: &str| {
            let changed = good(2).replace(",60,", confidence);
            format!("{HEADINGS}\n{}\n{changed}\n", good(1))
        };
        let first = import(&app, lines(",60,"), &[]);
        assert_eq!((first.code, counts(&first), first.out.as_str()), (0, "2 inserted, 0 ignored, 0 updated, 0 refused", ""));
        let other = import(&app, lines(",70,"), &[]);
        assert_eq!((other.code, counts(&other)), (0, "0 inserted, 2 ignored, 0 updated, 0 refused"));
        let confidence = "SELECT CAST(max(confidence) AS BIGINT) AS figure FROM signals";
        assert_eq!(app.figure(confidence).await, 60);
        let update = import(&app, lines(",70,"), &["--update"]);
        assert_eq!((update.code, counts(&update)), (0, "0 inserted, 1 ignored, 1 updated, 0 refused"));
        assert_eq!(app.figure(confidence).await, 70);
        let again = import(&app, lines(",70,"), &["--update"]);
        assert_eq!((again.code, counts(&again)), (0, "0 inserted, 2 ignored, 0 updated, 0 refused"));
        assert_eq!(app.figure("SELECT count(*) AS figure FROM signals WHERE author_id IS NULL").await, 2);
    }

    async fn five_thousand_lines_are_read_in_one_go(app: Place) {
        let app = app.founded();
        let lines: Vec<String> = std::iter::once(HEADINGS.to_owned()).chain((0..5_000).map(good)).collect();
        for expected in ["5000 inserted, 0 ignored, 0 updated, 0 refused", "0 inserted, 5000 ignored, 0 updated, 0 refused"] {
            let started = Instant::now();
            let ran = import(&app, lines.join("\n"), &[]);
            assert_eq!((ran.code, counts(&ran)), (0, expected));
            eprintln!("5,000 lines, {expected}: {:?}", started.elapsed());
        }
        assert_eq!(app.count("signals").await, 5_000);
    }
}

/// Whoever mends the file goes through it from the top.
#[test]
fn the_report_is_in_the_order_of_the_file() {
    let place = Place::sqlite().founded();
    let (unknown, count) = (good(2).replace("AAPL", "APPL"), good(3).replace(",TENANT", ""));
    let ran = import(&place, [HEADINGS, &good(1), &unknown, &count].join("\n"), &[]);
    let numbers: Vec<&str> = ran.out.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(numbers, ["3", "4"], "{}", ran.out);
}

/// As Excel on Windows writes it.
#[test]
fn line_ends_of_windows_do_not_move_the_numbers() {
    let place = Place::sqlite().founded();
    let (content, expected) = mixed("\r\n");
    let ran = import(&place, content, &["--author", "owner@acme.test"]);
    assert_eq!((ran.code, counts(&ran)), (1, "4 inserted, 1 ignored, 0 updated, 11 refused"));
    assert_refused(&ran.out, &expected);
}

/// In an editor, too, an empty line has a number.
#[test]
fn empty_lines_are_passed_over_and_counted() {
    let place = Place::sqlite().founded();
    for end in ["\n", "\r\n"] {
        let bad_price = good(1).replace("189.5", "NaN");
        let bad_count = good(2).replace(",TENANT", "");
        let bad_time = good(3).replace("2025", "?");
        let content = [HEADINGS, "", &bad_count, "", "", &bad_price, &good(4), "", &bad_time, ""].join(end);
        let ran = import(&place, content, &[]);
        assert_refused(&ran.out, &[(3, "12 fields"), (6, "entry"), (9, "signal_time")]);
    }
}

/// A quote that is opened and not closed spoils its own line alone.
#[test]
fn an_open_quote_is_refused_where_it_began() {
    let place = Place::sqlite().founded();
    let open = good(2).replace("breakout", "\"breakout");
    let content = [HEADINGS.to_owned(), good(1), open, good(3), good(4)].join("\n");
    let ran = import(&place, content, &[]);
    assert_eq!((ran.code, counts(&ran)), (1, "3 inserted, 0 ignored, 0 updated, 1 refused"));
    assert_refused(&ran.out, &[(3, "quote")]);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let place = Place::sqlite().founded();
    let latin = good(2).replace(",,TENANT", ",caf?,TENANT");
    let content = [HEADINGS.to_owned(), good(1), latin, good(3)].join("\n");
    let content: Vec<u8> = content.bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }).collect();
    let ran = import(&place, content, &[]);
    assert_eq!((ran.code, counts(&ran)), (1, "2 inserted, 0 ignored, 0 updated, 1 refused"), "{ran:?}");
    assert_refused(&ran.out, &[(3, "UTF-8")]);

    let utf16: Vec<u8> = HEADINGS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let ran = import(&place, [&[0xff, 0xfe][..], &utf16].concat(), &[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("UTF-8") && ran.err.contains("history.csv"), "{ran:?}");
}

#[test]
fn headings_are_read_in_any_order() {
    let place = Place::sqlite().founded();
    let content =
        " Confidence ,DIRECTION,signal_time,mode,timeframe,symbol\n60,buy,2025-01-02T03:04:00+01:00,intraday,1h,aapl\n";
    let ran = import(&place, content, &[]);
    assert_eq!((ran.code, counts(&ran)), (0, "1 inserted, 0 ignored, 0 updated, 0 refused"), "{ran:?}");
    let only = import(&place, HEADINGS, &[]);
    assert_eq!((only.code, counts(&only)), (0, "0 inserted, 0 ignored, 0 updated, 0 refused"));
}

/// What is said of a file whose first line is wrong.
fn said_of(content: &str) -> String {
    let ran = import(&Place::sqlite().founded(), content, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("history.csv"), "{ran:?}");
    ran.err
}

#[test]
fn an_unknown_heading_is_named() {
    let said = said_of(&format!("{HEADINGS},colour\n{},red\n", good(1)));
    assert!(said.contains("colour"), "{said}");
}

#[test]
fn missing_headings_are_named() {
    let said = said_of(&format!("{}\n", HEADINGS.replace("timeframe,mode,", "")));
    assert!(said.contains("timeframe") && said.contains("mode"), "{said}");
}

/// Which of the two is meant is not for us to guess.
#[test]
fn a_heading_that_is_there_twice_is_named() {
    let said = said_of(&format!("{HEADINGS},entry\n{},1\n", good(1)));
    assert!(said.contains("entry"), "{said}");
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    let said = said_of("");
    assert!(said.contains("empty"), "{said}");
}

#[test]
fn what_is_not_there_is_named() {
    let place = Place::sqlite().founded();
    place.write("history.csv", format!("{HEADINGS}\n{}\n", good(1)));
    let run = |args: &[&str]| place.refused(1, &[&["signals", "import"], args].concat());
    let said = run(&["nowhere.csv", "--tenant", "acme"]);
    assert!(said.contains("nowhere.csv"), "{said}");
    let said = run(&["data", "--tenant", "acme"]);
    assert!(said.contains("data"), "{said}");
    let said = run(&["history.csv", "--tenant", "emca"]);
    assert!(said.contains("emca"), "{said}");
    let said = run(&["history.csv", "--tenant", "acme", "--author", "nobody@acme.test"]);
    assert!(said.contains("nobody@acme.test") && said.contains("acme"), "{said}");
    let said = run(&["history.csv", "--tenant", "acme", "--report", "no/such/folder.csv"]);
    assert!(said.contains("no/such/folder.csv"), "{said}");
}
