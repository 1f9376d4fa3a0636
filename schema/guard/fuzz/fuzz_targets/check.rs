//! Whatever bytes arrive as document and variables, the guard answers: it never panics and never overflows its stack.
#![no_main]

use bellwether_guard::{CostModel, Guard, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use std::sync::LazyLock;

const SDL: &str = "
interface Node { id: ID! }
type Query { hello: String nodes(ids: [ID!]!): [Node] items(first: Int, last: Int): ItemConnection }
type Mutation { login(input: JSON): Item }
type Subscription { item: Item }
scalar JSON
type Item implements Node { id: ID! items(first: Int): ItemConnection }
type ItemEdge { node: Item! }
type ItemConnection { edges: [ItemEdge!]! nodes: [Item!]! totalCount: Int }
";

static GUARD: LazyLock<Guard> = LazyLock::new(|| {
    let model = CostModel::from_sdl(SDL).expect("the schema parses");
    Guard::new(model, Limits::default(), &["login"])
});

// The document, then after a zero byte the variables as JSON.
fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |&byte| byte == 0);
    let source = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let variables: Map<String, Value> =
        parts.next().and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
    for name in [None, Some("Q")] {
        if let Ok(accepted) = GUARD.check(&source, name, &variables) {
            assert!(accepted.root_fields.len() <= Limits::default().root_fields);
            assert!(accepted.cost <= Limits::default().cost);
        }
    }
});
