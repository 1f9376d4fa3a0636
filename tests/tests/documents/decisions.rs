//! Each dependency has a sentence in docs/decisions.md.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{packages, read};

/// What our crates and the clients of `tests/clients` depend on by name, but for each other.
fn dependencies() -> BTreeSet<String> {
    let packages = packages();
    let crates = packages.iter().flat_map(|package| package["dependencies"].as_array().unwrap());
    let crates = crates.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
    let mut names: BTreeSet<String> = crates.filter(|name| !name.starts_with("bellwether")).collect();
    for manifest in ["tests/clients/package.json", "site/package.json"] {
        let manifest: Value = serde_json::from_str(&read(manifest)).unwrap();
        names.extend(manifest["devDependencies"].as_object().unwrap().keys().cloned());
    }
    let pinned = read("tests/clients/requirements.txt");
    names.extend(pinned.lines().filter_map(|line| line.split_once("==")).map(|(name, _)| name.to_owned()));
    names
}

#[test]
fn every_dependency_has_its_sentence() {
    let text = read("docs/decisions.md");
    let (_, table) = text.split_once("\n## Dependencies\n").expect("a section about dependencies");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut told = BTreeSet::new();
    for (names, sentence) in rows.filter(|(names, _)| *names != "---") {
        assert!(sentence.split(' ').count() >= 4, "{names}: {sentence}");
        told.extend(names.split([',', ' ']).map(str::to_owned));
    }
    let names = dependencies();
    assert!(names.len() > 50, "{names:?}");
    let untold: Vec<_> = names.difference(&told).collect();
    assert!(untold.is_empty(), "without a sentence: {untold:?}");
}
