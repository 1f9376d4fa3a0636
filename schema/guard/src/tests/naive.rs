//! The slow and obvious way: a document as a tree of its own, expanded in full, and counted by walking through it.
//!
//! It shares nothing with the guard but the schema of the tests, whose prices are written down here once more.

use std::fmt::Write;

/// A document with one query and some fragments; fragment `n` spreads only fragments after `n`.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The selections of the query.
    pub(crate) root: Vec<Node>,
    /// Type and selections of the fragments.
    pub(crate) fragments: Vec<(&'static str, Vec<Node>)>,
}

/// A selection.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A field of a type of the schema.
    Field { name: &'static str, alias: bool, directives: usize, page: Option<u64>, ids: Option<u64>, below: Vec<Node> },
    /// A spread, by the number of the fragment.
    Spread { fragment: usize, directives: usize },
    /// An inline fragment, with or without a type condition.
    Inline { on: Option<&'static str>, directives: usize, below: Vec<Node> },
}

/// What the walk counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) fields: u64,
    pub(crate) selections: u64,
    pub(crate) aliases: u64,
    pub(crate) directives: u64,
    pub(crate) depth: u32,
    pub(crate) root_fields: u64,
}

/// Fields of the types of the schema: name, type below, kind.
pub(crate) fn fields_of(on: &str) -> &'static [(&'static str, Option<&'static str>, Kind)] {
    use Kind::{Connection, Edges, Leaf, Nodes, Object, Rows, TotalCount};
    match on {
        "Query" => &[
            ("hello", None, Leaf),
            ("viewer", Some("Viewer"), Object),
            ("signal", Some("Signal"), Object),
            ("signals", Some("SignalConnection"), Connection(20)),
            ("history", Some("SignalConnection"), Connection(50)),
            ("nodes", Some("Node"), Rows),
            ("recentSignals", Some("Signal"), Rows),
        ],
        "Viewer" => {
            &[("id", None, Leaf), ("user", Some("User"), Object), ("signals", Some("SignalConnection"), Connection(20))]
        }
        "User" => &[("name", None, Leaf), ("signals", Some("SignalConnection"), Connection(20))],
        "Signal" => &[("id", None, Leaf), ("author", Some("User"), Object), ("reasons", Some("Reason"), Object)],
        "Reason" => &[("indicator", None, Leaf), ("__typename", None, Leaf)],
        "Node" => &[("id", None, Leaf), ("unknown", None, Kind::Unknown)],
        "SignalConnection" => &[
            ("edges", Some("SignalEdge"), Edges),
            ("nodes", Some("Signal"), Nodes),
            ("pageInfo", Some("PageInfo"), Object),
            ("totalCount", None, TotalCount),
        ],
        "SignalEdge" => &[("cursor", None, Leaf), ("node", Some("Signal"), Object)],
        "PageInfo" => &[("endCursor", None, Leaf)],
        other => panic!("no type {other}"),
    }
}

/// How a field is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Leaf,
    Unknown,
    Object,
    Rows,
    /// With the page where none is asked for.
    Connection(u64),
    Edges,
    Nodes,
    TotalCount,
}

impl Document {
    /// The document without fragments: every spread replaced by an inline fragment.
    pub(crate) fn expand(&self) -> Vec<Node> {
        self.expand_all(&self.root)
    }

    fn expand_all(&self, nodes: &[Node]) -> Vec<Node> {
        let expand = |node: &Node| match node {
            Node::Field { name, alias, directives, page, ids, below } => {
                let below = self.expand_all(below);
                Node::Field { name, alias: *alias, directives: *directives, page: *page, ids: *ids, below }
            }
            Node::Spread { fragment, directives } => {
                let (on, below) = &self.fragments[*fragment];
                Node::Inline { on: Some(on), directives: *directives, below: self.expand_all(below) }
            }
            Node::Inline { on, directives, below } => {
                Node::Inline { on: *on, directives: *directives, below: self.expand_all(below) }
            }
        };
        nodes.iter().map(expand).collect()
    }

    /// The document as GraphQL.
    pub(crate) fn print(&self) -> String {
        let mut text = String::new();
        print_all(&self.root, &mut text);
        for (number, (on, nodes)) in self.fragments.iter().enumerate() {
            write!(text, " fragment F{number} on {on} ").unwrap();
            print_all(nodes, &mut text);
        }
        text
    }
}

fn print_all(nodes: &[Node], text: &mut String) {
    text.push('{');
    for node in nodes {
        let (marks, below) = match node {
            Node::Field { name, alias, directives, page, ids, below } => {
                text.push_str(if *alias { " x: " } else { " " });
                text.push_str(name);
                if let Some(page) = page {
                    write!(text, "(first: {page})").unwrap();
                }
                if let Some(ids) = ids {
                    write!(text, "(ids: [{}])", "1 ".repeat(usize::try_from(*ids).unwrap())).unwrap();
                }
                (directives, below.as_slice())
            }
            Node::Spread { fragment, directives } => {
                write!(text, " ...F{fragment}").unwrap();
                (directives, &[][..])
            }
            Node::Inline { on, directives, below } => {
                text.push_str(" ...");
                if let Some(on) = on {
                    write!(text, " on {on}").unwrap();
                }
                (directives, below.as_slice())
            }
        };
        text.push_str(&" @d".repeat(*marks));
        if !below.is_empty() {
            print_all(below, text);
        }
    }
    text.push_str(" }");
}

/// Counts an expanded tree. `level` is the number of fields above.
pub(crate) fn count(nodes: &[Node], level: u32, counts: &mut Counts) {
    for node in nodes {
        counts.selections += 1;
        match node {
            Node::Field { alias, directives, below, .. } => {
                counts.fields += 1;
                counts.aliases += u64::from(*alias);
                counts.directives += u64::try_from(*directives).unwrap();
                counts.depth = counts.depth.max(level + 1);
                counts.root_fields += u64::from(level == 0);
                count(below, level + 1, counts);
            }
            Node::Inline { directives, below, .. } => {
                counts.directives += u64::try_from(*directives).unwrap();
                count(below, level, counts);
            }
            Node::Spread { .. } => panic!("not expanded"),
        }
    }
}

/// The points of an expanded tree on a type. `page` is that of the connection it is on.
pub(crate) fn price(nodes: &[Node], on: &'static str, page: u64) -> u64 {
    let points = nodes.iter().map(|node| match node {
        Node::Inline { on: condition, below, .. } => price(below, condition.unwrap_or(on), page),
        Node::Field { name, page: asked, ids, below, .. } => {
            let (_, target, kind) = fields_of(on).iter().find(|(field, ..)| field == name).unwrap();
            let below = |page| target.map_or(0, |target| price(below, target, page));
            match kind {
                Kind::Leaf => 0,
                Kind::Unknown => 1,
                Kind::Object => 1 + below(0),
                Kind::Rows => ids.unwrap_or(10).max(1) * (1 + below(0)),
                Kind::Connection(default) => 1 + below(asked.unwrap_or(*default).min(100)),
                Kind::Edges => page * below(0),
                Kind::Nodes => page * (1 + below(0)),
                Kind::TotalCount => 20,
            }
        }
        Node::Spread { .. } => panic!("not expanded"),
    });
    points.sum()
}
