//! What the contract asks of every part of the schema, checked on the exported SDL.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, FieldDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition};

use crate::sdl;

fn types() -> Vec<TypeDefinition> {
    let document = parse_schema(sdl()).unwrap();
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(definition.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    types.collect()
}

fn fields(definition: &TypeDefinition) -> Vec<FieldDefinition> {
    match &definition.kind {
        TypeKind::Object(object) => object.fields.iter().map(|field| field.node.clone()).collect(),
        TypeKind::Interface(interface) => interface.fields.iter().map(|field| field.node.clone()).collect(),
        _ => Vec::new(),
    }
}

fn type_named(name: &str) -> TypeDefinition {
    types().into_iter().find(|definition| definition.name.node == name).unwrap_or_else(|| panic!("no type {name}"))
}

/// The items of every list in it are non-null.
fn items_are_given(ty: &Type) -> bool {
    match &ty.base {
        BaseType::Named(_) => true,
        BaseType::List(item) => !item.nullable && items_are_given(item),
    }
}

#[test]
fn everything_has_a_description() {
    let mut missing = Vec::new();
    for definition in types() {
        let name = &definition.name.node;
        let mut check = |described: bool, part: &str| {
            if !described {
                missing.push(format!("{name}{part}"));
            }
        };
        let is_root = ["Query", "Mutation", "Subscription"].contains(&name.as_str());
        check(is_root || definition.description.is_some(), "");
        for field in fields(&definition) {
            check(field.description.is_some(), &format!(".{}", field.name.node));
            for argument in &field.arguments {
                check(
                    argument.node.description.is_some(),
                    &format!(".{}({})", field.name.node, argument.node.name.node),
                );
            }
        }
        match &definition.kind {
            TypeKind::InputObject(input) => {
                input
                    .fields
                    .iter()
                    .for_each(|f| check(f.node.description.is_some(), &format!(".{}", f.node.name.node)));
            }
            TypeKind::Enum(values) => {
                values
                    .values
                    .iter()
                    .for_each(|v| check(v.node.description.is_some(), &format!(".{}", v.node.value.node)));
            }
            _ => {}
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn root_fields_are_nullable_and_list_items_are_not() {
    for root in ["Query", "Mutation"] {
        for field in fields(&type_named(root)) {
            assert!(field.ty.node.nullable, "{root}.{}", field.name.node);
        }
    }
    for definition in types() {
        for field in
            fields(&definition).iter().filter(|field| field.name.node != "nodes" || definition.name.node != "Query")
        {
            assert!(items_are_given(&field.ty.node), "{}.{}", definition.name.node, field.name.node);
        }
    }
}

#[test]
fn a_mutation_takes_one_input_and_answers_with_a_payload() {
    for field in fields(&type_named("Mutation")) {
        let name = field.name.node.as_str();
        let pascal = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let arguments: Vec<_> =
            field.arguments.iter().map(|a| format!("{}: {}", a.node.name.node, a.node.ty.node)).collect();
        // An order is tried with what it would be placed with.
        let input = if name == "simulateOrder" { "PlaceOrder" } else { pascal.as_str() };
        assert_eq!(arguments, [format!("input: {input}Input!")], "{name}");
        assert_eq!(field.ty.node.to_string(), format!("{pascal}Payload"), "{name}");
        let errors = fields(&type_named(&format!("{pascal}Payload")));
        let errors = errors.iter().find(|field| field.name.node == "userErrors").unwrap();
        assert_eq!(errors.ty.node.to_string(), "[UserError!]!", "{name}");
    }
}

#[test]
fn the_names_of_the_contract_are_there() {
    let has = |name: &str, wanted: &[&str]| {
        let definition = type_named(name);
        let mut there: Vec<String> = fields(&definition).iter().map(|field| field.name.node.to_string()).collect();
        match &definition.kind {
            TypeKind::InputObject(input) => there.extend(input.fields.iter().map(|f| f.node.name.node.to_string())),
            TypeKind::Enum(values) => there.extend(values.values.iter().map(|v| v.node.value.node.to_string())),
            _ => {}
        }
        for wanted in wanted {
            assert!(there.iter().any(|name| name == wanted), "{name}.{wanted} is not in {there:?}");
        }
    };
    has("Query", &["node", "nodes", "viewer", "signals", "signal", "latestSignals", "signalDeliveries"]);
    has(
        "Mutation",
        &["register", "login", "refreshSession", "logout", "recordSignal", "recordSignals", "createSignalSource"],
    );
    has("Query", &["indicators", "signalStats", "strategies", "similarSignals"]);
    has("Mutation", &["analyze", "switchStrategy"]);
    has("AnalyzeInput", &["symbol", "timeframe", "mode", "strategy"]);
    has("AnalyzePayload", &["outcome", "signal", "userErrors"]);
    has("Query", &["schedulerStatus", "schedulerRuns"]);
    has("Mutation", &["runJob", "pauseJob", "resumeJob", "breakSchedulerLock"]);
    has(
        "Query",
        &["accounts", "account", "positions", "portfolio", "accountMetrics", "equityCurve", "dailyPnl", "tradeHistory"],
    );
    has("Mutation", &["openAccount", "placeOrder", "simulateOrder", "closeTrade", "closeAll"]);
    has("OpenAccountInput", &["currency", "initialBalance", "leverage"]);
    has(
        "PlaceOrderInput",
        &[
            "accountId",
            "symbol",
            "side",
            "quantity",
            "type",
            "limitPrice",
            "stopPrice",
            "stopLoss",
            "takeProfit",
            "clientOrderId",
        ],
    );
    has("PlaceOrderPayload", &["order", "trade", "account", "replayed", "userErrors"]);
    has("CloseTradeInput", &["tradeId", "quantity", "clientOrderId"]);
    has("CloseTradePayload", &["trade", "account", "replayed", "userErrors"]);
    has("Subscription", &["accountChanged"]);
    has("Subscription", &["signalRecorded", "schedulerRunFinished"]);
    has("SchedulerStatus", &["lock", "jobs"]);
    has("SchedulerLock", &["name", "holder", "fencingToken", "acquiredAt", "expiresAt", "isHeld"]);
    has("SchedulerRunStatus", &["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABANDONED"]);
    has("Viewer", &["user", "tenant", "role", "permissions", "session"]);
    has(
        "Signal",
        &[
            "id",
            "symbol",
            "asset",
            "timeframe",
            "mode",
            "strategy",
            "signalTime",
            "direction",
            "confidence",
            "entry",
            "target",
            "stop",
            "summary",
            "reasons",
            "source",
            "audience",
            "author",
            "payload",
            "outcome",
            "createdAt",
        ],
    );
    has(
        "RecordSignalInput",
        &[
            "symbol",
            "mode",
            "timeframe",
            "signalTime",
            "direction",
            "confidence",
            "strategy",
            "entry",
            "target",
            "stop",
            "summary",
            "reasons",
            "audience",
            "payload",
            "onDuplicate",
        ],
    );
    has("RecordSignalsPayload", &["results", "inserted", "ignored", "updated", "refused", "userErrors"]);
    has("CreateSignalSourcePayload", &["source", "url", "token", "userErrors"]);
    has("RegisterInput", &["email", "password", "firstName", "lastName", "acceptTerms"]);
    has("LoginInput", &["email", "password", "rememberMe", "tenant"]);
    has("SessionTokens", &["accessToken", "accessTokenExpiresAt", "refreshToken", "refreshTokenExpiresAt"]);
    has("SignalEvent", &["sequence", "signal"]);
    has("UserError", &["code", "message", "path", "limit", "retryAfterSeconds"]);
    has("Role", &["TRADER", "SUPPORT", "SELLER", "ADMIN", "OWNER"]);
    has("Timeframe", &["M1", "M5", "M15", "H1", "H4", "D1", "W1"]);
    has("SignalConnection", &["edges", "nodes", "pageInfo", "totalCount"]);
}

#[test]
fn the_guard_knows_every_credential_field() {
    let model = bellwether_guard::CostModel::from_sdl(&sdl()).unwrap();
    let guard = bellwether_guard::Guard::new(model, bellwether_guard::Limits::default(), crate::CREDENTIAL_FIELDS);
    assert_eq!(guard.unknown_credential_fields(), Vec::<&str>::new());
}
