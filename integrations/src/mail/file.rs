//! Mail into a folder.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bellwether_domain::mail::{Letter, MailError, Mailer};

use super::Sender;

/// Writes each letter to a file of its own, which the server's user alone can read: for development, and until there is
/// a mail server. The files open in any mail program.
#[derive(Debug)]
pub struct FileMailer {
    sender: Sender,
    folder: PathBuf,
}

impl FileMailer {
    /// Writes into this folder, which is made when the first letter comes.
    pub fn new(sender: Sender, folder: impl Into<PathBuf>) -> Self {
        Self { sender, folder: folder.into() }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = self.sender.message(letter)?.formatted();
        // Its id begins with the time, so that files are listed in the order in which they were asked for.
        let file = self.folder.join(format!("{}.eml", letter.id));
        let shown = file.display().to_string();
        let written = tokio::task::spawn_blocking(move || write(&file, &message)).await;
        written
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| MailError::Failed(format!("{shown} cannot be written: {error}")))?;
        tracing::info!(file = shown, what = letter.notice.as_str(), "a letter was written to a file");
        Ok(())
    }
}

fn write(file: &Path, message: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(message)
}

#[cfg(test)]
mod tests {
    use bellwether_domain::locale::Locale;
    use bellwether_domain::mail::Notice;

    use super::*;

    #[tokio::test]
    async fn a_letter_is_a_file_that_only_its_owner_reads() {
        let place = tempfile::tempdir().unwrap();
        let mailer = FileMailer::new("Bell <no-reply@example.com>".parse().unwrap(), place.path().join("mail"));
        let letter = Letter {
            id: uuid::Uuid::nil(),
            to: "ana@example.com".to_owned(),
            name: None,
            locale: Locale::Es,
            tenant: "Señales".to_owned(),
            notice: Notice::VerifyEmail { link: "https://app.example.com/verify-email#token=bwv_x".into(), hours: 24 },
        };
        mailer.send(&letter).await.unwrap();
        mailer.send(&letter).await.unwrap();
        let file = place.path().join("mail/00000000-0000-0000-0000-000000000000.eml");
        let text = std::fs::read_to_string(&file).unwrap();
        for part in [
            "To: ana@example.com\r\n",
            "From: Bell <no-reply@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.com>\r\n",
            "multipart/alternative",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told() {
        let mailer = FileMailer::new("no-reply@example.com".parse().unwrap(), "/dev/null/mail");
        let letter = Letter {
            id: uuid::Uuid::nil(),
            to: "ana@example.com".to_owned(),
            name: None,
            locale: Locale::En,
            tenant: "Atlas".to_owned(),
            notice: Notice::PasswordChanged,
        };
        assert!(matches!(mailer.send(&letter).await, Err(MailError::Failed(_))));
        let wrong = Letter { to: "ana@example.com\r\nBcc: eve@example.com".to_owned(), ..letter };
        assert!(matches!(mailer.send(&wrong).await, Err(MailError::Refused(_))), "no header comes in by an address");
    }
}
