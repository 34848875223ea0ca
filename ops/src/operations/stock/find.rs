//! Where a code is.

use store::MysqlConnection;
use store::stock::{CodePlace, places};

use super::code_text::{Invisible, code_of};
use crate::failure::Failure;

/// Every product that has or had this code, as a buyer or a file shows it: with spaces and line ends around it, and with
/// invisible characters in it that its import may have removed.
///
/// # Errors
/// [`Failure::Usage`]: no code can be like this.
pub(crate) fn find_code(
    connection: &mut MysqlConnection,
    text: &str,
) -> Result<Vec<CodePlace>, Failure> {
    let text = text.trim_matches([' ', '\r', '\n']);
    for invisible in [Invisible::Keep, Invisible::Remove] {
        let code = code_of(text, invisible)
            .map_err(|problem| Failure::Usage(format!("this is no code: it {problem}")))?;
        if code.is_empty() {
            return Err(Failure::Usage("say which code".to_owned()));
        }
        let found = places(connection, &code)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
