//! What the help articles name is there: commands as the binary takes them, keys of the configuration, names of the API. The
//! GraphQL they print is asked by tests/clients/help.mjs.

use std::collections::BTreeSet;
use std::fs;

use bellwether::cli::Cli;
use clap::Parser;

use crate::{read, root};

/// Every article, in both languages: its name and its text.
fn articles() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("site/content/help")).unwrap();
    let names =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(|name| !name.starts_with('_'));
    names.map(|name| (read(&format!("site/content/help/{name}")), name)).map(|(text, name)| (name, text)).collect()
}

/// What stands in an article between these marks.
fn between<'t>(text: &'t str, mark: &str) -> Vec<&'t str> {
    text.split(mark).skip(1).step_by(2).collect()
}

/// The lines of the fenced blocks.
fn lines(text: &str) -> Vec<&str> {
    between(text, "```").into_iter().flat_map(str::lines).map(str::trim).collect()
}

/// What is printed as code within a sentence.
fn words(text: &str) -> Vec<&str> {
    let outside: Vec<_> = text.split("```").step_by(2).collect();
    outside.into_iter().flat_map(|part| between(part, "`")).collect()
}

/// The arguments of a command of ours, if it is one.
fn command(line: &str) -> Option<Vec<&str>> {
    let rest =
        line.strip_prefix("cargo run --release -p bellwether -- ").or_else(|| line.strip_prefix("bellwether "))?;
    Some(std::iter::once("bellwether").chain(rest.split_whitespace()).collect())
}

#[test]
fn every_command_is_one_that_the_binary_takes() {
    let mut count = 0;
    for (name, text) in articles() {
        for arguments in lines(&text).into_iter().chain(words(&text)).filter_map(command) {
            count += 1;
            // A command that is named without all that it needs is one all the same.
            let refused = Cli::try_parse_from(&arguments).err().map(|error| error.kind());
            let is_known = matches!(
                refused,
                None | Some(
                    clap::error::ErrorKind::MissingRequiredArgument
                        | clap::error::ErrorKind::MissingSubcommand
                        | clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                )
            );
            assert!(is_known, "{name}: {arguments:?}: {refused:?}");
        }
    }
    assert!(count > 30, "{count}");
}

/// The keys of a TOML file as `section.key`; those behind a comment's mark, which have no default, too.
fn keys_with_sections(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut section = "";
    for line in text.lines().map(|line| line.trim_start_matches("# ")) {
        if let Some(opened) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = opened;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !section.is_empty()) {
            found.insert(format!("{section}.{key}"));
        }
    }
    found
}

#[test]
fn every_key_of_the_configuration_is_there() {
    let known = keys_with_sections(&read("server/src/config/defaults.toml"));
    let sections: BTreeSet<&str> =
        known.iter().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect();
    let mut found = BTreeSet::new();
    for (name, text) in articles() {
        let blocks = between(&text, "```").into_iter().filter(|block| block.starts_with("\n["));
        let mut keys: Vec<String> = blocks.flat_map(keys_with_sections).collect();
        for word in lines(&text).into_iter().chain(words(&text)) {
            let word = word.strip_prefix("export ").unwrap_or(word);
            if let Some(path) = word.strip_prefix("BELLWETHER__").filter(|path| !path.is_empty()) {
                keys.push(path.split('=').next().unwrap().to_lowercase().replace("__", "."));
            }
        }
        for word in words(&text) {
            let key = word.split(' ').next().unwrap();
            let is_one = key.split_once('.').is_some_and(|(section, rest)| {
                sections.contains(section) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            });
            // A file is none: site.dir is, keys.json is not.
            if is_one {
                keys.push(key.to_owned());
            }
        }
        for key in keys {
            assert!(known.contains(&key), "{name}: there is no key {key}");
            found.insert(key);
        }
    }
    assert!(found.len() > 15, "{found:?}");
}

#[test]
fn every_name_of_the_api_is_there() {
    let (schema, errors) = (read("docs/api/schema.graphql"), read("docs/errors.md"));
    let known: BTreeSet<&str> =
        [&schema, &errors].into_iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric())).collect();
    let mut found = BTreeSet::new();
    for (article, text) in articles() {
        for word in words(&text) {
            let name: &str = word.split(['(', ':']).next().unwrap();
            let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().any(|byte| byte.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_name && name != "connectionParams" {
                assert!(known.contains(name), "{article}: there is no {name}");
                found.insert(name.to_owned());
            }
        }
    }
    assert!(found.len() > 40, "{found:?}");
}

#[test]
fn every_limit_is_told_with_its_default() {
    let defaults = read("server/src/config/defaults.toml");
    let limits = defaults.lines().filter_map(|line| line.trim_start_matches("# ").split_once("_per_minute = "));
    let mut wanted: Vec<u32> = limits.map(|(_, number)| number.parse().unwrap()).collect();
    wanted.sort_unstable();
    assert!(wanted.len() >= 8, "{wanted:?}");
    for name in ["limits-and-cost.md", "limits-and-cost.es.md"] {
        let text = read(&format!("site/content/help/{name}"));
        let numbers = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
        let digits = |cell: &str| cell.chars().filter(char::is_ascii_digit).collect::<String>();
        let mut told: Vec<u32> = numbers.filter_map(|cell| digits(cell).parse().ok()).collect();
        told.sort_unstable();
        assert_eq!(told, wanted, "{name}");
    }
}
