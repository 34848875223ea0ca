//! The verbs in the help text of `ops`, by what an operator has before them.

use clap::Command;

/// Headings with their verbs, in the order in which they are shown.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Health", &["status", "check", "audit", "certs", "console", "console-password", "notify"]),
    (
        "Orders and money",
        &["order", "pay-link", "query", "reconcile", "refund", "refund-requests", "close"],
    ),
    ("Goods", &["product", "stock"]),
    ("What needs a person", &["review", "dlq", "retries", "pause", "resume", "verify"]),
    ("Installation", &["migrate", "topology", "config", "prune", "actions"]),
    ("This program", &["completions", "man", "help"]),
];

/// The command line with its verbs in groups.
pub(crate) fn grouped(command: Command) -> Command {
    let verbs = verbs(&command);
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{verbs}\nOptions:\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

fn verbs(command: &Command) -> String {
    let about = |name: &str| match command.find_subcommand(name) {
        Some(verb) => verb.get_about().map(ToString::to_string).unwrap_or_default(),
        // Clap adds this one itself.
        None => "Print this text, or the help of a verb".to_owned(),
    };
    let longest = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter()).map(|verb| verb.len()).max();
    let width = longest.unwrap_or_default();
    let mut text = String::new();
    for (heading, verbs) in GROUPS {
        text.push_str(&format!("{heading}:\n"));
        for verb in verbs {
            text.push_str(&format!("  {verb:<width$}  {}\n", about(verb)));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_verb_stands_in_one_group() {
        let command = crate::OpsArgs::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| *verbs).copied().collect();
        let there: BTreeSet<&str> =
            command.get_subcommands().map(Command::get_name).chain(["help"]).collect();
        grouped.sort_unstable();
        assert_eq!(grouped, there.into_iter().collect::<Vec<_>>());
        let text = super::grouped(command).render_long_help().to_string();
        for (heading, _) in GROUPS {
            assert!(text.contains(&format!("\n{heading}:\n")), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }
}
