//! The spelling of an email address.

use std::fmt;

/// An email address, checked: what mail servers take, not all that RFC 5322 allows.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// A text that cannot be an email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an email address like name@example.com, at most 254 characters")]
pub struct EmailError;

impl Email {
    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as it is compared: in lower case.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl TryFrom<&str> for Email {
    type Error = EmailError;

    /// One `@`; 1 to 64 printable characters before it, without spaces, quotes, commas, brackets, leading, trailing or
    /// doubled dots; behind it a host name of two or more labels (RFC 1123). 254 bytes in all (RFC 5321, 4.5.3.1.3).
    fn try_from(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches(' ');
        let (local, host) = text.rsplit_once('@').ok_or(EmailError)?;
        let local_ok = (1..=64).contains(&local.len())
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(|c| !c.is_control() && !c.is_whitespace() && !r#"@,;:<>()[]\""#.contains(c));
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c == '-' || c.is_alphanumeric())
        };
        let host_ok = host.contains('.') && host.split('.').all(label_ok);
        if local_ok && host_ok && text.len() <= 254 { Ok(Self(text.to_owned())) } else { Err(EmailError) }
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_mail_servers_take() {
        for text in ["a@b.co", " first.last+tag@Example.COM ", "o'brien@mail.example.org", "señor@correo.example"] {
            assert!(Email::try_from(text).is_ok(), "{text}");
        }
        assert_eq!(Email::try_from("Ana@Example.COM").unwrap().key(), "ana@example.com");
    }

    #[test]
    fn refuses_what_they_would_not() {
        let long = format!("{}@example.com", "a".repeat(390));
        for text in [
            "",
            "@",
            "a@",
            "@b.co",
            "a@b",
            "a b@c.de",
            "a@b.co\r\nBcc: x@y.z",
            "a..b@c.de",
            ".a@b.co",
            "a@-b.co",
            "a@b..co",
            "<a@b.co>",
            "a@b.co,c@d.ef",
            "a\0@b.co",
            &long,
        ] {
            assert_eq!(Email::try_from(text), Err(EmailError), "{text:?}");
        }
    }
}
