//! Reads what of a Rust file says which others it uses: its imports, its paths and the names that it defines. Text and
//! comments are left out, and what is compiled for tests alone is told apart.

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Imports of the file itself.
    pub imports: Vec<Import>,
    /// Paths of two names or more in its code, and the names of macros.
    pub paths: Vec<Path>,
    /// Single names in its code, imports aside.
    pub names: std::collections::BTreeSet<String>,
    /// What it defines.
    pub defined: std::collections::BTreeSet<String>,
    /// Modules that are compiled for tests alone.
    pub test_modules: Vec<String>,
    pub lines: usize,
}

/// One name that an import brings.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub path: Vec<String>,
    /// The name in this file; none for `*`.
    pub name: Option<String>,
    /// Whether others see it here: a re-export.
    pub is_public: bool,
    pub in_test: bool,
    /// How many inline modules it stands in.
    pub depth: usize,
    pub line: usize,
}

/// A path in code.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub path: Vec<String>,
    pub in_test: bool,
    pub depth: usize,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Sign(char),
}

impl Source {
    pub(super) fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut reader = Reader { tokens: &tokens, at: 0, out: Self::default(), tests: Vec::new() };
        reader.out.lines = text.lines().count();
        reader.file();
        reader.out
    }
}

/// The tokens of a text with their lines. A number, a string or a lifetime is none.
fn tokens(text: &str) -> Vec<(Token, usize)> {
    let bytes: Vec<char> = text.chars().collect();
    let (mut at, mut line, mut out) = (0, 1, Vec::new());
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    while at < bytes.len() {
        let c = bytes[at];
        let next = bytes.get(at + 1).copied().unwrap_or(' ');
        let start = at;
        if c == '/' && next == '/' {
            at += bytes[at..].iter().position(|c| *c == '\n').unwrap_or(bytes.len() - at);
        } else if c == '/' && next == '*' {
            let mut depth = 0;
            while at < bytes.len() {
                match (bytes[at], bytes.get(at + 1)) {
                    ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
                    ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 {
                    break;
                }
            }
        } else if c == '"' {
            at = after_string(&bytes, at);
        } else if c == '\'' {
            let after = bytes.get(at + 2).copied();
            if next == '\\' {
                at += 3;
                while at < bytes.len() && bytes[at] != '\'' {
                    at += 1;
                }
                at += 1;
            } else if after == Some('\'') {
                at += 3;
            } else {
                at += 1;
                while at < bytes.len() && is_name(bytes[at]) {
                    at += 1;
                }
            }
        } else if is_name(c) {
            while at < bytes.len() && is_name(bytes[at]) {
                at += 1;
            }
            let word: String = bytes[start..at].iter().collect();
            let hashes = bytes[at..].iter().take_while(|c| **c == '#').count();
            let is_raw = matches!(word.as_str(), "r" | "br" | "cr") && bytes.get(at + hashes) == Some(&'"');
            if is_raw {
                let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                at += hashes + 1;
                let rest = bytes[at..].windows(end.len()).position(|window| window == end.as_slice());
                at += rest.map_or(bytes.len() - at, |rest| rest + end.len());
            } else if matches!(word.as_str(), "b" | "c") && bytes.get(at) == Some(&'"') {
                at = after_string(&bytes, at);
            } else if !c.is_ascii_digit() {
                out.push((Token::Name(word), line));
            }
        } else {
            if !c.is_whitespace() {
                out.push((Token::Sign(c), line));
            }
            at += 1;
        }
        line += bytes[start..at.min(bytes.len())].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn after_string(bytes: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < bytes.len() && bytes[at] != '"' {
        at += if bytes[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

struct Reader<'t> {
    tokens: &'t [(Token, usize)],
    at: usize,
    out: Source,
    /// Where items end that are compiled for tests alone, innermost last.
    tests: Vec<usize>,
}

impl Reader<'_> {
    fn name(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at) {
            Some((Token::Name(name), _)) => Some(name),
            _ => None,
        }
    }

    fn is(&self, at: usize, sign: char) -> bool {
        matches!(self.tokens.get(at), Some((Token::Sign(found), _)) if *found == sign)
    }

    fn is_path_sign(&self, at: usize) -> bool {
        self.is(at, ':') && self.is(at + 1, ':')
    }

    fn in_test(&self) -> bool {
        self.tests.last().is_some_and(|end| self.at < *end)
    }

    fn file(&mut self) {
        let mut is_public = false;
        // The braces that are open, and whether they are those of a module.
        let mut open: Vec<bool> = Vec::new();
        while self.at < self.tokens.len() {
            let line = self.tokens[self.at].1;
            let depth = open.iter().filter(|is_module| **is_module).count();
            if self.is(self.at, '#') && self.is(self.at + 1, '[') {
                self.attribute();
                continue;
            }
            if self.is(self.at, '{') {
                open.push(false);
            } else if self.is(self.at, '}') {
                open.pop();
            }
            match self.name(self.at).map(str::to_owned).as_deref() {
                Some("pub") => {
                    is_public = true;
                    self.at += 1;
                    if self.is(self.at, '(') {
                        self.at = self.after_group(self.at);
                    }
                    continue;
                }
                Some("use") => {
                    self.at += 1;
                    self.import(&[], is_public, depth, line);
                }
                Some("mod") => {
                    if let Some(name) = self.name(self.at + 1).map(str::to_owned) {
                        if self.is(self.at + 2, '{') {
                            open.push(true);
                        } else if self.in_test() {
                            self.out.test_modules.push(name);
                        }
                        self.at += 2;
                    }
                }
                Some(
                    "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union"
                    | "macro_rules",
                ) => {
                    let named = self.at + if self.is(self.at + 1, '!') { 2 } else { 1 };
                    self.out.defined.extend(self.name(named).map(str::to_owned));
                }
                Some(_) => {
                    self.path(depth, line);
                    is_public = false;
                    continue;
                }
                None => {}
            }
            is_public = false;
            self.at += 1;
        }
    }

    /// Skips an attribute. One that compiles what follows for tests alone marks that.
    fn attribute(&mut self) {
        let start = self.at;
        self.at = self.after_group(self.at + 1);
        let names: Vec<&str> = (start..self.at).filter_map(|at| self.name(at)).collect();
        if names.first() == Some(&"cfg")
            && names.contains(&"test")
            && !names.contains(&"not")
            && !self.in_test()
        {
            self.tests.push(self.after_item());
        }
    }

    /// Where the item ends that begins here.
    fn after_item(&self) -> usize {
        let mut at = self.at;
        while self.is(at, '#') && self.is(at + 1, '[') {
            at = self.after_group(at + 1);
        }
        if self.name(at) == Some("pub") {
            at += 1;
            if self.is(at, '(') {
                at = self.after_group(at);
            }
        }
        let ends_at_sign = match self.name(at) {
            Some("use" | "static" | "type" | "let") => true,
            Some("const") => self.name(at + 1) != Some("fn"),
            _ => false,
        };
        let is_item = matches!(
            self.name(at),
            Some(
                "fn" | "impl"
                    | "struct"
                    | "enum"
                    | "mod"
                    | "trait"
                    | "const"
                    | "async"
                    | "macro_rules"
                    | "use"
            )
        );
        while at < self.tokens.len() {
            if self.is(at, ';') || self.is(at, ',') && !is_item {
                return at + 1;
            }
            if self.is(at, '}') {
                return at;
            }
            if self.is(at, '{') || self.is(at, '(') || self.is(at, '[') {
                let is_body = self.is(at, '{') && !ends_at_sign;
                at = self.after_group(at);
                if is_body {
                    return at;
                }
                continue;
            }
            at += 1;
        }
        at
    }

    /// Behind the group that opens here.
    fn after_group(&self, open: usize) -> usize {
        let (mut at, mut depth) = (open, 0usize);
        while at < self.tokens.len() {
            match self.tokens[at].0 {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
            if depth == 0 {
                break;
            }
        }
        at
    }

    /// A tree of an import, up to the sign behind it.
    fn import(&mut self, before: &[String], is_public: bool, depth: usize, line: usize) {
        let mut path = before.to_vec();
        loop {
            if self.is_path_sign(self.at) {
                self.at += 2;
            }
            if self.is(self.at, '{') {
                self.at += 1;
                while !self.is(self.at, '}') && self.at < self.tokens.len() {
                    self.import(&path, is_public, depth, line);
                    if self.is(self.at, ',') {
                        self.at += 1;
                    }
                }
                self.at += 1;
                return;
            }
            if self.is(self.at, '*') {
                self.at += 1;
                self.add(path, None, is_public, depth, line);
                return;
            }
            let Some(name) = self.name(self.at).map(str::to_owned) else { return };
            self.at += 1;
            if name == "self" && !path.is_empty() {
                let last = path.last().cloned();
                self.add(path, last, is_public, depth, line);
                return;
            }
            path.push(name.clone());
            if self.is_path_sign(self.at) {
                continue;
            }
            let name = if self.name(self.at) == Some("as") {
                self.at += 2;
                self.name(self.at - 1).map(str::to_owned)
            } else {
                Some(name)
            };
            self.add(path, name.or_else(|| Some("_".to_owned())), is_public, depth, line);
            return;
        }
    }

    fn add(&mut self, path: Vec<String>, name: Option<String>, is_public: bool, depth: usize, line: usize) {
        let in_test = self.in_test();
        self.out.imports.push(Import { path, name, is_public, in_test, depth, line });
    }

    /// A name, or a path of several.
    fn path(&mut self, depth: usize, line: usize) {
        let follows = self.at.checked_sub(1).is_some_and(|before| self.is(before, '.'));
        let mut path = Vec::new();
        while let Some(name) = self.name(self.at).map(str::to_owned) {
            path.push(name);
            self.at += 1;
            if !self.is_path_sign(self.at) || self.name(self.at + 2).is_none() {
                break;
            }
            self.at += 2;
        }
        let in_test = self.in_test();
        if !in_test && !follows {
            self.out.names.extend(path.first().cloned());
        }
        if path.len() > 1 {
            self.out.paths.push(Path { path, in_test, depth, line });
        }
    }
}

#[test]
fn reads_imports_and_paths() {
    let source = Source::read(
        r##"
        //! use crate::comment::A;
        use crate::a::{self, b::{C, D as E}, f::*};
        pub(crate) use super::g::H;
        const TEXT: &str = "use crate::text::A"; // crate::comment::B
        const RAW: &str = r#"crate::raw::"A"#;
        fn one<'a>(x: &'a str) -> char { crate::i::j('"'); x.k::<L>(); m::n!(); '\'' }
        #[cfg(test)]
        use crate::t::U;
        #[cfg(test)]
        mod tests { use super::*; fn two() { crate::v::w() } }
        #[cfg(test)]
        mod more_tests;
        fn three() { crate::x::y() }
        "##,
    );
    let imports: Vec<String> = source
        .imports
        .iter()
        .map(|i| {
            let name = i.name.as_deref().unwrap_or("*");
            let marks = [(i.is_public, " pub"), (i.in_test, " test"), (i.depth > 0, " within")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            format!("{} {name}{marks}", i.path.join("::"))
        })
        .collect();
    assert_eq!(
        imports,
        [
            "crate::a a",
            "crate::a::b::C C",
            "crate::a::b::D E",
            "crate::a::f *",
            "super::g::H H pub",
            "crate::t::U U test",
            "super * test within",
        ]
    );
    let paths: Vec<String> = source
        .paths
        .iter()
        .map(|path| format!("{}{}", path.path.join("::"), if path.in_test { " test" } else { "" }))
        .collect();
    assert_eq!(paths, ["crate::i::j", "m::n", "crate::v::w test", "crate::x::y"]);
    assert_eq!(source.test_modules, ["more_tests"]);
    assert!(source.defined.contains("one") && source.defined.contains("TEXT"));
}
