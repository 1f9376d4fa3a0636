//! The spelling of a symbol.

use std::fmt;

/// A symbol, checked and in upper case: 1 to 20 of `A-Z 0-9 . - = ^ _ & /`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Symbol(String);

/// A text that cannot be a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a symbol of 1 to 20 letters, digits and . - = ^ _ & /, such as AAPL, BTC-USD, EURUSD=X or ATW.CS")]
pub struct SymbolError;

impl Symbol {
    /// The symbol's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Symbol {
    type Error = SymbolError;

    fn try_from(text: &str) -> Result<Self, SymbolError> {
        let text = text.trim();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-=^_&/".contains(&b);
        if (1..=20).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(SymbolError)
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_upper_case_and_short() {
        for (text, symbol) in [("aapl", "AAPL"), (" btc-usd ", "BTC-USD"), ("EURUSD=X", "EURUSD=X"), ("^gspc", "^GSPC")]
        {
            assert_eq!(Symbol::try_from(text).unwrap().as_str(), symbol);
        }
        for text in ["", "   ", "A B", "A\0", "ÄPFEL", "ABCDEFGHIJKLMNOPQRSTU", "A'B", "A\"", "A;--"] {
            assert_eq!(Symbol::try_from(text), Err(SymbolError), "{text:?}");
        }
    }
}
