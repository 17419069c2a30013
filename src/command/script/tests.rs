//! Scripts and their shapes.

use super::*;

/// The shape of a script: the first words of its commands.
fn shape(list: &List<'_>) -> String {
    let items: Vec<String> = list
        .iter()
        .map(|item| {
            let mut text = pipeline(&item.first);
            for (join, next) in &item.rest {
                text += if *join == Join::And { " && " } else { " || " };
                text += &pipeline(next);
            }
            if item.in_background { text + " &" } else { text }
        })
        .collect();
    items.join("; ")
}

fn pipeline(pipeline: &Pipeline<'_>) -> String {
    let commands: Vec<String> = pipeline.commands.iter().map(command).collect();
    format!("{}{}", if pipeline.is_negated { "! " } else { "" }, commands.join(" | "))
}

fn command(command: &Command<'_>) -> String {
    let within = |lists: &[List<'_>]| lists.iter().map(shape).collect::<Vec<_>>().join(" / ");
    match command {
        Command::Simple(words) => words.first().map_or("-".into(), |word| word.text.to_string()),
        Command::While { condition, until, body } => {
            let word = if *until { "until" } else { "while" };
            format!("{word}({} : {})", shape(condition), shape(body))
        }
        Command::For { condition, body } => format!("for({condition:?} : {})", shape(body)),
        Command::If { lists } => format!("if({})", within(lists)),
        Command::Case(lists) => format!("case({})", within(lists)),
        Command::Group(list) => format!("{{{}}}", shape(list)),
        Command::Arithmetic(text) => format!("(({text}))"),
        Command::Test(words) => format!("[[{}]]", words.len()),
        Command::Function(body) => format!("fn {}", self::command(body)),
    }
}

#[test]
fn shapes() {
    for (text, wanted) in [
        ("a b; c &&\n d || e & f | g", "a; c && d || e &; f | g"),
        ("while true; do a; b; done; c", "while(true : a; b); c"),
        ("until [ -f x ]\ndo sleep 1\ndone", "until([ : sleep)"),
        ("for i in a b; do c; done", "for(None : c)"),
        ("for i\ndo c; done", "for(None : c)"),
        ("for ((;;)); do c; done", "for(Some(\"\") : c)"),
        ("for ((i=0; i<3; i++)) do c; done", "for(Some(\"i<3\") : c)"),
        ("if a; then b; elif c; then d; else e; fi", "if(a / b / c / d / e)"),
        ("case $1 in a|b) c;; (d) e ;; *) f; esac; g", "case(c / e / f); g"),
        ("{ a; b; } && (c; d) > x", "{a; b} && {c; d}"),
        ("f() { a; }; function g { b; }; function h() (c)", "fn {a}; fn {b}; fn {c}"),
        ("((i++)); ( (a); b)", "((i++)); {{a}; b}"),
        ("((a); b)", "{{a}; b}"),
        ("[[ a && b ]] && c", "[[2]] && c"),
        ("! a | b", "! a | b"),
        ("A=1 B=2 c d; E=3; >x", "c; -; -"),
        ("echo done; echo if", "echo; echo"),
        ("'while' a", "while"),
        ("while true; do a; done >log 2>&1 &", "while(true : a) &"),
        ("set -e\ncat <<X | a\nwhile true; do\nX\nb", "set; cat | a; b"),
        ("", ""),
        ("# only this", ""),
    ] {
        assert_eq!(read(text).as_ref().map(shape).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn no_scripts() {
    for text in
        ["while true; do a", "if a; then b", "done", "a )", "&& a", "a &&", "f( a )", "case x in a b", "| a"]
    {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(read(&"(".repeat(100_000)), None);
    assert_eq!(read(&"{ ".repeat(100_000)), None);
    assert_eq!(read(&"f() ".repeat(50_000)), None);
    assert_eq!(read(&" ".repeat(MAX_BYTES + 1)), None);
}

proptest::proptest! {
    #[test]
    fn never_panics(words in proptest::collection::vec("while|true|do|done|if|then|fi|case|in|esac|\\(|\\)|\\{|\\}|;|;;|&&|\\||&|\n|a|f\\(\\)|<<X|for|\\(\\(", 0..30)) {
        let _ = read(&words.join(" "));
    }
}
