//! How the program is built: rooms in an order, each importing only what stands before it, with no circle within one, and
//! no file too large to be read. The sources themselves are read, so that what is held here is what is there.

mod graph;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use graph::{Circle, Module, Modules, Use, circles};

/// The crates below the program, and those of ours that each may import.
const CRATES: &[(&str, &[&str])] = &[
    ("jobguard_text", &[]),
    ("jobguard_cron", &["jobguard_text"]),
    ("jobguard_cel", &["jobguard_text", "jobguard_cron"]),
    ("jobguard_manifest", &["jobguard_text"]),
    ("jobguard_apiserver", &["jobguard_text", "jobguard_cron", "jobguard_manifest"]),
];

/// The rooms of the program, from the ground up: one imports the crates, and of the others those before it.
const ROOMS: &[&str] = &[
    "page",
    "atomic_file",
    "confined",
    "exclude",
    "embedded",
    "policy",
    "deploy_tool",
    "mutate",
    "command",
    "forecast",
    "engine",
    "rules",
    "export",
    "diagnostic",
    "sources",
    "lint",
    "fix",
    "linter",
    "report",
    "baseline",
    "preview",
    "server",
    "policy_test",
    "policy_diff",
    "cluster",
    "live",
    "docs",
    "lsp",
    "cli",
];

/// What the tests within a room import from above it, and why.
const TESTS: &[(&str, &str, &str)] = &[
    ("engine", "rules", "a verdict, and what an annotation names, need rules"),
    ("report", "docs", "a report in SARIF holds the rules' pages"),
];

/// Files that are on one circle and stay there, since their types are made of each other. No other file may join them.
const KNOTS: &[&[&str]] = &[
    // A rule is handed an object, a context and where to put findings, and each finding names its rule.
    &[
        "src/engine/context.rs",
        "src/engine/finding.rs",
        "src/engine/input.rs",
        "src/engine/object.rs",
        "src/engine/precedence.rs",
        "src/engine/registry.rs",
        "src/engine/rule.rs",
        "src/engine/suppress/wording.rs",
        "src/engine/written.rs",
    ],
];

/// Files of more than [`LONG`] lines, and how many they may have at most: the number is to shrink with the file. None may
/// have more than [`TOO_LONG`].
const LONG_FILES: &[(&str, usize)] = &[];

/// From how many lines on a file is listed.
const LONG: usize = 500;

/// How many lines no file has.
const TOO_LONG: usize = 600;

/// A file may grow and shrink by so many lines before its number changes.
const STEP: usize = 20;

/// Files that a program has written.
const GENERATED: &[&str] = &[
    "crates/apiserver/src/tables/fields.rs",
    "crates/apiserver/src/tables/gates.rs",
    "crates/apiserver/src/tables/states.rs",
];

static MODULES: LazyLock<Modules> = LazyLock::new(|| {
    let crates: Vec<(&str, String)> = CRATES
        .iter()
        .map(|(name, _)| (*name, format!("crates/{}/src", name.trim_start_matches("jobguard_"))))
        .chain([("jobguard", "src".to_owned())])
        .collect();
    let crates: Vec<(&str, &str)> = crates.iter().map(|(name, folder)| (*name, folder.as_str())).collect();
    Modules::read(Path::new(env!("CARGO_MANIFEST_DIR")), &crates)
});

static USES: LazyLock<BTreeSet<Use>> = LazyLock::new(|| MODULES.uses());

/// The room of a module of the program; none for the crates below it, and for what ties it together.
fn room(module: &Module) -> Option<&str> {
    match module.as_slice() {
        [name, room, ..] if name == "jobguard" && room != "main" => Some(room),
        _ => None,
    }
}

fn path(module: &Module) -> &'static str {
    &MODULES.files[module].path
}

fn show(one: &Use) -> String {
    format!("{}:{} imports {} ({})", path(&one.from), one.line, path(&one.to), one.written)
}

#[test]
fn every_room_has_its_place() {
    let there: BTreeSet<&str> = MODULES.files.keys().filter_map(room).collect();
    for room in there {
        assert!(ROOMS.contains(&room), "{room} is a room without a place in ROOMS");
    }
    assert!(MODULES.files.len() > 300 && USES.len() > 1_000, "{} uses", USES.len());
}

#[test]
fn crates_import_the_crates_below_them() {
    let wrong: Vec<String> = USES
        .iter()
        .filter(|one| one.from[0] != one.to[0] && one.from[0] != "jobguard")
        .filter(|one| {
            let (_, below) = CRATES.iter().find(|(name, _)| *name == one.from[0]).unwrap();
            !below.contains(&one.to[0].as_str())
        })
        .map(show)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_room_imports_what_stands_before_it() {
    let place = |room: &str| ROOMS.iter().position(|other| *other == room);
    let (mut wrong, mut tests) = (Vec::new(), BTreeSet::new());
    for one in USES.iter() {
        let (Some(from), Some(to)) = (room(&one.from), room(&one.to)) else { continue };
        if from == to || place(to) < place(from) {
            continue;
        }
        let arrow = format!("{from} -> {to}");
        if one.in_test && TESTS.iter().any(|(of, other, _)| (*of, *other) == (from, to)) {
            tests.insert(arrow);
        } else {
            wrong.push(show(one));
        }
    }
    assert!(wrong.is_empty(), "imports from above:\n{}", wrong.join("\n"));
    for (of, other, _) in TESTS {
        assert!(
            tests.contains(&format!("{of} -> {other}")),
            "no test of {of} imports {other}: take it off TESTS"
        );
    }
}

#[test]
fn no_room_has_a_circle() {
    let group = |module: &Module| match room(module) {
        Some(room) => room.to_owned(),
        None => module[0].clone(),
    };
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for one in USES.iter().filter(|one| !one.in_test && group(&one.from) == group(&one.to)) {
        edges.entry(one.from.clone()).or_default().insert(one.to.clone());
    }
    let (mut wrong, mut known) = (Vec::new(), BTreeSet::new());
    for Circle { files, way } in circles(&edges) {
        let files: Vec<&str> = files.iter().map(path).collect();
        if KNOTS.iter().any(|knot| *knot == files) {
            known.insert(files[0]);
            continue;
        }
        let steps = way.windows(2).map(|pair| {
            let of = |one: &&Use| one.from == pair[0] && one.to == pair[1] && !one.in_test;
            show(USES.iter().find(of).unwrap())
        });
        let steps: Vec<String> = steps.collect();
        wrong.push(format!("{}\n  a way around: {}", files.join(", "), steps.join("\n    ")));
    }
    assert!(wrong.is_empty(), "{} circles:\n{}", wrong.len(), wrong.join("\n\n"));
    for knot in KNOTS {
        assert!(known.contains(&knot[0]), "{} begins no circle: take it off the list", knot[0]);
    }
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let lines: BTreeMap<&str, usize> = MODULES
        .files
        .values()
        .map(|file| (file.path.as_str(), file.source.lines))
        .filter(|(path, _)| !GENERATED.contains(path))
        .collect();
    let mut wrong = Vec::new();
    for (path, lines) in lines.iter().filter(|(_, lines)| **lines > LONG) {
        let allowed = LONG_FILES.iter().find(|(file, _)| file == path).map_or(LONG, |(_, allowed)| *allowed);
        if *lines > allowed.min(TOO_LONG) {
            wrong.push(format!("{path} has {lines} lines, of {allowed} that it may have"));
        } else if *lines + STEP <= allowed {
            wrong.push(format!("{path} has {lines} lines: lower its {allowed}"));
        }
    }
    for (path, _) in LONG_FILES {
        if lines.get(path).is_none_or(|lines| *lines <= LONG) {
            wrong.push(format!("{path} is not long: take it off LONG_FILES"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
