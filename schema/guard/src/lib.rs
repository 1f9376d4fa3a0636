//! The document guard: what a GraphQL document may ask for is decided here, before async-graphql looks at it.
//!
//! The limits of async-graphql stay on behind it; this crate stands in front because its answer takes time linear in
//! the document, whatever the document says:
//!
//! 1. the number of bytes,
//! 2. `scan`: one pass over the bytes that counts tokens and nested brackets,
//! 3. `parse`: the parser of async-graphql, whose result is handed on so that nobody parses twice,
//! 4. `graph`: every definition is read once; unknown fragments and cycles end here,
//! 5. `extent`: what a definition amounts to once its fragments are expanded, each fragment computed once,
//! 6. `cost`: the points an operation costs, from the types of the schema ([`CostModel`]) and the variables.
//!
//! All operations and all fragments of a document are bounded, also those that will not run, because validation
//! reads them all.
//!
//! Recursion follows only the nesting of the source, which step 2 bounds; from fragment to fragment the guard goes
//! by a list in dependency order.

mod cost;
mod extent;
mod graph;
mod guard;
mod limits;
mod model;
mod parse;
mod rejection;
mod scan;
mod variables;
mod work;

#[cfg(test)]
mod tests;

pub use async_graphql_parser::types::{ExecutableDocument, OperationType};
pub use guard::{Accepted, Guard};
pub use limits::{Limits, Rule};
pub use model::{CostModel, ModelError};
pub use rejection::Rejection;
