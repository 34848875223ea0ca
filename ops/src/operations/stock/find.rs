//! Where a code is.

use store::MysqlConnection;
use store::stock::{CodePlace, places};

use super::code_text::{Invisible, code_of};
use crate::failure::Failure;

/// Every product that has or had this code, as a buyer or a file shows it: with spaces and line ends around it, and with
/// invisible characters in it or tabs around it that its import may have kept or removed.
///
/// # Errors
/// [`Failure::Usage`]: no code can be like this.
pub(crate) fn find_code(
    connection: &mut MysqlConnection,
    text: &str,
) -> Result<Vec<CodePlace>, Failure> {
    let line = text.trim_matches([' ', '\r', '\n']);
    let mut problem = None;
    let mut was_looked_for = false;
    for (line, invisible) in
        [(line, Invisible::Keep), (line, Invisible::Remove), (line.trim(), Invisible::Remove)]
    {
        match code_of(line, invisible) {
            Ok(code) if code.is_empty() => {}
            Ok(code) => {
                was_looked_for = true;
                let found = places(connection, &code)?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            Err(why) => problem = Some(why),
        }
    }
    match problem {
        _ if was_looked_for => Ok(Vec::new()),
        Some(problem) => Err(Failure::Usage(format!("this is no code: it {problem}"))),
        None => Err(Failure::Usage("say which code".to_owned())),
    }
}
