//! The words of syntax errors.

use super::{LineIndex, read};

/// The first error of a text, drawn below its line.
fn shown(text: &str) -> String {
    let documents = read(text);
    let Some(error) = documents.iter().find_map(|d| d.content.as_ref().err()) else {
        return "no error".to_owned();
    };
    let lines = LineIndex::new(text);
    let (start, end) = (lines.position(error.span.start), lines.position(error.span.end));
    let line = lines.line_span(start.line).unwrap_or_default();
    let width = if end.line == start.line { end.column - start.column } else { 1 };
    format!(
        "{}: {}\n{:indent$}  {}\n{}\n= {}",
        start.line,
        text[line.start..line.end].replace('\t', "→").replace(char::is_control, "?"),
        "",
        "^".repeat(width.max(1)),
        error.message,
        error.help.as_deref().unwrap_or("-"),
        indent = start.column + start.line.to_string().len() - 1,
    )
}

#[test]
fn schedules_without_quotes() {
    insta::assert_snapshot!(shown("spec:\n  schedule: */5 * * * *  # often\n"), @r#"
    2:   schedule: */5 * * * *  # often
                   ^^^^^^^^^^^
    a schedule that begins like this must be in quotes: in YAML, `*` begins an alias
    = write `schedule: "*/5 * * * *"`
    "#);
    insta::assert_snapshot!(shown("spec:\n  schedule: * * * * *\n"), @r#"
    2:   schedule: * * * * *
                   ^^^^^^^^^
    a schedule that begins like this must be in quotes: in YAML, `*` begins an alias
    = write `schedule: "* * * * *"`
    "#);
    insta::assert_snapshot!(shown("spec:\n  schedule: @daily\n"), @r#"
    2:   schedule: @daily
                   ^^^^^^
    a schedule that begins like this must be in quotes: in YAML, `@` is a reserved character
    = write `schedule: "@daily"`
    "#);
    insta::assert_snapshot!(shown("a: *nope\n"), @r#"
    1: a: *nope
          ^^^^^
    this alias names nothing: there is no anchor `&nope` before it
    = set the anchor earlier in the same document, or put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("a: `x`\n"), @r#"
    1: a: `x`
          ^^^
    a value cannot begin with a backtick
    = put the whole value in quotes
    "#);
}

#[test]
fn tabs() {
    insta::assert_snapshot!(shown("spec:\n\ttemplate:\n"), @r#"
    2: →template:
       ^
    a tab is used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("spec:\n  template:\n  \t\tspec: x\n"), @r#"
    3:   →→spec: x
         ^^
    tabs are used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("spec:\n  a: 1\n\t\n  b: 2\n"), @r#"
    3: →
       ^
    a tab is used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("spec:\n  \ttemplate: {}\n"), @r#"
    2:   →template: {}
         ^
    a tab is used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("spec:\n  a:\n   \t - b\n"), @r#"
    3:    → - b
          ^
    a tab is used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("a: [b\n\tc]\n"), @r#"
    2: →c]
       ^
    a tab is used to indent; YAML allows spaces only
    = replace tabs with spaces, two for each level
    "#);
    insta::assert_snapshot!(shown("- \ta\n"), @r#"
    1: - →a
         ^
    a tab is not allowed here; YAML allows only spaces
    = replace tabs with spaces, two for each level
    "#);
}

#[test]
fn templates() {
    insta::assert_snapshot!(shown("metadata:\n  name: {{ .Values.name }}\n"), @r#"
    2:   name: {{ .Values.name }}
               ^^^^^^^^^^^^^^^^^^
    this is a Helm template that has not been rendered, which is not YAML yet
    = render it first (`helm template`) and check the result
    "#);
    insta::assert_snapshot!(shown("{{- if .Values.enabled }}\nkind: Job\n{{- end }}\n"), @r#"
    1: {{- if .Values.enabled }}
       ^^^^^^^^^^^^^^^^^^^^^^^^^
    this is a Helm template that has not been rendered, which is not YAML yet
    = render it first (`helm template`) and check the result
    "#);
    insta::assert_snapshot!(shown("kind: Job\n{{ include \"labels\" . | indent 4 }}\n"), @r#"
    2: {{ include "labels" . | indent 4 }}
       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    this is a Helm template that has not been rendered, which is not YAML yet
    = render it first (`helm template`) and check the result
    "#);
    insta::assert_snapshot!(shown("{% for p in params %}\nname: job-{{ p }}\n{% endfor %}\n"), @r#"
    1: {% for p in params %}
       ^^^^^^^^^^^^^^^^^^^^^
    this is a Jinja template that has not been rendered, which is not YAML yet
    = render it first and check the result; if the braces are intended, put the value in quotes
    "#);
}

#[test]
fn quotes_and_brackets() {
    insta::assert_snapshot!(shown("a: \"x\nb: 1\nc: 2\n"), @r#"
    1: a: "x
          ^
    the quote `"` opened here is never closed
    = add the closing `"`
    "#);
    insta::assert_snapshot!(shown("a: 'it's'\n"), @r#"
    1: a: 'it's'
              ^^
    nothing may follow the closing quote of a value
    = put the whole value in quotes; within single quotes, write `''` for a quote
    "#);
    insta::assert_snapshot!(shown("command: [\"sh\", \"-c\"\nimage: x\n"), @r#"
    1: command: ["sh", "-c"
                ^
    the `[` opened here is never closed
    = add the closing `]`, or put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("command: [\"sh\", \"-c\"\n"), @r#"
    1: command: ["sh", "-c"
                ^
    the `[` opened here is never closed
    = add the closing `]`, or put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("a: {b: 1]\n"), @r#"
    1: a: {b: 1]
               ^
    `]` cannot close the `{` opened before
    = close brackets in the order in which they were opened
    "#);
    insta::assert_snapshot!(shown("a: ]\n"), @r#"
    1: a: ]
          ^
    this `]` closes nothing
    = remove it, or put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("a: [b c: d, \"e\" f]\n"), @r#"
    1: a: [b c: d, "e" f]
                       ^^
    nothing may follow the closing quote of a value
    = put the whole value in quotes; within double quotes, write `\"` for a quote
    "#);
    insta::assert_snapshot!(shown("a: \"C:\\path\\to\"\n"), @r#"
    1: a: "C:\path\to"
             ^^
    `\p` is not an escape that kubectl's reader knows
    = write `\\` for a backslash, or use single quotes, in which backslashes mean nothing
    "#);
}

#[test]
fn colons() {
    insta::assert_snapshot!(shown("a: b: c\n"), @r#"
    1: a: b: c
           ^
    a second `:` on the line: the value of `a` holds one
    = put the whole value in quotes, or begin a new line for the next key
    "#);
    insta::assert_snapshot!(shown("- image: x: y\n"), @r#"
    1: - image: x: y
                 ^
    a second `:` on the line: the value of `image` holds one
    = put the whole value in quotes, or begin a new line for the next key
    "#);
    insta::assert_snapshot!(shown("apiVersion:batch/v1\nkind: Job\n"), @r#"
    1: apiVersion:batch/v1
                 ^
    there is no space after this `:`, so it is not a key
    = write `apiVersion: ` before the value
    "#);
    insta::assert_snapshot!(shown("kind: Job\nmetadata:\n  name:x\n  labels: {}\n"), @r#"
    3:   name:x
             ^
    there is no space after this `:`, so it is not a key
    = write `name: ` before the value
    "#);
    insta::assert_snapshot!(shown("kind: Job\nspec\n  template: x\n"), @r#"
    2: spec
       ^^^^
    this line has no `:`, so it is not a key with a value
    = write `key: value`, or indent the line if it belongs to the value above
    "#);
    insta::assert_snapshot!(shown("kind: Job\nspec\n"), @r#"
    2: spec
       ^^^^
    this line has no `:`, so it is not a key with a value
    = write `key: value`, or indent the line if it belongs to the value above
    "#);
    insta::assert_snapshot!(shown("image: busybox\n  command: x\n"), @r#"
    2:   command: x
         ^^^^^^^^^^
    this line is indented below `image`, which has a value already
    = indent it like the lines it belongs with, or remove the value above
    "#);
}

#[test]
fn indentation() {
    insta::assert_snapshot!(shown("spec:\n  template:\n    spec:\n      a: 1\n     b: 2\n"), @r#"
    5:      b: 2
            ^
    this line fits no level above: it is indented by 5 spaces
    = indent it by 6 spaces to go on with the lines before it, or by 4 spaces for the level outside
    "#);
    insta::assert_snapshot!(shown("spec:\n    a: 1\n  b: 2\n"), @r#"
    3:   b: 2
         ^
    this line fits no level above: it is indented by 2 spaces
    = indent it by 4 spaces to go on with the lines before it, or not at all for the level outside
    "#);
    insta::assert_snapshot!(shown("a:\n  - b\n -c\n"), @r#"
    3:  -c
        ^
    there is no space after this `-`
    = write `- ` before a list item
    "#);
    insta::assert_snapshot!(shown("a: 1\n- b\n"), @r#"
    2: - b
       ^
    a list item is among keys (after `a`)
    = indent the list below the key it belongs to, which must have no other value
    "#);
    insta::assert_snapshot!(shown("s:\n  p:\n    c: # all\n\n  - n: a\n"), @r#"
    5:   - n: a
         ^
    this list item is indented by less than `c`, which it follows
    = indent the list by 4 spaces or more, if it belongs to `c`, which has no value yet
    "#);
    insta::assert_snapshot!(shown("s:\n  p:\n    - x: 1\n      c:\n  - n: a\n"), @r#"
    5:   - n: a
         ^
    this list item is indented by less than `c`, which it follows
    = indent the list by 6 spaces or more, if it belongs to `c`, which has no value yet
    "#);
    insta::assert_snapshot!(shown("s:\n  p:\n    c: 1\n  - n: a\n"), @r#"
    4:   - n: a
         ^
    a list item is among keys (after `p`)
    = indent the list below the key it belongs to, which must have no other value
    "#);
    insta::assert_snapshot!(shown("- name: a\nimage: b\n"), @r#"
    2: image: b
       ^^^^^
    a key is among list items
    = indent it below its list item, or less if it belongs to an outer object
    "#);
    insta::assert_snapshot!(shown("containers: - name: a\n"), @r#"
    1: containers: - name: a
                   ^
    a list cannot begin on the line of its key `containers`
    = begin the list on the next line, or write it in brackets: `[a, b]`
    "#);
    insta::assert_snapshot!(shown("  kind: Job\nspec:\n"), @"no error");
    insta::assert_snapshot!(shown("env:\n- name: A\n   value: b\n"), @r#"
    3:    value: b
          ^^^^^^^^
    this line is indented below `name`, which has a value already
    = indent it like the lines it belongs with, or remove the value above
    "#);
}

#[test]
fn the_rest() {
    insta::assert_snapshot!(shown("a: 1\n--- b: 2\nc: 3\n"), @r#"
    2: --- b: 2
           ^^^^
    only a comment may follow `---` on its line: kubectl stops reading here
    = move what follows `---` to the next line
    "#);
    insta::assert_snapshot!(shown("a: 1\n----\nb: 2\n"), @r#"
    2: ----
       ^^^^
    a line that begins with `---` separates documents, but this one goes on
    = write exactly three dashes to separate documents
    "#);
    insta::assert_snapshot!(shown("%YAML 1.2\n---\na: 1\n"), @r#"
    1: %YAML 1.2
       ^^^^^^^^^
    kubectl does not read directives (lines that begin with `%`)
    = remove the line
    "#);
    insta::assert_snapshot!(shown("a: .inf\n"), @r#"
    1: a: .inf
          ^^^^
    infinity and "not a number" cannot be sent to the API server
    = put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("~: a\n"), @r#"
    1: ~: a
       ^
    a key must be a text, a boolean or a number that fits into 64 bits
    = write the key, in quotes if need be, before the `:`
    "#);
    insta::assert_snapshot!(shown("a: &a [*a]\n"), @r#"
    1: a: &a [*a]
              ^^
    this alias is inside the very value that it names
    = an alias can only name a value that is complete
    "#);
    insta::assert_snapshot!(shown("a: !!int x\n"), @r#"
    1: a: !!int x
                ^
    the tag before this value asks for a whole number, which it is not
    = remove the tag (the word that begins with `!`)
    "#);
    insta::assert_snapshot!(shown("a: !foo!bar x\n"), @r#"
    1: a: !foo!bar x
          ^^^^^^^^^^
    a value that begins with `!` is read as a tag, and this is not a valid one
    = put the whole value in quotes
    "#);
    insta::assert_snapshot!(shown("<<: 1\n"), @r#"
    1: <<: 1
       ^^
    `<<` can only take in an object or a list of objects
    = give it an alias of an object (`<<: *name`), or put the key in quotes
    "#);
    insta::assert_snapshot!(shown("a: |x\n  b\n"), @r#"
    1: a: |x
          ^^
    only a comment may follow `|` or `>` on its line
    = write the text on the lines below, indented; or put the value in quotes
    "#);
    insta::assert_snapshot!(shown("a: |\n    b\n  c\n"), @r#"
    3:   c
         ^
    this line ends the block text above, but its 2 spaces fit no level
    = indent it by 4 spaces to go on with the lines before it, or not at all for the level outside
    "#);
    insta::assert_snapshot!(shown("a: b\n  # c\n  d\n"), @r#"
    3:   d
         ^
    this line fits no level above: it is indented by 2 spaces
    = do not indent it, or put it below a key that has no value
    "#);
    insta::assert_snapshot!(shown("a: \u{7}\n"), @r#"
    1: a: ?
          ^
    the character U+0007 is not allowed in YAML
    = remove it, or write it as an escape in double quotes
    "#);
    insta::assert_snapshot!(shown("a: x\u{2028}y\n"), @r#"
    1: a: x y
           ^
    the invisible character U+2028 ends the line here for kubectl
    = remove it, or put the text that it belongs to in quotes
    "#);
    insta::assert_snapshot!(shown("kind: Job\n...\n---\n...\n"), @r#"
    4: ...
       ^^^
    `...` ends a document, but none has begun
    = remove the line
    "#);
}

#[test]
fn json() {
    insta::assert_snapshot!(shown("{\"a\": 1,}\n"), @"no error");
    insta::assert_snapshot!(shown("{\"a\": [1, 2,]}\n"), @"no error");
    insta::assert_snapshot!(shown("{\"a\": 1 \"b\": 2}\n"), @r#"
    1: {"a": 1 "b": 2}
               ^
    `,` or `}` is expected here: entries are separated by commas
    = -
    "#);
    insta::assert_snapshot!(shown("{\"a\": {\"b\": 1}\n"), @r#"
    1: {"a": {"b": 1}
       ^
    the `{` opened here is never closed
    = add the closing `}`, or put the value in quotes if it is a string
    "#);
    insta::assert_snapshot!(shown("{\"a\": \"b}\n"), @r#"
    1: {"a": "b}
             ^
    the quote `"` opened here is never closed
    = add the closing `"`
    "#);
    insta::assert_snapshot!(shown("{\"a\": \"\\x\"}\n"), @r#"
    1: {"a": "\x"}
              ^^
    `\x` is not an escape that kubectl's reader knows
    = write `\\` for a backslash, or use single quotes, in which backslashes mean nothing
    "#);
    insta::assert_snapshot!(shown("{\"a\": 1}\n{\"a\": 1}\n{\"a\": tru}\n"), @r#"
    3: {"a": tru}
             ^
    a JSON value is expected here
    = -
    "#);
}
