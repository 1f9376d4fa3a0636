//! Texts that people and programs send: what no text may hold, and how long each may be.

use serde_json::Value;

use crate::error::Problem;

/// How alike two names are, of 1, where one may be meant by the other: Jaro and Winkler's measure.
const ALIKE: f64 = 0.7;

/// The known name that is spelt most like this one, if any is near; of equals the first in the alphabet.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let measured = known.into_iter().map(|known| (known, strsim::jaro_winkler(known, name)));
    let alike = measured.filter(|(_, likeness)| *likeness > ALIKE);
    alike.max_by(|(a, x), (b, y)| x.total_cmp(y).then_with(|| b.cmp(a))).map(|(known, _)| known)
}

/// One line of 1 to `most` characters, trimmed; no control characters.
///
/// # Errors
/// A problem that says what was expected.
pub fn line(text: &str, most: usize, path: &[&str]) -> Result<String, Problem> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > most || text.chars().any(char::is_control) {
        return Err(Problem::validation(path, format!("expected 1 to {most} characters on one line")));
    }
    Ok(text.to_owned())
}

/// A text of at most `most` characters, in which lines may break; no other control characters.
///
/// # Errors
/// A problem that says what was expected.
pub fn paragraph(text: &str, most: usize, path: &[&str]) -> Result<String, Problem> {
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > most || text.chars().any(bad) {
        return Err(Problem::validation(
            path,
            format!("expected at most {most} characters, without control characters"),
        ));
    }
    Ok(text.to_owned())
}

/// Whether a NUL is anywhere in the JSON; PostgreSQL can keep none.
pub fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The pattern of LIKE for whatever has the text in it; its escape is a backslash.
pub(crate) fn like_pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest_name_is_found_where_one_is_near() {
        let known = ["run_retention", "session_retention", "backup"];
        assert_eq!(nearest("backups", known), Some("backup"));
        assert_eq!(nearest("sesion_retention", known), Some("session_retention"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest("ab", ["abd", "abc"]), Some("abc"), "of equals the first in the alphabet");
    }

    #[test]
    fn lines_and_paragraphs_are_bounded() {
        assert_eq!(line("  Ana  ", 100, &["name"]).unwrap(), "Ana");
        for wrong in ["", "  ", "a\nb", "a\0b", "é".repeat(101).as_str()] {
            assert!(line(wrong, 100, &["name"]).is_err(), "{wrong:?}");
        }
        assert!(paragraph("a\nb\tc", 10, &["summary"]).is_ok());
        assert!(paragraph("a\0b", 10, &["summary"]).is_err());
        assert!(paragraph("12345678901", 10, &["summary"]).is_err());
    }

    #[test]
    fn a_pattern_takes_its_text_literally() {
        assert_eq!(like_pattern(r"50%_\o"), r"%50\%\_\\o%");
    }

    #[test]
    fn a_nul_is_found_at_any_depth() {
        assert!(has_nul(&json!({"a": [1, {"b\u{0}": true}]})));
        assert!(has_nul(&json!(["\u{0}"])));
        assert!(!has_nul(&json!({"a": [1, "b", null]})));
    }
}
