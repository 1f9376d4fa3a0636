//! What backups are called: `bellwether-INSTALLATION-TIME.tar.zst`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Timelike, Utc};

const PREFIX: &str = "bellwether-";
const SUFFIX: &str = ".tar.zst";
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The name of a backup: of which installation, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// When it was begun, in UTC, to the second.
    pub(super) at: DateTime<Utc>,
    /// Which installation it is of, in hexadecimal digits.
    pub(super) installation: String,
}

impl Name {
    /// The name of a backup that is made now.
    pub(super) fn new(installation: &str, now: DateTime<Utc>) -> Self {
        Self { at: now.with_nanosecond(0).unwrap_or(now), installation: installation.to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}{SUFFIX}", self.installation, self.at.format(TIME))
    }
}

/// That a name is none of a backup.
#[derive(Debug)]
pub(super) struct NotABackup;

impl FromStr for Name {
    type Err = NotABackup;

    fn from_str(name: &str) -> Result<Self, NotABackup> {
        let inner = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)).ok_or(NotABackup)?;
        let (installation, time) = inner.split_once('-').ok_or(NotABackup)?;
        let at = NaiveDateTime::parse_from_str(time, TIME).map_err(|_| NotABackup)?.and_utc();
        let parsed = Self { at, installation: installation.to_owned() };
        // What is written in any other way is not one of ours.
        if parsed.to_string() == name && !installation.is_empty() { Ok(parsed) } else { Err(NotABackup) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_exactly_a_name_is_one() {
        let name = "bellwether-0123456789abcdef-20261122T031500Z.tar.zst";
        let parsed: Name = name.parse().unwrap();
        assert_eq!(parsed.at.to_rfc3339(), "2026-11-22T03:15:00+00:00");
        assert_eq!((parsed.installation.as_str(), parsed.to_string().as_str()), ("0123456789abcdef", name));
        for other in [
            "bellwether-0123456789abcdef-20261122T031500Z.tar.zst.partial",
            ".bellwether-0123456789abcdef-20261122T031500Z.tar.zst",
            "bellwether-0123456789abcdef-20261322T031500Z.tar.zst",
            "bellwether-0123456789abcdef-20261122T31500Z.tar.zst",
            "bellwether--20261122T031500Z.tar.zst",
            "bellwether-0123456789abcdef-20261122.tar.zst",
            "notes.txt",
        ] {
            assert!(other.parse::<Name>().is_err(), "{other}");
        }
    }
}
