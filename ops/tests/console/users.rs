//! Users of the console, one of each role.

use std::sync::LazyLock;

use crate::program::{NOBODY, Ops};

/// The password of every user here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The hash of a password, as the verb makes it.
pub(crate) fn hash(password: &str) -> String {
    let ops = Ops::at(NOBODY.0, NOBODY.1);
    ops.run_with(&["console-password"], format!("{password}\n").as_bytes())
        .done()
        .stdout
        .trim()
        .to_owned()
}

/// `vera` sees, `otto` operates, `ada` may do all: a value of `console.users`.
pub(crate) static USERS: LazyLock<String> = LazyLock::new(|| {
    let hash = hash(PASSWORD);
    let user = |(name, role)| format!("{name} = {{ role = \"{role}\", password = '{hash}' }}");
    let users = [("vera", "viewer"), ("otto", "operator"), ("ada", "admin")].map(user);
    format!("{{ {} }}", users.join(", "))
});
