use proptest::prelude::*;

use super::*;
use jiff::civil::Date;

/// The entries in one line, and what does not fit.
fn read(text: &str) -> String {
    let annotation = Annotation::parse(text);
    let entries: Vec<String> = annotation
        .entries
        .iter()
        .map(|entry| {
            let until = entry.until.map_or_else(String::new, |day| format!(" until {day}"));
            let reason = entry.reason.map_or_else(String::new, |reason| format!(" for {reason:?}"));
            format!("{}{until}{reason}", entry.names.join("+"))
        })
        .collect();
    let faults: Vec<String> = annotation.faults.iter().map(|fault| format!(" !{fault:?}")).collect();
    format!("{}{}", entries.join(" | "), faults.concat())
}

#[test]
fn what_fits_the_grammar() {
    for (text, expected) in [
        ("job/a", "job/a"),
        ("job/a, cron/*", "job/a+cron/*"),
        ("job/a,cron/b,, job/a,\n job/c ", "job/a+cron/b+job/c"),
        ("job/a until=2027-01-31", "job/a until 2027-01-31"),
        (
            "job/a (a reason, with; all kinds until=1 of words)",
            "job/a for \"a reason, with; all kinds until=1 of words\"",
        ),
        ("job/a until=2027-01-31(x)", "job/a until 2027-01-31 for \"x\""),
        ("job/a (x) until=2027-01-31", "job/a until 2027-01-31 for \"x\""),
        ("job/a(x);cron/b", "job/a for \"x\" | cron/b"),
        (
            " job/a ,\n job/b\n  until = 2027-01-31\n (two\n lines) ;\n\tcron/c\n",
            "job/a+job/b until 2027-01-31 for \"two\\n lines\" | cron/c",
        ),
        (";; ; job/a ;", "job/a"),
        ("job/a ()", "job/a for \"\""),
        ("nonsense, job/a", "nonsense+job/a"),
        ("job/a, x/*", "job/a+x/*"),
        ("", ""),
        (" ; , ", ""),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
}

#[test]
fn what_does_not_fit_is_one_fault_and_its_entry_silences_nothing() {
    let text = |text: &'static str, corrected: Option<&str>| {
        vec![AnnotationFault::Text { text, corrected: corrected.map(str::to_owned) }]
    };
    let date = |text: &'static str, corrected: Option<&str>| {
        vec![AnnotationFault::Date { text, corrected: corrected.map(str::to_owned) }]
    };
    let semicolon = |name: &'static str, corrected: Option<&str>| {
        vec![AnnotationFault::NoSemicolon { name, corrected: corrected.map(str::to_owned) }]
    };
    let comma = |name: &'static str, corrected: &str| {
        vec![AnnotationFault::NoComma { name, corrected: Some(corrected.to_owned()) }]
    };
    let parenthesis = || vec![AnnotationFault::Parenthesis];
    for (written, names, faults) in [
        ("job/a we wait for it", "", text("we wait for it", Some("job/a (we wait for it)"))),
        ("job/a because slow, sorry", "", text("because slow, sorry", Some("job/a (because slow, sorry)"))),
        ("job/a until we know", "", text("until we know", Some("job/a (until we know)"))),
        ("job/a as in cron/b; job/c", "job/c", text("as in cron/b", Some("job/a (as in cron/b); job/c"))),
        ("job/a because, job/b", "", text("because", None)),
        ("job/a because (x)", "", text("because", None)),
        ("job/a (x) because", "", text("because", None)),
        ("we know about it", "", text("we know about it", None)),
        ("we know; job/a", "job/a", text("we know", None)),
        ("job/a one; job/b two", "", text("one", None)),
        ("job/a until=2027-02-30", "", date("2027-02-30", None)),
        ("job/a until=31.1.2027 (x)", "", date("31.1.2027", None)),
        ("job/a until=20270131", "", date("20270131", None)),
        ("job/a until=", "", date("", None)),
        ("job/a until: 2027-01-31", "", date("2027-01-31", Some("job/a until=2027-01-31"))),
        ("job/a until 2027-01-31 (x)", "", date("2027-01-31", Some("job/a until=2027-01-31 (x)"))),
        ("job/a Until=2027-01-31", "", date("2027-01-31", Some("job/a until=2027-01-31"))),
        ("job/a until soon", "", text("until soon", Some("job/a (until soon)"))),
        ("job/a (x), job/b (y)", "", semicolon("job/b", Some("job/a (x); job/b (y)"))),
        ("job/a until=2027-01-31 job/b", "", semicolon("job/b", Some("job/a until=2027-01-31; job/b"))),
        ("job/a (x (y) z); job/b", "job/b", parenthesis()),
        ("job/a ((x) (y)); job/b", "job/b", parenthesis()),
        ("job/a, job/b (x; job/c", "", parenthesis()),
        ("job/a x); job/b", "job/b", parenthesis()),
        ("job/a (x) (y)", "", vec![AnnotationFault::Twice]),
        ("job/a until=2027-01-31 until=2027-01-30", "", vec![AnnotationFault::Twice]),
        ("(x)", "", vec![AnnotationFault::NoRule]),
        ("until=2027-01-31; job/a", "job/a", vec![AnnotationFault::NoRule]),
        ("job/a job/b", "", comma("job/b", "job/a, job/b")),
        ("job/a\n job/b  cron/c (x); cron/d", "cron/d", comma("job/b", "job/a, job/b, cron/c (x); cron/d")),
        ("job/a (x) job/b", "", semicolon("job/b", Some("job/a (x); job/b"))),
        ("job/c; job/a (x), job/b until=2027-02-30; job/d", "job/c job/d", {
            let mut both = date("2027-02-30", None);
            both.extend(semicolon("job/b", None));
            both
        }),
        ("job/no-deadline (a), job/ttl-missing", "", {
            semicolon("job/ttl-missing", Some("job/no-deadline (a); job/ttl-missing"))
        }),
    ] {
        let annotation = Annotation::parse(written);
        assert_eq!(annotation.names(Date::MIN).join(" "), names, "{written:?}");
        assert_eq!(annotation.faults, faults, "{written:?}");
        // What is corrected is right, and means the same.
        let corrected = annotation.faults.iter().find_map(|fault| match fault {
            AnnotationFault::Text { corrected, .. }
            | AnnotationFault::Date { corrected, .. }
            | AnnotationFault::NoComma { corrected, .. }
            | AnnotationFault::NoSemicolon { corrected, .. } => corrected.as_deref(),
            _ => None,
        });
        if let Some(corrected) = corrected {
            let again = Annotation::parse(corrected);
            assert!(again.is_whole(), "{corrected:?}");
            let all = |of: &Annotation<'_>| {
                of.entries
                    .iter()
                    .flat_map(|entry| &entry.names)
                    .map(|name| name.to_string())
                    .collect::<Vec<_>>()
            };
            assert_eq!(again.names(Date::MIN), all(&annotation), "{corrected:?}");
        }
    }
}

#[test]
fn a_name_is_replaced_or_taken_out_and_the_rest_stays() {
    let annotation = Annotation::parse("job/a, job/b (x);cron/c until=2027-01-31; job/b");
    assert_eq!(
        annotation.with("job/b", &["job/d"]).unwrap(),
        "job/a, job/d (x); cron/c until=2027-01-31; job/d"
    );
    assert_eq!(annotation.with("job/b", &[]).unwrap(), "job/a (x); cron/c until=2027-01-31");
    assert_eq!(
        annotation.with("cron/c", &["job/a", "job/e"]).unwrap(),
        "job/a, job/b (x); job/a, job/e until=2027-01-31; job/b"
    );
    assert_eq!(Annotation::parse("job/a (x)").with("job/a", &[]), None);
}

#[test]
fn what_is_read_is_bounded() {
    let names = |count: usize| (0..count).map(|n| format!("r/{n}")).collect::<Vec<_>>().join(",");
    let (fits, more) = (names(MAX_NAMES), names(MAX_NAMES + 1));
    assert_eq!(Annotation::parse(&fits).excess, None);
    // What is named twice is no excess.
    assert_eq!(Annotation::parse(&format!("{fits};{fits}")).excess, None);
    let parsed = Annotation::parse(&more);
    assert_eq!((parsed.names(Date::MIN).len(), parsed.excess), (MAX_NAMES, Some(AnnotationExcess::Names)));
    let long = format!("job/a{}", " ".repeat(MAX_ANNOTATION_BYTES - 5));
    assert_eq!(Annotation::parse(&long).names(Date::MIN), ["job/a"]);
    let longer = Annotation::parse("x ".repeat(50_000).leak());
    assert_eq!((longer.names(Date::MIN).len(), longer.excess), (0, Some(AnnotationExcess::Bytes(100_000))));
    // As many words as fit are one fault.
    let words = format!("job/a {}", "x ".repeat(4_000));
    assert_eq!(Annotation::parse(&words).faults.len(), 1);
    let parentheses = "(".repeat(MAX_ANNOTATION_BYTES);
    assert_eq!(Annotation::parse(&parentheses).faults, [AnnotationFault::Parenthesis]);
    let parentheses = ")(".repeat(MAX_ANNOTATION_BYTES / 2);
    assert_eq!(Annotation::parse(&parentheses).faults, [AnnotationFault::Parenthesis]);
}

proptest! {
    #[test]
    fn never_panics_and_what_is_whole_is_written_as_it_is_read(
        text in "(job/a|cron/\\*|x|until=?|2027-01-31|=|:|\\(|\\)|,|;| |\n|\u{a0}|é){0,14}"
    ) {
        let annotation = Annotation::parse(&text);
        if annotation.is_whole() {
            let written = annotation.with("", &[]).unwrap_or_default();
            prop_assert_eq!(Annotation::parse(&written), annotation.clone());
        }
        // No name is of parts that are not beside each other, and none is in a reason.
        for name in annotation.names(Date::MIN) {
            prop_assert!(text.contains(name) && !name.contains(['(', ')', ',', ';']));
        }
    }
}
