//! The parameters of a GraphQL request (GraphQL over HTTP, "Request Parameters").

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is to be run, and with what.
#[derive(Debug, PartialEq)]
pub(super) struct Params {
    /// The document.
    pub(super) query: String,
    /// Which of its operations.
    pub(super) operation_name: Option<String>,
    /// The values of its variables.
    pub(super) variables: Map<String, Value>,
}

/// The parameters in a query string.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InQuery {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Params {
    /// The parameters in a body.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn in_body(body: &[u8]) -> Result<Self, String> {
        let json = |error: serde_json::Error| {
            format!("the body is not JSON: see line {}, column {}", error.line(), error.column())
        };
        Self::in_json(serde_json::from_slice(body).map_err(json)?)
    }

    /// The parameters as JSON.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn in_json(value: Value) -> Result<Self, String> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            Value::Array(_) => return Err("batches are not answered: send one operation a request".to_owned()),
            _ => return Err("expected an object with query, operationName and variables".to_owned()),
        };
        let query = text("query", fields.remove("query"))?;
        let operation_name = text("operationName", fields.remove("operationName"))?;
        let variables = object("variables", fields.remove("variables"))?;
        object("extensions", fields.remove("extensions"))?;
        Self::new(query, operation_name, variables)
    }

    /// The parameters in the query string of an address.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn in_query(uri: &Uri) -> Result<Self, String> {
        let Ok(Query(given)) = Query::<InQuery>::try_from_uri(uri) else {
            return Err("the query string cannot be read: give each parameter once, percent-encoded".to_owned());
        };
        let parse = |name: &str, text: Option<String>| match text.as_deref().map(serde_json::from_str) {
            None => Ok(Map::new()),
            Some(Ok(value)) => object(name, Some(value)),
            Some(Err(_)) => Err(format!("{name}: expected JSON")),
        };
        let variables = parse("variables", given.variables)?;
        parse("extensions", given.extensions)?;
        Self::new(given.query, given.operation_name, variables)
    }

    fn new(
        query: Option<String>,
        operation_name: Option<String>,
        variables: Map<String, Value>,
    ) -> Result<Self, String> {
        let query = query.ok_or("query is missing: send a GraphQL document")?;
        Ok(Self { query, operation_name, variables })
    }
}

fn text(name: &str, value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name}: expected a string")),
    }
}

fn object(name: &str, value: Option<Value>) -> Result<Map<String, Value>, String> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(_) => Err(format!("{name}: expected an object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read() {
        let body = br#"{"query": "{a}", "operationName": null, "variables": {"n": 1}, "extensions": null, "id": 7}"#;
        let params = Params::in_body(body).unwrap();
        assert_eq!(params.query, "{a}");
        assert_eq!(params.operation_name, None);
        assert_eq!(Value::Object(params.variables), json!({"n": 1}));
    }

    #[test]
    fn what_is_malformed_is_said() {
        for (body, part) in [
            ("", "not JSON"),
            ("{ \"not a JSON", "not JSON"),
            ("[{\"query\": \"{a}\"}]", "batches"),
            ("7", "expected an object"),
            ("{}", "query is missing"),
            ("{\"query\": null}", "query is missing"),
            ("{\"query\": [\"{a}\"]}", "query: expected a string"),
            ("{\"query\": \"{a}\", \"operationName\": 0}", "operationName: expected a string"),
            ("{\"query\": \"{a}\", \"variables\": \"{}\"}", "variables: expected an object"),
            ("{\"query\": \"{a}\", \"extensions\": []}", "extensions: expected an object"),
        ] {
            let error = Params::in_body(body.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{body}: {error}");
        }
        assert!(Params::in_body("[".repeat(50_000).as_bytes()).is_err());
        assert!(Params::in_body(b"{\"query\": \"\xff\"}").is_err());
        assert!(Params::in_body(br#"{"query": "\ud800"}"#).is_err());
    }

    #[test]
    fn a_query_string_is_read() {
        let uri = |text: &str| Params::in_query(&text.parse().unwrap());
        let params = uri("/graphql?query=query%20Q%7Ba%7D&operationName=Q&variables=%7B%22n%22%3A1%7D").unwrap();
        assert_eq!(params.query, "query Q{a}");
        assert_eq!(params.operation_name.as_deref(), Some("Q"));
        assert_eq!(Value::Object(params.variables), json!({"n": 1}));
        for wrong in
            ["/graphql", "/graphql?query=a&query=b", "/graphql?query=a&variables=x", "/graphql?query=a&variables=[]"]
        {
            assert!(uri(wrong).is_err(), "{wrong}");
        }
    }
}
