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

/// A text that no spreadsheet takes for a formula (OWASP, CSV injection).
pub(crate) fn text(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
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
