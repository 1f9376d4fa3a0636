//! What a message to a person must not hold.

/// Texts of machines: Debug dumps, places in the source, SQL, other people's error types.
const OF_MACHINES: [&str; 22] = [
    "panicked",
    "backtrace",
    ".rs:",
    "src/",
    "Some(",
    "None",
    "Ok(",
    "Err(",
    "Os {",
    "Error {",
    "Error(",
    "kind:",
    "[]",
    "[\"",
    "SELECT ",
    "INSERT ",
    "CREATE TABLE",
    "sqlx",
    "sea_orm",
    "figment",
    "Execution Error",
    "Query Error",
];

/// Fails where a text holds what is not for people.
#[track_caller]
pub fn assert_for_people(text: &str) {
    for word in OF_MACHINES {
        assert!(!text.contains(word), "{word:?} is not for people:\n{text}");
    }
    assert!(!text.contains(": :") && !text.contains("::") && !text.contains(";;"), "a part is missing:\n{text}");
}
