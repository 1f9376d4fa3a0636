//! Lists as CSV (RFC 4180).

use std::borrow::Cow;

use crate::error::Fault;

/// Rows, the first of which names the columns, as CSV.
///
/// # Errors
/// Where there is a bug of ours.
pub(crate) fn write(rows: &[Vec<Cow<'_, str>>]) -> Result<String, Fault> {
    let bug = |error: &dyn std::fmt::Display| Fault::Bug(error.to_string());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(AsRef::as_ref)).map_err(|error| bug(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| bug(&error))?;
    String::from_utf8(bytes).map_err(|error| bug(&error))
}

/// What a spreadsheet may take for the beginning of a formula.
const TRIGGERS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// What begins a cell, or a line, where a spreadsheet separates cells by it, whatever the file means.
const SEPARATORS: [char; 3] = [';', '\t', '\n'];

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe stands before whatever could begin
/// one, also behind a semicolon, by which some languages' spreadsheets separate cells.
pub(crate) fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for character in text.chars() {
        if begins && TRIGGERS.contains(&character) {
            safe.push('\'');
        }
        safe.push(character);
        begins = SEPARATORS.contains(&character);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for (given, written) in [
            ("AAPL", "AAPL"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-X", "'-X"),
            ("+X", "'+X"),
            ("^GSPC", "^GSPC"),
            ("a-b=c", "a-b=c"),
            ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
            ("x\n@SUM(A1)", "x\n'@SUM(A1)"),
            ("＝1+1", "'＝1+1"),
        ] {
            assert_eq!(text(given), written);
        }
    }

    #[test]
    fn what_has_a_comma_or_a_quote_is_quoted() {
        let rows = [vec![Cow::from("a,b"), Cow::from("c\"d")], vec![Cow::from("e"), Cow::from("")]];
        assert_eq!(write(&rows).unwrap(), "\"a,b\",\"c\"\"d\"\r\ne,\r\n");
    }
}
