//! README shows what the demo prints: every title and every result there stands in the demo's own code.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of the first block that begins with the demo's first scene.
fn sample(readme: &str) -> Vec<String> {
    let text = read(readme);
    let from = text.find("\n1. A payment, repeated three times").expect("the sample");
    let sample = &text[from..];
    let end = sample.find("\n```").expect("its end");
    sample[..end].lines().map(str::to_owned).collect()
}

#[test]
fn the_samples_of_readme_are_what_the_demo_prints() {
    let source = [read("src/scenes.rs"), read("src/scenes/workers_away.rs")].concat();
    for readme in ["../README.md", "../README.zh-CN.md"] {
        let (mut titles, mut results) = (0, 0);
        for line in sample(readme) {
            let number = line.split_once(". ").filter(|(number, _)| number.parse::<u32>().is_ok());
            if number.is_some() {
                titles += 1;
                assert!(source.contains(&line), "{readme}: no scene is called {line:?}");
            } else if let Some(result) = line.trim().strip_prefix("✓ ") {
                results += 1;
                let (order, what) = result.split_once(": ").expect("an order");
                // The time is another one each time.
                let what = what.rsplit_once(" (").expect("a time").0;
                assert!(source.contains(order), "{readme}: the demo has no order {order}");
                assert!(source.contains(&format!("\"{what}\"")), "{readme}: {what:?}");
            }
        }
        let all = source.matches("say(\"\\n").count() + source.matches("\"\\n11.").count();
        assert!(titles >= 8 && titles <= all, "{readme}: {titles} of {all} scenes");
        assert!(results >= 9, "{readme}: {results}");
    }
}
