//! The registry over itself: files, names and ids agree, every rule is documented, every topic and every part of the engine that words nothing itself has its rule.

mod precedence;

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::engine::{Check, SuppressionCheck};

#[test]
fn every_file_is_listed_and_every_id_matches_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().path().file_stem()?.to_str()?.to_owned()))
        .filter(|stem| !["mod", "tests", "cel", "quotas", "shared"].contains(&stem.as_str()))
        .collect();
    assert_eq!(files, FILES.iter().map(|file| (*file).to_owned()).collect());
    for (file, rule) in FILES.iter().zip(ALL) {
        assert_eq!(*file, rule.id().replace(['/', '-'], "_"));
    }
}

#[test]
fn the_list_is_in_order() {
    assert!(ALL.windows(2).all(|pair| pair[0].id() < pair[1].id()));
}

#[test]
fn ids_are_category_and_name_in_lower_case() {
    for rule in ALL {
        let (category, name) = rule.id().split_once('/').unwrap();
        for part in [category, name] {
            assert!(
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{}",
                rule.id()
            );
        }
    }
}

#[test]
fn every_rule_is_documented() {
    for rule in ALL {
        let (id, docs) = (rule.id(), &rule.docs);
        assert!(!rule.spec.summary.is_empty() && !rule.spec.summary.ends_with('.'), "{id}");
        for text in [docs.what, docs.why] {
            assert!(text.ends_with('.') && !text.contains("  "), "{id}: {text}");
        }
        // A change cannot be shown in one manifest, and the others depend on a version.
        if !["api/immutable", "api/field-dropped"].contains(&id) {
            assert!(docs.examples.iter().any(|example| example.bad), "{id} needs a bad example");
            assert!(docs.examples.iter().any(|example| !example.bad), "{id} needs a good example");
        }
        assert!(docs.sources.iter().all(|source| source.starts_with("https://")), "{id}");
        assert!(rule.spec.options.iter().all(|option| option.summary.ends_with('.')), "{id}");
    }
}

#[test]
fn levels_never_fall_from_baseline_to_strict() {
    for rule in ALL {
        let levels = rule.spec.levels;
        assert!(
            levels.baseline <= levels.recommended && levels.recommended <= levels.strict,
            "{}",
            rule.id()
        );
        // What no policy can set is the same in all of them, and is so for all that the API server says.
        assert!(rule.spec.is_settable() || levels.baseline == levels.strict, "{}", rule.id());
        assert!(!rule.spec.is_settable() || rule.spec.category() != "api", "{}", rule.id());
    }
}

#[test]
fn every_topic_has_exactly_one_rule() {
    for topic in jobguard_apiserver::Topic::ALL {
        let reporting: Vec<_> = ALL
            .iter()
            .filter(|rule| matches!(rule.check, Check::Server(check) if check.topic == topic))
            .collect();
        assert_eq!(reporting.len(), 1, "{topic:?}: {reporting:?}");
        assert_eq!(registry().of_topic(topic), *reporting[0]);
    }
}

#[test]
fn everything_about_the_annotation_is_worded_by_exactly_one_rule() {
    let words = |is_meant: fn(&SuppressionCheck) -> bool| {
        let of = |rule: &&&Rule| matches!(&rule.check, Check::Suppression(check) if is_meant(check));
        ALL.iter().filter(of).count()
    };
    assert_eq!(words(|check| matches!(check, SuppressionCheck::Syntax(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::TooLong(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::Unknown(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::Unused(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::NotAllowed(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::Ended(_))), 1);
    assert_eq!(words(|check| matches!(check, SuppressionCheck::EndsSoon(_))), 1);
    for rule in ALL {
        let words_annotation = matches!(rule.check, Check::Suppression(_));
        assert_eq!(words_annotation, rule.spec.category() == "suppression", "{}", rule.id());
    }
}

#[test]
fn every_rule_is_found_by_its_ids_and_by_itself() {
    for (position, rule) in registry().rules().iter().enumerate() {
        assert_eq!(registry().position_of(rule), Some(position), "{}", rule.id());
        assert_eq!(registry().position(rule.id()), Some(position));
        for former in rule.spec.renamed_from {
            assert_eq!(registry().position(former), Some(position), "{former}");
        }
    }
}

#[test]
fn no_code_but_its_own_names_a_rule_by_its_id() {
    fn check(folder: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if path.is_dir() {
                check(&path);
            } else if name != "fixture" && !name.contains("test") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
                let named = ALL.iter().find(|rule| code.contains(&format!("\"{}\"", rule.id())));
                assert!(named.is_none(), "{} names {named:?}", path.display());
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(source).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() && !folder.ends_with("rules") {
            check(&folder);
        }
    }
}
