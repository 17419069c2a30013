//! `cargo xtask`: see the README of this package.

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::kubernetes::{self, Options};

const USAGE: &str = "usage: cargo xtask kubernetes [--source MINOR=DIR]... [--check]";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<()> {
    match args.next().as_deref() {
        Some("kubernetes") => {
            for name in kubernetes::run(&options(args)?)? {
                println!("wrote {name}");
            }
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        match (arg.as_str(), arg.strip_prefix("--source=")) {
            ("--check", _) => options.check = true,
            ("--source", _) => match args.next() {
                Some(value) => options.add_source(&value)?,
                None => bail!("--source needs a value, such as 1.36=DIR"),
            },
            (_, Some(value)) => options.add_source(value)?,
            _ => bail!("`{arg}` is not known; {USAGE}"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Options> {
        options(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn reads_arguments() {
        assert_eq!(parsed(&[]).unwrap().sources, []);
        assert!(parsed(&["--check"]).unwrap().check);
        let both = parsed(&["--source", "1.36=a", "--source=1.35=b=c"]).unwrap().sources;
        let both: Vec<_> = both.iter().map(|(minor, dir)| format!("{minor} {}", dir.display())).collect();
        assert_eq!(both, ["1.36 a", "1.35 b=c"]);
        for bad in [&["--source"][..], &["--source", "a"], &["--source", "36=a"], &["x"]] {
            assert!(parsed(bad).is_err(), "{bad:?}");
        }
    }
}
