//! What the arguments of a field amount to, with the variables of the request and the defaults of the operation.

use crate::{
    limits::{Limits, Rule},
    rejection::{Rejection, as_count},
};
use async_graphql_parser::types::OperationDefinition;
use async_graphql_value::{ConstValue, Value};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// The variables as one operation sees them.
pub(crate) struct Variables<'a> {
    given: &'a Map<String, Json>,
    defaults: HashMap<&'a str, &'a ConstValue>,
}

/// What is known of the value of an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Known {
    /// Not given, or null.
    Absent,
    /// A whole number; those above `i64::MAX` are cut to it.
    Whole(i64),
    /// A list of so many elements.
    List(u64),
    /// Anything else.
    Other,
}

impl<'a> Variables<'a> {
    /// The variables of the request over the defaults of `operation`.
    pub(crate) fn new(given: &'a Map<String, Json>, operation: &'a OperationDefinition) -> Self {
        let defaults = operation.variable_definitions.iter().filter_map(|definition| {
            let default = definition.node.default_value.as_ref()?;
            Some((definition.node.name.node.as_str(), &default.node))
        });
        Self { given, defaults: defaults.collect() }
    }

    /// What `value` amounts to.
    pub(crate) fn know(&self, value: &Value) -> Known {
        match value {
            Value::Variable(name) => match (self.given.get(name.as_str()), self.defaults.get(name.as_str())) {
                (Some(given), _) => of_json(given),
                (None, Some(default)) => of_const(default),
                (None, None) => Known::Absent,
            },
            Value::Null => Known::Absent,
            Value::Number(number) => of_number(number),
            Value::List(items) => Known::List(as_count(items.len())),
            _ => Known::Other,
        }
    }
}

fn of_json(value: &Json) -> Known {
    match value {
        Json::Null => Known::Absent,
        Json::Number(number) => of_number(number),
        Json::Array(items) => Known::List(as_count(items.len())),
        _ => Known::Other,
    }
}

/// What a default value amounts to.
pub(crate) fn of_const(value: &ConstValue) -> Known {
    match value {
        ConstValue::Null => Known::Absent,
        ConstValue::Number(number) => of_number(number),
        ConstValue::List(items) => Known::List(as_count(items.len())),
        _ => Known::Other,
    }
}

fn of_number(number: &async_graphql_value::Number) -> Known {
    match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => Known::Whole(whole),
        (None, Some(_)) => Known::Whole(i64::MAX),
        (None, None) => Known::Other,
    }
}

/// Refuses variables with a list longer than [`Limits::list_items`], at any depth.
pub(crate) fn check_lists(variables: &Map<String, Json>, limits: &Limits) -> Result<(), Rejection> {
    let mut open: Vec<&Json> = variables.values().collect();
    while let Some(value) = open.pop() {
        match value {
            Json::Array(items) => {
                Rejection::check_len(Rule::ListItems, items.len(), limits.list_items)?;
                open.extend(items);
            }
            Json::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    Ok(())
}

/// Length of the longest list in a value of the document, at any depth.
pub(crate) fn longest_list(value: &Value) -> usize {
    match value {
        Value::List(items) => items.iter().map(longest_list).fold(items.len(), usize::max),
        Value::Object(members) => members.values().map(longest_list).max().unwrap_or(0),
        _ => 0,
    }
}

/// [`longest_list`] for a default value.
pub(crate) fn longest_const_list(value: &ConstValue) -> usize {
    match value {
        ConstValue::List(items) => items.iter().map(longest_const_list).fold(items.len(), usize::max),
        ConstValue::Object(members) => members.values().map(longest_const_list).max().unwrap_or(0),
        _ => 0,
    }
}
