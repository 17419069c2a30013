//! Reads Kubernetes' lists of feature gates.
//!
//! A list is a map from gate to its default, or (since 1.31) to its default in each version:
//!
//! ```go
//! var defaultKubernetesFeatureGates = map[featuregate.Feature]featuregate.FeatureSpec{
//!     AppArmor: {Default: true, PreRelease: featuregate.GA, LockToDefault: true},
//! }
//! var defaultVersionedKubernetesFeatureGates = map[featuregate.Feature]featuregate.VersionedSpecs{
//!     AppArmor: {
//!         {Version: version.MustParse("1.4"), Default: true, PreRelease: featuregate.Beta},
//!     },
//! }
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::gates::{Stage, State};
use crate::version::Minor;

/// The lists of a checkout: the API server's own, and the packages whose gates it registers.
const ROOTS: [&str; 2] = ["pkg/features", "staging/src/k8s.io"];

/// The state of each gate that the checkout in `root` lists, as of `minor`.
///
/// # Errors
/// A file that cannot be read, a list that this parser does not understand, or two lists that disagree.
pub fn read(root: &Path, minor: Minor) -> Result<BTreeMap<String, State>> {
    let mut files = Vec::new();
    collect(&root.join(ROOTS[0]), true, &mut files)?;
    collect(&root.join(ROOTS[1]), false, &mut files)?;
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display())))
        .collect::<Result<Vec<_>>>()?;
    let texts: Vec<_> = texts.iter().map(|text| without_comments(text)).collect();
    // A list may name a gate by a constant of another package, whose value is nearly always the constant's name.
    let names: BTreeMap<_, _> = texts.iter().flat_map(|text| constants(text)).collect();
    let mut gates = BTreeMap::new();
    for (file, text) in files.iter().zip(&texts) {
        let found = lists(text, minor).with_context(|| format!("in {}", file.display()))?;
        for (constant, state) in found {
            let name = names.get(constant.as_str()).copied().unwrap_or(&constant).to_owned();
            if let Some(other) = gates.insert(name.clone(), state) {
                ensure!(other == state, "two lists disagree about {name}: {other} and {state}");
            }
        }
    }
    ensure!(!gates.is_empty(), "no list of feature gates below {}", root.display());
    Ok(gates)
}

/// The Go files in folders called `features`.
fn collect(folder: &Path, inside: bool, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, name == "features", files)?;
        } else if inside && name.ends_with(".go") && !name.ends_with("_test.go") && !is_foreign(name) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a distribution's own gates stand in the file.
fn is_foreign(name: &str) -> bool {
    name.starts_with("openshift")
}

/// A text without its comments, so that braces in them do not count.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The values of constants such as `AppArmor featuregate.Feature = "AppArmor"`, by name.
fn constants(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (declared, value) = line.split_once('=')?;
        let mut words = declared.split_whitespace().filter(|word| *word != "const");
        let (name, ty) = (words.next()?, words.next()?);
        let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
        (ty == "Feature" || ty.ends_with(".Feature")).then_some((name, value))
    })
}

/// All entries of the lists in a file: constant, and state as of `minor`.
fn lists(text: &str, minor: Minor) -> Result<Vec<(String, State)>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("= map[") {
        rest = after;
        let Some((head, body)) = after.split_once('{') else { break };
        let is_versioned = head.ends_with("VersionedSpecs");
        if !is_versioned && !head.ends_with("FeatureSpec") {
            continue;
        }
        let (body, after) = braced(body)?;
        rest = after;
        for (constant, value) in entries(body)? {
            let state =
                if is_versioned { as_of(value, minor) } else { spec(value).map(|(_, state)| Some(state)) };
            if let Some(state) = state.with_context(|| format!("at {constant}"))? {
                found.push((constant.to_owned(), state));
            }
        }
    }
    Ok(found)
}

/// What stands before the brace that closes the text's start, and what stands after it.
fn braced(text: &str) -> Result<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Ok((&text[..at], &text[at + 1..])),
            '}' => depth -= 1,
            _ => {}
        }
    }
    bail!("a brace is not closed")
}

/// The entries of a map: a constant's name without its package, and what stands in its braces.
fn entries(mut text: &str) -> Result<Vec<(&str, &str)>> {
    let mut entries = Vec::new();
    while let Some((key, after)) = text.split_once('{') {
        let key = key.trim().trim_start_matches(',').trim();
        let Some(key) = key.strip_suffix(':') else { bail!("`{key}` is not a gate") };
        let (value, rest) = braced(after)?;
        entries.push((key.rsplit('.').next().unwrap_or(key), value));
        text = rest;
    }
    Ok(entries)
}

/// The state of a versioned gate: its last one that is not newer than `minor`.
fn as_of(mut text: &str, minor: Minor) -> Result<Option<State>> {
    let mut state = None;
    while let Some((_, after)) = text.split_once('{') {
        let (value, rest) = braced(after)?;
        text = rest;
        let (since, found) = spec(value)?;
        if since.context("a state without a version")? <= minor {
            state = Some(found);
        }
    }
    Ok(state)
}

/// A state, with the version that it holds from where one is given.
fn spec(text: &str) -> Result<(Option<Minor>, State)> {
    let mut since = None;
    // Go's zero values: off, GA, not locked.
    let mut state = State { on: false, stage: Stage::Ga, locked: false };
    for part in arguments(text) {
        let (key, value) = part.split_once(':').with_context(|| format!("`{part}` has no key"))?;
        let value = value.trim();
        match key.trim() {
            "Default" => state.on = boolean(value)?,
            "LockToDefault" => state.locked = boolean(value)?,
            "PreRelease" => state.stage = stage(value)?,
            "Version" => since = Some(version(value)?),
            "MinCompatibilityVersion" => {}
            other => bail!("`{other}` is not known"),
        }
    }
    Ok((since, state))
}

/// The parts between commas, but for commas in parentheses.
fn arguments(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let split = text.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    split.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn boolean(text: &str) -> Result<bool> {
    text.parse().with_context(|| format!("`{text}` is neither true nor false"))
}

fn stage(text: &str) -> Result<Stage> {
    Ok(match text.rsplit('.').next() {
        Some("Alpha") => Stage::Alpha,
        Some("Beta") => Stage::Beta,
        Some("GA") => Stage::Ga,
        Some("Deprecated") => Stage::Deprecated,
        _ => bail!("`{text}` is not a stage"),
    })
}

/// `version.MustParse("1.30")` or `version.MajorMinor(1, 30)`.
fn version(text: &str) -> Result<Minor> {
    let inside = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let inside = inside.with_context(|| format!("`{text}` is not a version"))?;
    inside.trim_matches('"').replace(", ", ".").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: &str = r#"
const (
	// A brace in a comment: {
	Image featuregate.Feature = "ImageApi"
)
const Other Feature = "Other"
var unversioned = map[featuregate.Feature]featuregate.FeatureSpec{
	Image: {Default: true, PreRelease: featuregate.GA, LockToDefault: true}, // remove in 1.33

	genericfeatures.Identity: {Default: false, PreRelease: featuregate.Alpha},
}
var versioned = map[Feature]VersionedSpecs{
	Old: {
		{Version: version.MustParse("1.0"), Default: true},
		{Version: version.MajorMinor(1, 31), Default: false, PreRelease: Deprecated}, // } in a comment
	},
	Late: {
		{Version: version.MustParse("1.37"), Default: false, PreRelease: featuregate.Beta},
		{Version: version.MustParse("1.37"), Default: true, PreRelease: featuregate.Beta, MinCompatibilityVersion: version.MustParse("1.37")},
	},
}
var dependencies = map[featuregate.Feature][]featuregate.Feature{
	Old: {Late},
}
"#;

    fn states(minor: u8) -> Vec<String> {
        let text = without_comments(LISTS);
        let found = lists(&text, Minor(minor)).unwrap();
        found.iter().map(|(name, state)| format!("{name} {state}")).collect()
    }

    #[test]
    fn reads_both_forms() {
        let plain = ["Image on GA locked", "Identity off Alpha"];
        assert_eq!(states(30), [&plain[..], &["Old on GA"]].concat());
        assert_eq!(states(31), [&plain[..], &["Old off Deprecated"]].concat());
        assert_eq!(states(37), [&plain[..], &["Old off Deprecated", "Late on Beta"]].concat());
    }

    #[test]
    fn knows_what_constants_are_called() {
        let found: Vec<_> = constants(LISTS).collect();
        assert_eq!(found, [("Image", "ImageApi"), ("Other", "Other")]);
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        for bad in ["Default: maybe", "PreRelease: Gamma", "Since: 1", "Version: 1.30", "Default"] {
            assert!(spec(bad).is_err(), "{bad}");
        }
        assert!(lists("x = map[F]FeatureSpec{ A: {", Minor(30)).is_err());
        assert!(lists("x = map[F]VersionedSpecs{ A: {{Default: true}}}", Minor(30)).is_err());
    }

    #[test]
    fn reads_folders() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let list =
            |name: &str| format!("var a = map[F.Feature]F.FeatureSpec{{\n{name}: {{Default: true}},\n}}\n");
        write("pkg/features/kube_features.go", &list("generic.Image"));
        write("pkg/features/openshift_features.go", &list("Own"));
        write("pkg/features/kube_features_test.go", &list("Test"));
        let constant = "const Image featuregate.Feature = \"ImageApi\"\n";
        write("staging/src/k8s.io/apiserver/pkg/features/kube_features.go", constant);
        write("staging/src/k8s.io/apiserver/pkg/server/other.go", &list("Other"));
        let found = read(root.path(), Minor(30)).unwrap();
        assert_eq!(found.into_keys().collect::<Vec<_>>(), ["ImageApi"]);
        write(
            "staging/src/k8s.io/x/features/x.go",
            "var a = map[F.Feature]F.FeatureSpec{\nImageApi: {},\n}\n",
        );
        assert!(format!("{:#}", read(root.path(), Minor(30)).unwrap_err()).contains("disagree"));
    }
}
