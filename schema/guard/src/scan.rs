//! The pre-scan: one pass over the bytes of a document that counts tokens and nested brackets.
//!
//! It knows just enough of the lexical grammar to tell brackets from text: strings, block strings and comments. It runs
//! before the parser because the parser recurses into brackets and spends time on every token.

/// What [`scan`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Lexical tokens: punctuators, names, numbers and strings. A byte that starts none of them counts as one.
    pub(crate) tokens: usize,
    /// Most brackets open at one place.
    pub(crate) nesting: usize,
}

/// A block string that is opened at this byte and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unterminated {
    /// Offset of the opening quotes.
    pub(crate) offset: usize,
}

/// Counts the tokens and the nesting of `source`.
///
/// A string ends at the end of its line, whether it is closed or not; the parser stops there if it is not.
///
/// # Errors
///
/// A block string without an end is a syntax error; it is reported here so that the scan and the parser agree on where
/// every string ends.
pub(crate) fn scan(source: &str) -> Result<Scan, Unterminated> {
    let bytes = source.as_bytes();
    let mut found = Scan { tokens: 0, nesting: 0 };
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        // How far the thing at `at` reaches, and whether it is a token.
        let (length, is_token) = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => (1, false),
            b'#' => (line(rest), false),
            _ if rest.starts_with("\u{feff}".as_bytes()) => ("\u{feff}".len(), false),
            b'"' if rest.starts_with(b"\"\"\"") => (block_string(rest).ok_or(Unterminated { offset: at })?, true),
            b'"' => (string(rest), true),
            b'.' if rest.starts_with(b"...") => (3, true),
            b'{' | b'[' | b'(' => {
                open += 1;
                found.nesting = found.nesting.max(open);
                (1, true)
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                (1, true)
            }
            b'-' | b'0'..=b'9' => (number(rest), true),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => (run(rest, |byte| byte == b'_' || byte.is_ascii_alphanumeric()), true),
            _ => (1, true),
        };
        found.tokens += usize::from(is_token);
        at += length;
    }
    Ok(found)
}

/// How many bytes at the start of `rest` satisfy `belongs`.
fn run(rest: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len())
}

/// Length up to the end of the line, without the line break.
fn line(rest: &[u8]) -> usize {
    run(rest, |byte| byte != b'\n' && byte != b'\r')
}

/// Length of the string that starts `rest`, with its quotes; up to the end of the line if it is not closed.
fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match rest.get(at) {
            None | Some(b'\n' | b'\r') => return at,
            Some(b'"') => return at + 1,
            // An escape is two bytes, unless the line ends in between.
            Some(b'\\') if !matches!(rest.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// Length of the block string that starts `rest`, with its quotes; `None` if it is not closed.
fn block_string(rest: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        let tail = rest.get(at..)?;
        if tail.starts_with(b"\"\"\"") {
            return Some(at + 3);
        }
        at += match tail.first()? {
            b'\\' if tail.starts_with(b"\\\"\"\"") => 4,
            _ => 1,
        };
    }
}

/// Length of the number that starts `rest`: a sign, an integer without leading zeros, a fraction, an exponent. As in the
/// parser, what does not belong to it starts the next token.
fn number(rest: &[u8]) -> usize {
    let digits = |from: usize| run(rest.get(from..).unwrap_or_default(), |byte| byte.is_ascii_digit());
    let mut at = usize::from(rest.first() == Some(&b'-'));
    at += if rest.get(at) == Some(&b'0') { 1 } else { digits(at) };
    if rest.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if matches!(rest.get(at), Some(b'e' | b'E')) {
        let signed = at + 1 + usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
        if digits(signed) > 0 {
            at = signed + digits(signed);
        }
    }
    at
}
