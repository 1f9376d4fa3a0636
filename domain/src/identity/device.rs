//! What a User-Agent header says in plain words.

use woothee::parser::Parser;

/// Letters that are shown of a program that only calls itself something.
const LONGEST_NAME: usize = 40;

/// What the parser calls what it does not know better.
const VAGUE: [&str; 3] = ["UNKNOWN", "HTTP Library", "misc crawler"];

/// The browser and the system, such as "Chrome on Windows 10"; of other programs their own name, such as "curl"; none
/// where the header says neither.
pub(super) fn device(user_agent: &str) -> Option<String> {
    let Some(known) = Parser::new().parse(user_agent).filter(|known| !VAGUE.contains(&known.name)) else {
        let name: String = user_agent.split(['/', ' ', ';', '(']).next()?.chars().take(LONGEST_NAME).collect();
        return (!name.is_empty()).then_some(name);
    };
    let system = if known.os == "Mac OSX" { "macOS" } else { known.os };
    Some(if VAGUE.contains(&system) { known.name.to_owned() } else { format!("{} on {system}", known.name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_in_plain_words() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                Some("Chrome on Windows 10"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                Some("Edge on Windows 10"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                Some("Safari on macOS"),
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", Some("Firefox on Linux")),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
                Some("Safari on iPhone"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                Some("Chrome on Android"),
            ),
            ("curl/8.5.0", Some("curl")),
            ("bellwether-bot/1.2 (+https://example.com)", Some("bellwether-bot")),
            ("", None),
            ("(", None),
        ] {
            assert_eq!(device(user_agent).as_deref(), expected, "{user_agent}");
        }
    }
}
