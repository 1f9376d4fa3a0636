//! `bellwether docs`: the pages of docs that are tables of the program.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use bellwether_domain::permission::{Permission, Role};
use bellwether_schema::{ErrorCode, user_error_codes};

use crate::cli::Page;
use crate::http::status;

/// Prints a page.
pub(crate) fn print(page: &Page) -> anyhow::Result<ExitCode> {
    let text = match page {
        Page::Permissions => permissions()?,
        Page::Errors => errors()?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Which role holds which permission: docs/permissions.md.
fn permissions() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "# Permissions\n\n\
         Printed by `bellwether docs permissions` from the one table that every guard asks (`domain/src/permission.rs`). A guard names\n\
         a permission, never a role. Nobody sees more than their own tenant but who holds TENANTS_READ_ALL. An API key holds of its\n\
         scopes what its user's role holds at that moment.\n\n",
    );
    write!(page, "| permission |")?;
    for role in Role::ALL {
        write!(page, " {} |", role.as_str())?;
    }
    writeln!(page, " API key | what it allows |")?;
    writeln!(page, "| --- |{} --- | --- |", " :-: |".repeat(Role::ALL.len()))?;
    let mark = |held: bool| if held { "yes" } else { "" };
    for permission in Permission::ALL {
        write!(page, "| {permission} |")?;
        for role in Role::ALL {
            write!(page, " {} |", mark(role.holds(*permission)))?;
        }
        let scope = if permission.is_scope() { "yes" } else { "never" };
        writeln!(page, " {scope} | {} |", permission.description())?;
    }
    Ok(page)
}

/// What can go wrong: docs/errors.md.
fn errors() -> Result<String, std::fmt::Error> {
    let mut page = String::from(
        "# Errors\n\n\
         Printed by `bellwether docs errors` from the program's own lists.\n\n\
         ## Top-level errors\n\n\
         They stand in `errors`, each with `extensions {code, requestId, retryable}`, and null the field that they are about. The\n\
         status is that of an answer of `application/graphql-response+json` in which they left nothing; with anything answered it\n\
         is 200.\n\n\
         | code | status | try again | what it says |\n| --- | --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let again = if code.is_retryable() { "yes" } else { "no" };
        let status = status::of_code(*code).as_u16();
        writeln!(page, "| {} | {status} | {again} | {} |", code.as_str(), code.description())?;
    }
    page.push_str(
        "\n## User errors\n\n\
         What the caller can mend by another input, or a person would see beside a form: in `userErrors` of a mutation's payload, with a\n\
         message and the path of the input, and with status 200. All that is wrong is told at once, at most 20.\n\n\
         | code | what it says |\n| --- | --- |\n",
    );
    for (code, description) in user_error_codes() {
        writeln!(page, "| {code} | {description} |")?;
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pages_are_those_of_the_program() {
        let committed = include_str!("../../../docs/permissions.md");
        assert_eq!(permissions().unwrap(), committed, "bellwether docs permissions > docs/permissions.md");
        let committed = include_str!("../../../docs/errors.md");
        assert_eq!(errors().unwrap(), committed, "bellwether docs errors > docs/errors.md");
    }
}
