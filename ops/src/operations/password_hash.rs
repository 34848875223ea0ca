//! Passwords of the console's users: their hashes (argon2id), made and compared.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::failure::Failure;

/// The fewest characters of a password.
pub(crate) const SHORTEST: usize = 8;
/// The most bytes of one: what is longer is no password, and would only take time.
pub(crate) const LONGEST: usize = 1024;

/// The hash of a password as a PHC string, `$argon2id$v=19$...`, with a salt of its own.
///
/// # Errors
/// [`Failure::Usage`] where the password is too short or too long.
pub(crate) fn hash(password: &str) -> Result<String, Failure> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(Failure::Usage(format!(
            "a password has {SHORTEST} characters or more, and {LONGEST} bytes at most"
        )));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Failure::CouldNotAsk(error.to_string()))
}

/// Checks that a text is such a hash.
///
/// # Errors
/// What is wrong with it, without the text.
pub(crate) fn check_form(hash: &str) -> Result<(), String> {
    PasswordHash::new(hash).map(|_| ()).map_err(|error| error.to_string())
}

/// Whether the password has this hash. Takes some 20 milliseconds and 19 MiB, as the hash says: it must not be cheap to guess.
pub(crate) fn is_password(password: &str, hash: &str) -> bool {
    let matches = |hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    password.len() <= LONGEST && PasswordHash::new(hash).is_ok_and(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_its_hash_and_no_other() {
        let [first, second] = [(); 2].map(|()| hash("correct horse").unwrap());
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second, "the salt is the same");
        assert_eq!(check_form(&first), Ok(()));
        assert!(is_password("correct horse", &first) && is_password("correct horse", &second));
        for wrong in ["", "correct", "Correct horse", &"x".repeat(LONGEST + 1)] {
            assert!(!is_password(wrong, &first), "{wrong}");
        }
        assert!(!is_password("correct horse", "correct horse"));
        assert!(check_form("$argon2id$v=19$rubbish").is_err());
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        for wrong in ["", "1234567", &"x".repeat(LONGEST + 1)] {
            assert!(matches!(hash(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
        assert!(hash("八个字符的密码好").is_ok());
    }
}
