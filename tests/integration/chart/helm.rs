//! The real helm, where there is one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the chart is, in the repository.
pub(crate) const CHART: &str = "charts/jobguard";

/// The sets of values that the chart is shown with: its own, and those in its folder `ci`.
pub(crate) const CASES: [&str; 5] =
    ["default", "cert-manager", "cert-manager-issuer", "existing-secret", "everything"];

/// A helm that runs.
pub(crate) struct Helm(PathBuf);

impl Helm {
    /// The helm that `HELM` names, that is on the PATH, or that `.ci/run test` has installed; or prints why there is none.
    ///
    /// # Panics
    /// If `HELM` names no file: a helm that is named is one that the tests should not pass without.
    pub(crate) fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if let Some(named) = std::env::var_os("HELM").filter(|name| !name.is_empty()).map(PathBuf::from) {
            assert!(named.is_file(), "HELM names no file: {}", named.display());
            return Some(Self(named));
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).map(|folder| folder.join("helm"));
        let mut all = on_path.chain([root.join("target/helm/bin/helm")]);
        let Some(helm) = all.find(|path| path.is_file()) else {
            let _ = writeln!(std::io::stderr(), "skipped: there is no helm; `.ci/run test` installs it");
            return None;
        };
        Some(Self(helm))
    }

    /// The folder that it is in, for a `PATH`.
    #[cfg(unix)]
    #[allow(dead_code, reason = "not every test that renders runs scripts")]
    pub(crate) fn folder(&self) -> &Path {
        self.0.parent().unwrap()
    }

    /// Runs it in the repository's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.0)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("HELM_NO_PLUGINS", "1")
            .output()
            .unwrap()
    }

    /// What the chart renders for one of [`CASES`], installed as `rel` in the namespace `guard`.
    pub(crate) fn template(&self, case: &str, more: &[&str]) -> String {
        let values = values(case);
        let mut arguments = vec!["template", "rel", CHART, "--namespace", "guard"];
        arguments.extend(values.iter().flat_map(|file| ["--values", file.as_str()]));
        arguments.extend(more);
        let output = self.run(&arguments);
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The values file of one of [`CASES`].
pub(crate) fn values(case: &str) -> Option<String> {
    (case != "default").then(|| format!("{CHART}/ci/{case}-values.yaml"))
}
