//! docs/alignment-matrix.md has one row for each requirement and for each call to action of the site, and what it calls OK
//! has a test behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{links, read, root, target};

/// How many requirements each section of the list has. They are numbered from 1 without gaps.
const SECTIONS: [(&str, u32); 32] = [
    ("A", 24),
    ("ADM", 12),
    ("ANA", 7),
    ("AUTH", 29),
    ("BCK", 8),
    ("CHL", 22),
    ("D", 28),
    ("DEM", 8),
    ("DOC", 11),
    ("IND", 17),
    ("LDR", 14),
    ("LEG", 9),
    ("MKT", 20),
    ("NOT", 11),
    ("OBS", 10),
    ("ONB", 13),
    ("OPS", 13),
    ("PAY", 28),
    ("PIP", 30),
    ("PLN", 14),
    ("PRG", 11),
    ("R", 30),
    ("REP", 9),
    ("SCH", 17),
    ("SEC", 10),
    ("SIG", 27),
    ("SITE", 20),
    ("TEN", 18),
    ("TRD", 27),
    ("TST", 9),
    ("TVA", 18),
    ("UI", 41),
];

/// A row: of a requirement, or of a page's call to action.
struct Row<'t> {
    subject: &'t str,
    state: &'t str,
    evidence: &'t str,
    action: &'t str,
    priority: &'t str,
}

/// The rows of the tables that have so many columns.
fn rows(text: &str, columns: usize) -> Vec<Row<'_>> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = cells.map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>());
    let is_row = |row: &Vec<&str>| row.len() == columns && row[columns - 1] != "priority" && row[0] != "---";
    cells
        .filter(is_row)
        .map(|row| {
            let [state, evidence, action, priority] = row[columns - 4..] else { unreachable!() };
            Row { subject: row[0], state, evidence, action, priority }
        })
        .collect()
}

/// Whether a file is run to prove something: a test, or a check that CI makes.
fn proves(path: &Path) -> bool {
    let shown = path.canonicalize().unwrap();
    let inside = shown.strip_prefix(root().canonicalize().unwrap()).unwrap();
    let is_check = ["tests", ".ci", "site/check"].iter().any(|folder| inside.starts_with(folder));
    let marks = ["#[test]", "#[tokio::test", "both_databases!"];
    let holds_tests = || fs::read_to_string(path).is_ok_and(|text| marks.iter().any(|mark| text.contains(mark)));
    is_check || holds_tests()
}

#[test]
fn every_requirement_has_one_row_and_no_row_is_of_none() {
    let text = read("docs/alignment-matrix.md");
    let mut found = BTreeMap::<&str, u32>::new();
    for row in rows(&text, 6) {
        *found.entry(row.subject).or_default() += 1;
    }
    let numbered =
        |(section, last): (&'static str, u32)| (1..=last).map(move |number| format!("{section}-{number:02}"));
    let wanted: Vec<String> = SECTIONS.into_iter().flat_map(numbered).collect();
    let wrong: Vec<_> = wanted.iter().filter(|id| found.remove(id.as_str()) != Some(1)).collect();
    assert!(wrong.is_empty(), "without a row, or with several: {wrong:?}");
    assert!(found.is_empty(), "no requirements: {found:?}");
}

#[test]
fn every_row_says_how_it_stands_in_the_words_there_are() {
    let text = read("docs/alignment-matrix.md");
    for row in rows(&text, 6).into_iter().chain(rows(&text, 7)) {
        let Row { subject, state, evidence, action, priority } = row;
        assert!(["OK", "partial", "broken", "missing"].contains(&state), "{subject}: {state}");
        assert!(["–", "fix", "hide", "remove", "defer"].contains(&action), "{subject}: {action}");
        assert!(["P0", "P1", "P2"].contains(&priority), "{subject}: {priority}");
        assert_eq!(state == "OK", action == "–", "{subject}: what is not OK says what is to be done about it");
        if state == "partial" {
            assert!(evidence.len() > 3, "{subject}: what of it is there?");
        }
        if state == "OK" {
            let files: Vec<_> = links(evidence).into_iter().filter_map(|link| target("docs", link)).collect();
            assert!(files.iter().all(|file| file.exists()), "{subject}: {evidence}");
            assert!(files.iter().any(|file| proves(file)), "{subject}: nothing proves it: {evidence}");
        }
    }
}

/// The English words of what the site's templates show as buttons.
fn calls_to_action() -> BTreeSet<String> {
    let mut open = vec![root().join("site/templates")];
    let (words, landing) = (read("site/config.toml"), read("site/content/_index.md"));
    let said = |text: &str, key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.unwrap_or_else(|| panic!("no words for {key}")).trim_end_matches('"').to_owned()
    };
    // The keys of the words, each after one of these.
    let keys = |text: &str, before: &str| -> Vec<String> {
        let rest = text.split(before).skip(1);
        rest.map(|rest| rest.split(['"', ' ', '}']).next().unwrap_or_default().to_owned()).collect()
    };
    let mut found = BTreeSet::new();
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for button in text.split("class=\"button").skip(1) {
                let shown = button.split_once('>').unwrap().1;
                let shown = shown.split("</a>").next().unwrap().split("</button>").next().unwrap();
                let shown = shown.split("<span class=\"hidden\">").next().unwrap();
                let translated = keys(shown, "trans(key=\"").into_iter().map(|key| said(&words, &key));
                let copied = keys(shown, "copy.").into_iter().map(|key| said(&landing, &key));
                let said: Vec<String> = translated.chain(copied).collect();
                assert!(!said.is_empty(), "{}: {shown}", path.display());
                found.extend(said);
            }
        }
    }
    found
}

#[test]
fn every_call_to_action_has_its_row() {
    let text = read("docs/alignment-matrix.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = rows.map(|line| line.split(" | ").collect::<Vec<_>>()).filter(|row| row.len() == 7);
    let told: Vec<&str> = rows.map(|row| row[1]).collect();
    let calls = calls_to_action();
    assert!(calls.len() >= 8, "{calls:?}");
    let untold: Vec<_> = calls.iter().filter(|call| !told.iter().any(|row| row.contains(call.as_str()))).collect();
    assert!(untold.is_empty(), "without a row: {untold:?}");
}
