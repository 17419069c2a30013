//! What looks like a placeholder in a text.

/// Fields that hold a path. `$(VAR)` in one is a mistake of another kind: only `subPathExpr` expands it.
const PATHS: [&str; 11] = [
    "devicePath",
    "directory",
    "keyring",
    "localhostProfile",
    "mountPath",
    "path",
    "secretFile",
    "subPath",
    "terminationMessagePath",
    "volumePath",
    "workingDir",
];
/// Fields that hold what another system understands: users, shares, disks.
const TEXTS: [&str; 11] = [
    "diskName",
    "diskURI",
    "gmsaCredentialSpec",
    "monitors",
    "prefix",
    "repository",
    "revision",
    "runAsUserName",
    "shareName",
    "user",
    "volumeID",
];
/// Fields that hold a name, an image or a node, where a word such as `CHANGEME` is no value.
const NAMES: [&str; 5] = ["hostname", "image", "nodeName", "nodeSelector", "serviceAccountName"];
/// What a dollar may mean in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    /// Labels, references and the like: a dollar is never meant.
    Name,
    /// The same where a word that stands for a value is none either.
    Value,
    /// In a path a name may begin with one.
    Path,
    /// A character as any other.
    Text,
}

impl Grammar {
    /// That of the field `name` below `parent`.
    pub(super) fn of(parent: &str, name: &str) -> Self {
        if PATHS.contains(&name) {
            Self::Path
        } else if TEXTS.contains(&name)
            || matches!((parent, name), ("env", "name") | ("sysctls", "value") | ("seLinuxOptions", _))
        {
            Self::Text
        } else if NAMES.contains(&name) {
            Self::Value
        } else {
            Self::Name
        }
    }

    const fn is_name(self) -> bool {
        matches!(self, Self::Name | Self::Value)
    }
}

/// What kind of placeholder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `$ITEM`
    Shell,
    /// `{{ item }}`
    Braces,
    /// `<no value>`
    Lost,
    /// `<node-name>`
    Angle,
    /// `CHANGEME`
    StandIn,
}

/// What kubectl prints where there is nothing to print.
const OF_KUBECTL: [&str; 3] = ["none", "unknown", "unset"];

/// The longest that is written between angle brackets for a value, in bytes.
const LONGEST_ANGLE: usize = 60;

/// The text in angle brackets that `rest` begins with, where it is the name of a value.
fn in_angles(rest: &str) -> Option<&str> {
    // Stops at the next bracket, so that a text of many is looked at once.
    let is_meant = |byte: &u8| byte.is_ascii_alphanumeric() || b" -_./".contains(byte);
    let inside =
        rest.strip_prefix('<').filter(|inside| inside.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let length = inside.bytes().take(LONGEST_ANGLE).take_while(is_meant).count();
    let (inner, end) = inside.split_at_checked(length)?;
    (end.starts_with('>') && !OF_KUBECTL.contains(&inner)).then(|| &rest[..length + 2])
}

/// Words that say themselves that they are none to keep. `todo` is a name for a program, and `TODO` is not.
const WORDS: [&str; 14] = [
    "CHANGE-ME",
    "CHANGEME",
    "CHANGE_ME",
    "FIXME",
    "REPLACE-ME",
    "REPLACEME",
    "REPLACE_ME",
    "TODO",
    "change-me",
    "changeme",
    "change_me",
    "replace-me",
    "replaceme",
    "replace_me",
];

/// What `your-...` stands for in tutorials.
const YOURS: [&str; 22] = [
    "account",
    "app",
    "bucket",
    "company",
    "docker",
    "dockerhub",
    "domain",
    "host",
    "image",
    "name",
    "namespace",
    "node",
    "org",
    "organization",
    "private",
    "project",
    "registry",
    "repo",
    "repository",
    "server",
    "user",
    "username",
];

/// Whether a part of a text begins as all that stands for a value does: a word up to its first separator, or `your`.
fn may_stand_in(text: &str) -> bool {
    text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric()).any(|part| {
        let is_word = matches!(
            part,
            b"CHANGE"
                | b"CHANGEME"
                | b"FIXME"
                | b"REPLACE"
                | b"REPLACEME"
                | b"TODO"
                | b"change"
                | b"changeme"
                | b"replace"
                | b"replaceme"
        );
        is_word || part.get(..4).is_some_and(|your| your.eq_ignore_ascii_case(b"your"))
    })
}

/// The word in a name or an image that stands for a value.
pub(super) fn stand_in(text: &str) -> Option<&str> {
    // Asked of every name, and nearly none has one: a search for each word would cost more than all else that is asked.
    if !may_stand_in(text) {
        return None;
    }
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let word = WORDS.iter().find_map(|word| {
        let (start, found) = text.match_indices(word).next()?;
        let (before, after) = (&text.as_bytes()[..start], &text.as_bytes()[start + word.len()..]);
        (!is_letter(before.last()) && !is_letter(after.first())).then_some(found)
    });
    word.or_else(|| text.split(['/', ':', '@', '.']).find(|part| is_yours(part)))
}

/// Whether a part of a name is `your-registry`, `yourregistry`, `YOUR_REGISTRY` or the like.
fn is_yours(part: &str) -> bool {
    let Some((your, rest)) = part.split_at_checked(4) else { return false };
    let words = rest.trim_start_matches(['-', '_']);
    // Only where the words are separated may there be more of them.
    let is_separated = words.len() < rest.len();
    let first = words.split(['-', '_']).next().filter(|_| is_separated).unwrap_or(words);
    your.eq_ignore_ascii_case("your") && YOURS.iter().any(|known| known.eq_ignore_ascii_case(first))
}

/// Names with a dollar that Windows gives to files and folders of its own, as far as they are in capitals.
const OF_WINDOWS: [&str; 3] = ["MFT", "RECYCLE", "WINDOWS"];

/// The first placeholder in `text`, which stands in a field of this grammar. `${ITEM}` and the like are placeholders
/// everywhere, `$(ITEM)` in names alone, `$ITEM` there too, and in paths where it looks like one.
pub(super) fn placeholder(text: &str, grammar: Grammar) -> Option<(&str, Style)> {
    // Asked of every text there is, and few have any of these: no byte is a reason to stop, so that many are looked at
    // in one step.
    let may = text.bytes().fold(false, |may, byte| may | matches!(byte, b'$' | b'{' | b'<' | b'%'));
    let word = || match grammar {
        Grammar::Value => stand_in(text).map(|word| (word, Style::StandIn)),
        Grammar::Name | Grammar::Path | Grammar::Text => None,
    };
    if !may {
        return word();
    }
    let marked = text.match_indices(['$', '{', '<', '%']).find_map(|(start, _)| {
        let rest = &text[start..];
        let until = |end: &str| rest.find(end).map_or(rest, |at| &rest[..at + end.len()]);
        let name = |from: usize| {
            let name = rest.get(from..).unwrap_or_default();
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            starts.then_some(from + length)
        };
        if rest.starts_with("{{") {
            Some((until("}}"), Style::Braces))
        } else if rest.starts_with("{%") {
            Some((until("%}"), Style::Braces))
        } else if rest.starts_with("${") && (name(2).is_some() || rest.starts_with("${{")) {
            Some((until(if rest.starts_with("${{") { "}}" } else { "}" }), Style::Shell))
        } else if rest.starts_with("$(") {
            let end = name(2).filter(|end| grammar.is_name() && rest[*end..].starts_with(')'))?;
            Some((&rest[..=end], Style::Shell))
        } else if rest.starts_with('$') {
            let end = name(1)?;
            let begins_word = || !text[..start].ends_with(|c: char| c.is_alphanumeric());
            let in_capitals = || !rest[1..end].contains(|c: char| c.is_ascii_lowercase());
            let is_meant = match grammar {
                Grammar::Name | Grammar::Value => true,
                Grammar::Path => begins_word() && in_capitals() && !OF_WINDOWS.contains(&&rest[1..end]),
                Grammar::Text => false,
            };
            is_meant.then(|| (&rest[..end], Style::Shell))
        } else if let Some(lost) = ["<no value>", "<nil>"].into_iter().find(|lost| rest.starts_with(lost)) {
            Some((&rest[..lost.len()], Style::Lost))
        } else if rest.starts_with('<') {
            Some((in_angles(rest).filter(|_| grammar.is_name())?, Style::Angle))
        } else {
            // How Go prints a value that does not fit its verb: %!s(<nil>), %!d(string=x).
            let verb = rest.strip_prefix("%!")?.as_bytes();
            let is_misprint = verb.first().is_some_and(u8::is_ascii_alphabetic) && verb.get(1) == Some(&b'(');
            is_misprint.then(|| (until(")"), Style::Lost))
        }
    });
    marked.or_else(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_may_be_found() {
        for word in WORDS.iter().copied().chain(["your-app", "YOUR_IMAGE", "yourname"]) {
            assert_eq!(stand_in(&format!("a.example/{word}")), Some(word));
        }
    }

    #[test]
    fn placeholders() {
        use Style::{Angle, Braces, Lost, Shell};
        for (text, found) in [
            ("process-item-$ITEM", Some(("$ITEM", Shell))),
            ("a-${ITEM}-b", Some(("${ITEM}", Shell))),
            ("${ITEM:-apple}", Some(("${ITEM:-apple}", Shell))),
            ("${{ITEM}}", Some(("${{ITEM}}", Shell))),
            ("$(ITEM)", Some(("$(ITEM)", Shell))),
            ("jobs-{{ item }}-x", Some(("{{ item }}", Braces))),
            ("{{ item", Some(("{{ item", Braces))),
            ("{% for x in y %}", Some(("{% for x in y %}", Braces))),
            ("app:<no value>", Some(("<no value>", Lost))),
            ("<nil>", Some(("<nil>", Lost))),
            ("a-%!s(<nil>)-b", Some(("%!s(<nil>)", Lost))),
            ("%!d(string=x)", Some(("%!d(string=x)", Lost))),
            ("busybox:1.36", None),
            ("15 3 * * *", None),
            ("WebApp01$", None),
            ("$1", None),
            ("$(", None),
            ("$(a b)", None),
            ("${}", None),
            ("{a}", None),
            ("100%!", None),
            ("<none>", None),
            ("disk-cleanup-<node-name>", Some(("<node-name>", Angle))),
            ("acme/<your image>:1", Some(("<your image>", Angle))),
            ("a<b", None),
            ("<>", None),
            ("<1>", None),
            ("<a@example.com>", None),
            ("<é>", None),
            ("é$é", None),
        ] {
            assert_eq!(placeholder(text, Grammar::Name), found, "{text}");
        }
    }

    #[test]
    fn dollars_that_are_meant() {
        use Grammar::{Path, Text};
        let found = |text, grammar| placeholder(text, grammar).map(|(found, _)| found);
        for (text, in_path, in_text) in [
            ("$(POD)/$X", Some("$X"), None),
            ("/data/$ITEM", Some("$ITEM"), None),
            ("/data-$ITEM_1.csv", Some("$ITEM_1"), None),
            ("/data/${item}", Some("${item}"), Some("${item}")),
            ("/data/{{ item }}", Some("{{ item }}"), Some("{{ item }}")),
            ("/data/$Extend", None, None),
            ("/data/$item", None, None),
            ("C:\\$RECYCLE.BIN", None, None),
            ("/classes/Outer$INNER", None, None),
            ("DOM\\svc$batch", None, None),
            ("CORP\\GMSA$WEB$", None, None),
            ("share$", None, None),
        ] {
            assert_eq!((found(text, Path), found(text, Text)), (in_path, in_text), "{text}");
        }
        assert_eq!(Grammar::of("windowsOptions", "runAsUserName"), Text);
        assert_eq!(Grammar::of("env", "name"), Text);
        assert_eq!(Grammar::of("containers", "name"), Grammar::Name);
        assert_eq!(Grammar::of("hostPath", "path"), Path);
    }

    #[test]
    fn words_that_stand_for_a_value() {
        for (text, found) in [
            ("CHANGEME", Some("CHANGEME")),
            ("app:TODO", Some("TODO")),
            ("REPLACE_ME/app:1", Some("REPLACE_ME")),
            ("replace-me", Some("replace-me")),
            ("your-registry/app:1", Some("your-registry")),
            ("your-registry.example.com/app:1", Some("your-registry")),
            ("example.com/yourrepo/app", Some("yourrepo")),
            ("YOUR_IMAGE", Some("YOUR_IMAGE")),
            ("your-app-name:1", Some("your-app-name")),
            ("todo", None),
            ("example.com/todo-cleanup:1", None),
            ("exchange-me", None),
            ("TODOIST", None),
            ("yourls:1.9", None),
            ("your-move/chess:1", None),
            ("yourapplication", None),
            ("your", None),
            ("youé", None),
        ] {
            assert_eq!(stand_in(text), found, "{text}");
            let as_name = placeholder(text, Grammar::Name);
            assert_eq!(as_name, None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[${}<%!()A-Ba-c é>]{0,24}", word in "(your|TODO|[-_é/a.])*") {
            let _ = (stand_in(&word), placeholder(&word, Grammar::Value));
            for grammar in [Grammar::Name, Grammar::Value, Grammar::Path, Grammar::Text] {
                let _ = placeholder(&text, grammar);
            }
        }
    }
}
