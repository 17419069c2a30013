//! An own rule's expression, asked of the stored object instead of the new one.

/// The expression with `oldObject` wherever it says `object`; none where it cannot be asked of the stored object alone: it
/// looks at the change or at the request itself, or gives the name `object` to something else.
pub(super) fn of_stored(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len() + 32);
    let mut tokens = Tokens { text: expression, at: 0 };
    // The last token that is not white space, for `.object`.
    let mut before = "";
    // Whether `(object` has just been read, which a comma makes a macro's own variable.
    let mut may_be_bound = false;
    while let Some(token) = tokens.next() {
        let is_space = token.starts_with(char::is_whitespace) || token.starts_with("//");
        if !is_space {
            if may_be_bound && token == "," {
                return None;
            }
            may_be_bound = token == "object" && before == "(";
            if before != "." && matches!(token, "oldObject" | "request" | "authorizer") {
                return None;
            }
        }
        out.push_str(if token == "object" && before != "." { "oldObject" } else { token });
        if !is_space {
            before = token;
        }
    }
    Some(out)
}

/// Identifiers, strings, comments, runs of white space, and single characters.
struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let length = if let Some(length) = string(rest) {
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if is_name(first) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else if first.is_whitespace() {
            rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let token = &rest[..length];
        self.at += length;
        Some(token)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// How long the string is that a text begins with, prefixes and quotes included; none where it begins with another token. One
/// that does not end takes the rest.
fn string(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'r' | 'R' | 'b' | 'B')).filter(|length| *length <= 2)?;
    let is_raw = text[..prefix].contains(['r', 'R']);
    let body = &text[prefix..];
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote))?;
    let mut at = quote.len();
    loop {
        let rest = &body[at..];
        if rest.starts_with(quote) {
            return Some(prefix + at + quote.len());
        }
        let c = rest.chars().next();
        at += match c {
            None => return Some(text.len()),
            Some('\\') if !is_raw => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(c) => c.len_utf8(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::of_stored;

    #[test]
    fn the_new_object_becomes_the_stored_one() {
        for (expression, stored) in [
            ("object.spec.suspend", "oldObject.spec.suspend"),
            (
                "has(object.a) && object.a.object == 'object'",
                "has(oldObject.a) && oldObject.a.object == 'object'",
            ),
            ("my_object == 1 || objects", "my_object == 1 || objects"),
            (
                "size(object.a) > 0 // the object, of (object,\n",
                "size(oldObject.a) > 0 // the object, of (object,\n",
            ),
            (r"r'\' + object.x", r"r'\' + oldObject.x"),
            (r"'\'object' + object.x", r"'\'object' + oldObject.x"),
            ("'''object's''' + object . x", "'''object's''' + oldObject . x"),
            ("f(object)", "f(oldObject)"),
            (
                "a.exists(x, x == object.y) && 'ü' != object.z",
                "a.exists(x, x == oldObject.y) && 'ü' != oldObject.z",
            ),
        ] {
            assert_eq!(of_stored(expression).as_deref(), Some(stored));
        }
    }

    #[test]
    fn what_looks_at_the_change_is_not_asked_of_it() {
        for expression in [
            "object.spec == oldObject.spec",
            "request.operation == 'CREATE'",
            "a.all(object, object > 1)",
            "a.all( object , object > 1)",
        ] {
            assert_eq!(of_stored(expression), None, "{expression}");
        }
        assert!(of_stored("object.spec.request.oldObject").is_some());
        assert!(of_stored("'not closed").is_some());
    }
}
