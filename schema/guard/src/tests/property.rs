//! Computing every fragment once gives what expanding everything gives, for thousands of random documents.

use super::{
    guard,
    naive::{Counts, Document, Kind, Node, count, fields_of, price},
    unlimited,
};
use crate::{Guard, extent::Extents, graph::Fragments};
use proptest::prelude::*;
use serde_json::Map;
use std::{collections::HashSet, sync::LazyLock};

static GUARD: LazyLock<Guard> = LazyLock::new(|| guard(unlimited()));

/// Turns random bytes into a document, so that shrinking the bytes shrinks the document.
struct Maker<'b> {
    bytes: std::slice::Iter<'b, u8>,
    /// The types of the fragments.
    types: Vec<&'static str>,
}

/// Types that fragments are on; connections are where the page matters.
const TYPES: &[&str] = &["SignalConnection", "Query", "Signal", "User"];

impl Maker<'_> {
    /// A number below `end`; 0 when the bytes are used up.
    fn pick(&mut self, end: usize) -> usize {
        usize::from(self.bytes.next().copied().unwrap_or(0)) % end
    }

    fn document(mut self) -> Document {
        let count = self.pick(9);
        self.types = (0..count).map(|_| TYPES[self.pick(TYPES.len())]).collect();
        // The deepest first, so that the fragments that many others use get their share of the bytes.
        let mut fragments = Vec::new();
        for number in (0..count).rev() {
            let on = self.types[number];
            fragments.push((on, self.set(on, number + 1, 2)));
        }
        fragments.reverse();
        Document { root: self.set("Query", 0, 2), fragments }
    }

    /// A selection set on a type that may spread the fragments from `from` on.
    fn set(&mut self, on: &'static str, from: usize, levels: usize) -> Vec<Node> {
        (0..1 + self.pick(3)).map(|_| self.node(on, from, levels)).collect()
    }

    fn node(&mut self, on: &'static str, from: usize, levels: usize) -> Node {
        let directives = [0, 0, 0, 1, 2][self.pick(5)];
        let spreads: Vec<_> = (from..self.types.len()).filter(|&number| self.types[number] == on).collect();
        match self.pick(5) {
            0..=2 if !spreads.is_empty() => Node::Spread { fragment: spreads[self.pick(spreads.len())], directives },
            3 if levels > 0 => {
                let condition = (self.pick(2) == 0).then_some(on);
                Node::Inline { on: condition, directives, below: self.set(on, from, levels - 1) }
            }
            _ => self.field(on, from, levels, directives),
        }
    }

    fn field(&mut self, on: &'static str, from: usize, levels: usize, directives: usize) -> Node {
        let fields = fields_of(on);
        let (name, target, kind) = fields[self.pick(fields.len())];
        let alias = self.pick(3) == 0;
        let page = match kind {
            Kind::Connection(_) => [None, Some(0), Some(1), Some(7), Some(100), Some(250)][self.pick(6)],
            _ => None,
        };
        let ids = (name == "nodes" && kind == Kind::Rows).then(|| self.pick(5).try_into().unwrap());
        let below = match target {
            Some(target) if levels > 0 => self.set(target, from, levels - 1),
            _ => Vec::new(),
        };
        Node::Field { name, alias, directives, page, ids, below }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn once_is_as_good_as_every_time(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let document = Maker { bytes: bytes.iter(), types: Vec::new() }.document();
        let tree = document.expand();
        let mut expected = Counts::default();
        count(&tree, 0, &mut expected);
        let source = document.print();

        let accepted = GUARD.check(&source, None, &Map::new()).unwrap();
        let parsed = &accepted.document;
        let fragments = Fragments::read(parsed, &unlimited()).unwrap();
        let no_credentials = HashSet::new();
        let extents = Extents::new(&fragments, &no_credentials);
        let (_, operation) = parsed.operations.iter().next().unwrap();
        let found = extents.operation(&operation.node);
        let whole = found.whole();
        let found = Counts {
            fields: whole.fields,
            selections: found.selections,
            aliases: found.aliases,
            directives: found.directives,
            depth: whole.depth,
            root_fields: found.root_fields,
        };
        prop_assert_eq!(found, expected, "{}", source);

        prop_assert_eq!(accepted.cost, price(&tree, "Query", 0), "{}", source);
        prop_assert_eq!(u64::try_from(accepted.root_fields.len()).unwrap(), expected.root_fields);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is sent, there is an answer.
    #[test]
    fn nothing_makes_it_panic(pieces in proptest::collection::vec(prop::sample::select(PIECES), 0..60)) {
        let source = pieces.concat();
        let _ = GUARD.check(&source, None, &Map::new());
    }

    /// The same for characters of all kinds.
    #[test]
    fn no_character_makes_it_panic(characters in proptest::collection::vec(any::<char>(), 0..60)) {
        let source: String = characters.into_iter().collect();
        let _ = GUARD.check(&source, None, &Map::new());
        let _ = GUARD.check(&format!("{{ hello(a: \"{source}\", b: \"\"\"{source}\"\"\") }}"), None, &Map::new());
    }
}

/// Pieces of documents, so that many of them parse.
const PIECES: &[&str] = &[
    "{",
    "}",
    " { hello",
    " } ",
    "(",
    ")",
    "[",
    "]",
    ":",
    "$a",
    "!",
    "=",
    "@d ",
    "...",
    "...F ",
    "... on Query {",
    "\"",
    "\"\"\"",
    "\\",
    "\\u0000",
    "\n",
    "\r",
    "#",
    ",",
    "hello ",
    "viewer {",
    "signals(first: ",
    "__schema {",
    "query Q",
    "mutation ",
    "query($a: Int = 1) ",
    " fragment F on Query {",
    " fragment G on SignalConnection {",
    "0",
    "-1",
    "1e9",
    "null",
    "é",
    "\u{feff}",
];
