//! `jobguard --version`

use jobguard_apiserver::{KubernetesVersion, ranges};
use jobguard_cron::zone_data_version;

/// What can be left out of the program, and whether it is in this one.
const FEATURES: [(&str, bool); 2] =
    [("serve", cfg!(feature = "serve")), ("cluster", cfg!(feature = "cluster"))];

/// One line; where more is asked for, also what the answers depend on.
pub(super) fn text(verbose: bool) -> String {
    let mut text = format!("jobguard {}\n", env!("CARGO_PKG_VERSION"));
    if verbose {
        let known: Vec<_> = KubernetesVersion::all().collect();
        let compared: Vec<_> = KubernetesVersion::all().filter(|version| version.is_compared()).collect();
        let features: Vec<_> = FEATURES.iter().filter(|(_, is_in)| *is_in).map(|(name, _)| *name).collect();
        let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
        for (name, value) in [
            ("Kubernetes versions", ranges(&known).join(", ")),
            ("compared with real servers", ranges(&compared).join(", ")),
            ("where none is named", KubernetesVersion::default().to_string()),
            ("time zone data", zone_data_version().to_owned()),
            ("features", features),
        ] {
            text += &format!("{name}: {value}\n");
        }
    }
    text
}
