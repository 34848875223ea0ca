//! The registry of crash points against the sources.

use std::path::Path;

use service::crash_point;

/// Collects the names of all `crash_point!` calls below a folder.
fn collect(folder: &Path, names: &mut Vec<String>) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).expect("a source");
            let calls = source.split("crash_point!(\"").skip(1);
            names.extend(calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
        }
    }
}

#[test]
fn every_crash_point_is_registered_and_used_once() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut in_the_code = Vec::new();
    for folder in ["worker/src", "ingress/src", "ops/src", "common"] {
        collect(&workspace.join(folder), &mut in_the_code);
    }
    in_the_code.sort();
    let mut registered = crash_point::ALL.to_vec();
    registered.sort_unstable();
    assert_eq!(in_the_code, registered);
}
