//! What the command says of itself.

use std::collections::VecDeque;

use crate::place::Place;

/// The commands that a help text lists, without `help` itself.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let first_word =
        |line: &str| line.strip_prefix("  ").filter(|l| !l.starts_with(' '))?.split(' ').next().map(str::to_owned);
    lines.filter_map(first_word).filter(|name| name != "help").collect()
}

#[test]
fn every_command_shows_an_example() {
    let place = Place::sqlite();
    let (mut waiting, mut without, mut seen) = (VecDeque::from([Vec::<String>::new()]), Vec::new(), 0);
    while let Some(path) = waiting.pop_front() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = place.done(&args);
        assert_eq!(help.err, "", "{args:?}");
        seen += 1;
        let has_example = help.out.contains("Example: bellwether ") || help.out.contains("Example: BELLWETHER__");
        if !path.is_empty() && !has_example {
            without.push(path.join(" "));
        }
        waiting.extend(listed(&help.out).into_iter().map(|name| [path.clone(), vec![name]].concat()));
    }
    assert!(seen > 15, "{seen}");
    assert_eq!(without, Vec::<String>::new(), "the help of these has no example");
}

#[test]
fn a_wrong_command_line_is_told() {
    let place = Place::sqlite();
    for (args, part) in [
        (&["srve"][..], "serve"),
        (&["serve", "--allow-dmo"], "--allow-demo"),
        (&["serve", "--listen", "nowhere"], "--listen"),
        (&["owner", "create"], "--email"),
        (&["signals", "import"], "--tenant"),
    ] {
        let said = place.refused(2, args);
        assert!(said.contains(part), "{args:?}: {said}");
    }
    assert!(!place.path("data").exists());
}

#[test]
fn the_schema_is_printed_as_it_is() {
    let place = Place::sqlite();
    assert_eq!(place.done(&["schema"]).out, bellwether_schema::sdl());
}
