//! The picture in docs/architecture.md has the arrows that Cargo knows, and no other.

use std::collections::BTreeSet;

use crate::{packages, read, root};

/// Which of our crates depends on which, but for its tests.
fn dependencies() -> BTreeSet<(String, String)> {
    let packages = packages();
    let folder = |name: &str| -> Option<String> {
        let package = packages.iter().find(|package| package["name"] == name)?;
        let manifest = package["manifest_path"].as_str().unwrap();
        let inside = manifest.strip_prefix(&format!("{}/", root().display())).unwrap();
        Some(inside.strip_suffix("/Cargo.toml").unwrap().to_owned())
    };
    let mut found = BTreeSet::new();
    for package in &packages {
        let from = folder(package["name"].as_str().unwrap()).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["kind"].is_null()
                && let Some(to) = folder(dependency["name"].as_str().unwrap())
            {
                found.insert((from.clone(), to));
            }
        }
    }
    found
}

#[test]
fn the_picture_is_the_workspace() {
    let text = read("docs/architecture.md");
    let picture = text.split("```mermaid").nth(1).and_then(|rest| rest.split("```").next()).expect("a picture");
    // `from --> to`, with names that Mermaid takes: a slash is not among them.
    let arrows = picture.lines().filter_map(|line| line.trim().split_once(" --> "));
    let drawn: BTreeSet<_> = arrows.map(|(from, to)| (from.replace('_', "/"), to.replace('_', "/"))).collect();
    assert_eq!(drawn, dependencies());
}
