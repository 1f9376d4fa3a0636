//! The words of letters: one file a language, and one frame for each form.
//!
//! A sentence is a template itself; what it is filled with is text of a single line. The HTML frame escapes every
//! sentence as a whole, so that nothing that a person typed becomes markup.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bellwether_domain::locale::Locale;
use bellwether_domain::mail::{Letter, Notice};
use minijinja::{Environment, UndefinedBehavior, context};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::challenge;

/// A letter, written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Words of the domain in one language.
pub(super) type Terms = BTreeMap<String, String>;

/// Why a letter cannot be written: a bug in its words, which tests of every letter would meet.
#[derive(Debug, thiserror::Error)]
pub(super) enum WordsError {
    #[error("the words of a letter cannot be read: {0}")]
    Read(#[from] toml::de::Error),
    #[error("there are no words for {0}")]
    Missing(&'static str),
    #[error("the words of a letter cannot be filled in: {0}")]
    Fill(#[from] minijinja::Error),
}

/// The words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    greeting: String,
    greeting_by_name: String,
    link_fallback: String,
    signature: String,
    /// What is written for a word of the domain, such as a rule.
    terms: Terms,
    letters: BTreeMap<String, Sentences>,
}

/// The words of one letter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentences {
    subject: String,
    /// One that comes to nothing is left out.
    paragraphs: Vec<String>,
    /// What the link says.
    action: Option<String>,
    /// What follows below.
    note: Option<String>,
}

static FRAMES: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut frames = Environment::new();
    frames.set_undefined_behavior(UndefinedBehavior::Strict);
    // What ends in .html is escaped, by minijinja's own rule.
    frames.add_template("frame.html", include_str!("templates/frame.html"))?;
    frames.add_template("frame.txt", include_str!("templates/frame.txt"))?;
    Ok(frames)
});

static ENGLISH: LazyLock<Result<Words, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("templates/en.toml")));
static SPANISH: LazyLock<Result<Words, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(include_str!("templates/es.toml")));

/// Writes a letter in its language.
pub(super) fn write(letter: &Letter) -> Result<Written, WordsError> {
    let frames = FRAMES.as_ref().map_err(|error| WordsError::Fill(copy(error)))?;
    let words = match letter.locale {
        Locale::En => &*ENGLISH,
        Locale::Es => &*SPANISH,
    };
    let words = words.as_ref().map_err(|error| WordsError::Read(error.clone()))?;
    let what = letter.notice.as_str();
    let sentences = words.letters.get(what).ok_or(WordsError::Missing(what))?;
    let (link, hours) = match &letter.notice {
        Notice::VerifyEmail { link, hours }
        | Notice::ResetPassword { link, hours }
        | Notice::Invitation { link, hours } => (Some(link.expose_secret()), Some(*hours)),
        Notice::Challenge(news) => (news.link.as_deref(), None),
        Notice::PasswordChanged | Notice::AccountClosed => (None, None),
    };
    let challenge = match &letter.notice {
        Notice::Challenge(news) => Some(challenge::facts(news, letter.locale, &words.terms)?),
        _ => None,
    };
    let facts = context! {
        name => letter.name.as_deref().map(one_line),
        tenant => one_line(&letter.tenant),
        hours,
        days => hours.map(|hours| hours / 24),
        challenge,
    };
    let fill = |sentence: &String| frames.render_str(sentence, facts.clone());
    let subject = fill(&sentences.subject)?;
    let greeting = if letter.name.is_some() { &words.greeting_by_name } else { &words.greeting };
    let mut paragraphs = sentences.paragraphs.iter().map(fill).collect::<Result<Vec<_>, _>>()?;
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let frame = context! {
        locale => letter.locale.as_str(),
        subject => subject.clone(),
        greeting => fill(greeting)?,
        paragraphs,
        action => sentences.action.as_ref().map(fill).transpose()?,
        link,
        link_fallback => fill(&words.link_fallback)?,
        note => sentences.note.as_ref().map(fill).transpose()?,
        signature => fill(&words.signature)?,
    };
    let html = frames.get_template("frame.html")?.render(frame.clone())?;
    let text = frames.get_template("frame.txt")?.render(frame)?;
    Ok(Written { subject, text, html })
}

/// The text without line breaks or other control characters: it may stand in a header.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same error again: minijinja's cannot be cloned.
fn copy(error: &minijinja::Error) -> minijinja::Error {
    minijinja::Error::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(locale: Locale, notice: Notice) -> Letter {
        Letter {
            id: uuid::Uuid::nil(),
            to: "ana@example.com".to_owned(),
            name: Some("Ana".to_owned()),
            locale,
            tenant: "Atlas Signals".to_owned(),
            notice,
        }
    }

    fn notices() -> [Notice; 5] {
        let link = || "https://app.example.com/page#token=bwv_secret".into();
        [
            Notice::VerifyEmail { link: link(), hours: 24 },
            Notice::ResetPassword { link: link(), hours: 1 },
            Notice::Invitation { link: link(), hours: 168 },
            Notice::PasswordChanged,
            Notice::AccountClosed,
        ]
    }

    #[test]
    fn every_letter_is_written_in_every_language_in_both_forms() {
        for notice in notices() {
            let subjects = Locale::ALL.map(|locale| {
                let written = write(&letter(locale, notice.clone())).unwrap();
                for part in [&written.text, &written.html] {
                    assert!(part.contains("Atlas Signals") && part.contains("Ana"), "{part}");
                    assert!(!part.contains("{{") && !part.contains("{%"), "{part}");
                    let has_link = !matches!(notice, Notice::PasswordChanged | Notice::AccountClosed);
                    let shown = part.replace("&#x2f;", "/");
                    assert_eq!(shown.contains("https://app.example.com/page#token=bwv_secret"), has_link, "{part}");
                }
                assert!(written.html.contains(&format!("lang=\"{}\"", locale.as_str())), "{}", written.html);
                written.subject
            });
            assert_ne!(subjects[0], subjects[1], "translated");
        }
    }

    #[test]
    fn no_language_has_words_that_another_lacks() {
        let (english, spanish) = (ENGLISH.as_ref().unwrap(), SPANISH.as_ref().unwrap());
        assert!(english.letters.keys().eq(spanish.letters.keys()));
        assert!(english.terms.keys().eq(spanish.terms.keys()));
        for (what, sentences) in &english.letters {
            let other = &spanish.letters[what];
            assert_eq!(sentences.paragraphs.len(), other.paragraphs.len(), "{what}");
            assert_eq!(sentences.action.is_some(), other.action.is_some(), "{what}");
            assert_eq!(sentences.note.is_some(), other.note.is_some(), "{what}");
        }
    }

    #[test]
    fn what_people_type_is_neither_markup_nor_a_template() {
        let typed = "<b>{{ 7 * 7 }}</b> & \"co\"\r\nBcc: x@y.z";
        let letter = Letter {
            name: Some(typed.to_owned()),
            tenant: typed.to_owned(),
            ..letter(Locale::En, Notice::PasswordChanged)
        };
        let written = write(&letter).unwrap();
        assert!(!written.html.contains("<b>") && written.html.contains("&lt;b&gt;"), "{}", written.html);
        assert!(written.text.contains("<b>{{ 7 * 7 }}</b>") && !written.text.contains("49"), "{}", written.text);
        assert!(!written.subject.contains(['\r', '\n']), "{:?}", written.subject);
    }

    #[test]
    fn whoever_is_not_known_by_name_is_greeted_without_one() {
        let written = write(&Letter { name: None, ..letter(Locale::Es, Notice::PasswordChanged) }).unwrap();
        assert!(written.text.starts_with("Hola:"), "{}", written.text);
    }
}
