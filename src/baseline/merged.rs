//! The text of a baseline that Git has merged: entries of both sides, one a line, with commas where they were.

/// The text with the commas between objects that it must have, and no other ones: after a merge that has kept the lines of
/// both sides, or taken one out at the end, what was the last entry has no comma, and what is the last one may have one. Lines
/// stay where they are.
pub(super) fn with_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    // The last character that is neither white space nor in a string, and where a comma stands that may be too much.
    let (mut last, mut comma) = ('\0', None);
    let (mut in_string, mut is_escaped) = (false, false);
    for character in text.chars() {
        if in_string {
            in_string = is_escaped || character != '"';
            is_escaped = character == '\\' && !is_escaped;
        } else if !character.is_ascii_whitespace() {
            match character {
                '{' if last == '}' => out.push(','),
                '}' | ']' => {
                    // A space, so that all columns stay.
                    if let Some(place) = comma.take() {
                        out.replace_range(place..=place, " ");
                    }
                }
                _ => {}
            }
            comma = (character == ',').then_some(out.len());
            (in_string, last) = (character == '"', character);
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::baseline::{Entry, ReadError, read};
    use crate::diagnostic::Fingerprint;

    const THREE: &str = r#"{
  "kind": "JobguardBaseline",
  "schemaVersion": 1,
  "findings": [
    {"kind": "Job", "name": "a", "rule": "job/no-deadline", "count": 1},
    {"kind": "Job", "namespace": "team", "name": "a", "rule": "job/no-deadline", "count": 3},
    {"file": "b.yaml", "rule": "api/syntax", "count": 1}
  ]
}
"#;

    /// What `git merge-file --union` leaves of two branches.
    #[test]
    fn what_git_has_merged_is_read() {
        let merged = |entries: &str| {
            let head = "{\n  \"kind\": \"JobguardBaseline\",\n  \"schemaVersion\": 1,\n  \"findings\": [\n";
            let entries = entries.lines().map(|line| {
                let (name, rest) = line.trim().split_at(1);
                let (count, comma) = rest.split_at(1);
                format!("    {{\"kind\": \"Job\", \"name\": \"{name}\", \"rule\": \"job/no-deadline\", \"count\": {count}}}{comma}\n")
            });
            let text = format!("{head}{}  ]\n}}\n", entries.collect::<String>());
            let read = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let entries = read
                .entries()
                .map(|(of, entry)| format!("{}{}", of.name.as_deref().unwrap_or_default(), entry.count));
            entries.collect::<Vec<_>>().join(" ")
        };
        // Both have added a last entry.
        assert_eq!(merged("a1,\nb1\nc1"), "a1 b1 c1");
        // One has added a last entry, the other one has removed what was the last.
        assert_eq!(merged("a1,\nb1,\nc1\na1"), "a1 b1 c1");
        // Both have counted the last entry anew.
        assert_eq!(merged("a2\na3"), "a3");
        // One has removed the last entry, the other one has counted it anew and added another.
        assert_eq!(merged("a1\na1,\nb2,\nc1"), "a1 b2 c1");
        // The last line was removed by hand.
        assert_eq!(merged("a1,\nb1,"), "a1 b1");
    }

    #[test]
    fn commas_may_be_missing_or_too_many() {
        let of = |text: &str| {
            read(text).map(|read| read.entries().map(|(of, entry)| (of.clone(), entry)).collect::<Vec<_>>())
        };
        let expected = of(THREE).unwrap();
        for (from, to) in [(",\n    {", "\n    {"), ("}\n  ]", "},\n  ]"), ("},\n    {", "}{")] {
            let merged = of(&THREE.replace(from, to)).unwrap();
            let counts = |all: &[(Fingerprint, Entry)]| {
                all.iter().map(|(of, entry)| (of.clone(), entry.count)).collect::<Vec<_>>()
            };
            assert_eq!(counts(&merged), counts(&expected), "{to}");
        }
        // A comma in front of all entries comes from no merge.
        assert!(of(&THREE.replace(": [\n", ": [\n,")).is_err());
        // What only looks like it, in a string, stays.
        let name = "} {\\\" },] \\\\";
        let odd = THREE.replace("team", name).replace(",\n    {", "\n    {");
        let read = of(&odd).unwrap();
        let expected = of(&THREE.replace("team", name)).unwrap();
        assert_eq!(read, expected);
        // A marker that was left is found at its line all the same.
        let left = THREE.replace(",\n    {", "\n=======\n    {");
        assert_eq!(of(&left), Err(ReadError::Conflict { line: 6 }));
    }
}
