//! The shell of a page: one file that needs no other.

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// The look of every page and picture: colours for light and dark, and what the classes of pictures stand for.
pub const LOOK: &str =
    concat!(include_str!("picture.css"), include_str!("page.css"), include_str!("tools.css"));

/// A page.
#[derive(Debug)]
pub struct Document<'a> {
    /// Its title, as the browser shows it.
    pub title: &'a str,
    /// More rules for its look, beside [`LOOK`].
    pub style: &'a str,
    /// What makes it move, a script of ours; empty where nothing does.
    pub script: &'a str,
    /// What it shows.
    pub body: Markup,
}

impl Document<'_> {
    /// The whole file.
    pub fn render(self) -> String {
        let style = format!("{LOOK}{}", self.style);
        let scripts = if self.script.is_empty() { "'none'".to_owned() } else { hash(self.script) };
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {scripts}; base-uri 'none'; form-action 'none'",
            hash(&style)
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="generator" content="jobguard";
                    title { (self.title) }
                    style { (PreEscaped(style)) }
                }
                body {
                    (self.body)
                    @if !self.script.is_empty() { script { (PreEscaped(self.script)) } }
                }
            }
        };
        page.into_string()
    }
}

/// The source of a Content-Security-Policy that stands for this one block.
fn hash(block: &str) -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(block)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_as_browsers_make_it() {
        // The example of https://www.w3.org/TR/CSP3/#external-hash is of another algorithm; this is `printf 'alert(1)' |
        // openssl dgst -sha256 -binary | base64`.
        assert_eq!(hash("alert(1)"), "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='");
    }

    #[test]
    fn what_is_not_there_is_not_allowed() {
        let page = Document { title: "<t>", style: "", script: "", body: html! {} }.render();
        assert!(
            page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"),
            "{page}"
        );
        assert!(page.contains("script-src 'none';"), "{page}");
        assert!(page.contains("<title>&lt;t&gt;</title>"), "{page}");
    }
}
