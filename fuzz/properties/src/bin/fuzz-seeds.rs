//! Writes the seeds of every target: `fuzz-seeds FOLDER` fills `FOLDER/TARGET/`.

use std::path::Path;
use std::{env, fs, io};

use fuzz_properties::TARGETS;

fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: fuzz-seeds FOLDER"))?;
    for target in TARGETS {
        let folder = Path::new(&folder).join(target.name);
        fs::create_dir_all(&folder)?;
        for (at, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{at:03}")), seed)?;
        }
    }
    Ok(())
}
