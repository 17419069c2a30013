//! What pages, pictures and Markdown promise, whatever is in the manifests.

use std::io;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::fixture::{fleet, hostile, single};
use super::model::Preview;
use super::{markdown, write_html, write_markdown, write_svg};

fn written(preview: &Preview, write: fn(&Preview, &mut dyn io::Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(preview, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What stands in `<name ...>`, and in `</name>`'s element, of each element of a name.
fn blocks<'a>(page: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(open.as_str()) {
        let (attributes, after) = after.split_once('>').unwrap();
        let (inside, after) = after.split_once(close.as_str()).unwrap();
        found.push((attributes, inside));
        rest = after;
    }
    found
}

/// A page without what stands in scripts and styles: its markup and its text.
fn markup(page: &str) -> String {
    let mut out = page.to_owned();
    for name in ["script", "style"] {
        for (_, inside) in blocks(page, name) {
            out = out.replace(inside, "");
        }
    }
    out
}

/// The tags of a page.
fn tags(page: &str) -> Vec<String> {
    markup(page).split('<').skip(1).map(|tag| tag.split('>').next().unwrap().to_owned()).collect()
}

#[test]
fn the_policy_names_what_is_there() {
    for preview in [hostile(), fleet(20), single()] {
        let page = written(&preview, write_html);
        let hash = |block: &str| {
            format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(block)))
        };
        let scripts = blocks(&page, "script");
        let [(data, json), ("", script)] = scripts.as_slice() else { panic!("{}", scripts.len()) };
        assert_eq!(*data, " type=\"application/json\" id=\"data\"");
        serde_json::from_str::<serde_json::Value>(json).unwrap();
        let styles = blocks(&page, "style");
        let [("", style)] = styles.as_slice() else { panic!("{}", styles.len()) };
        let policy = format!("default-src 'none'; style-src {}; script-src {};", hash(style), hash(script));
        assert!(page.contains(&policy), "{}", &page[..600]);
        assert!(!page.contains("unsafe-inline"));
    }
}

#[test]
fn no_tag_is_anybody_else_s() {
    let page = written(&hostile(), write_html);
    for tag in tags(&page) {
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '!'), "{tag}");
        assert!(!["img", "iframe", "object", "link", "a", "form"].contains(&name), "{tag}");
        // Attributes by their names: what is in quotes is text.
        let bare: String = tag.split('"').step_by(2).collect();
        for attribute in bare.split(' ').skip(1) {
            let attribute = attribute.trim_end_matches('=');
            assert!(!attribute.starts_with("on") && attribute != "style" && attribute != "src", "{tag}");
        }
    }
}

#[test]
fn nothing_steers_the_reader() {
    let preview = hostile();
    for (what, text) in [
        ("html", written(&preview, write_html)),
        ("svg", written(&preview, write_svg)),
        ("markdown", written(&preview, write_markdown)),
    ] {
        for c in ['\u{202e}', '\u{200b}', '\u{7}', '\u{1b}'] {
            assert!(!text.contains(c), "{what} holds {c:?}");
        }
    }
}

#[test]
fn a_thousand_cron_jobs_are_below_a_megabyte() {
    let page = written(&fleet(1_000), write_html);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.len() > 300_000, "{} bytes", page.len());
}

#[test]
fn what_is_the_same_is_written_once() {
    let one = written(&fleet(200), write_html).len();
    let both = written(&fleet(400), write_html).len();
    assert!((both - one) / 200 < 900, "{} bytes for each CronJob", (both - one) / 200);
}

#[test]
fn a_comment_has_room() {
    for count in [1, 40, 1_000] {
        let text = written(&fleet(count), write_markdown);
        assert!(text.chars().count() <= markdown::LIMIT, "{count}");
        assert_eq!(text.contains("left out: a comment has no room for more."), count == 1_000);
        assert_eq!(text.matches("```").count() % 2, 0);
    }
}

#[test]
fn markdown_is_nobody_else_s() {
    let text = written(&hostile(), write_markdown);
    for line in text.lines().filter(|line| line.starts_with('|')) {
        // Cells are counted as GitHub counts them: a backslash before a bar escapes it.
        let bars = line.replace("\\|", "").matches('|').count();
        assert!([4, 5, 6].contains(&bars), "{line}");
    }
    // An escaped backquote begins no code, and the fence of a block is one mark.
    let outside: String = text.replace("\\`", "").replace("```", "`").split('`').step_by(2).collect();
    assert!(!outside.contains("<img") && !outside.contains("https://"), "{outside}");
    assert!(!outside.contains("@everyone"), "{outside}");
    let parts = text.split("```mermaid").skip(1);
    for diagram in parts.map(|rest| rest.split("```").next().unwrap()) {
        for line in diagram.lines().filter(|line| line.contains("alert")) {
            assert!(!line.contains(['<', '>', ';', '#', '%']), "{line}");
        }
    }
}

#[test]
fn pictures_are_well_formed() {
    for preview in [hostile(), fleet(20), single()] {
        let svg = written(&preview, write_svg);
        let mut open = Vec::new();
        for tag in tags(&svg) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
                None => open.push(tag.split(' ').next().unwrap().to_owned()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title") && svg.contains("<desc"));
        assert!(svg.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn every_picture_of_a_page_says_what_it_is() {
    let page = written(&fleet(20), write_html);
    let pictures = blocks(&page, "svg");
    assert!(pictures.len() >= 6, "{}", pictures.len());
    let mut ids = Vec::new();
    for (attributes, inside) in pictures {
        assert!(attributes.contains("role=\"img\""), "{attributes}");
        let label = attributes.split_once("aria-labelledby=\"").unwrap().1.split('"').next().unwrap();
        for id in label.split(' ') {
            assert!(inside.contains(&format!(" id=\"{id}\">")), "{id}");
            ids.push(id.to_owned());
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is used twice");
}

#[test]
fn what_is_written() {
    for (name, preview) in [("few", fleet(5)), ("single", single()), ("hostile", hostile())] {
        insta::assert_snapshot!(format!("{name}_markdown"), written(&preview, write_markdown));
    }
    insta::assert_snapshot!("few_svg", lines(&written(&fleet(5), write_svg)));
    insta::assert_snapshot!("single_svg", lines(&written(&single(), write_svg)));
    insta::assert_snapshot!("single_html", lines(&body(&written(&single(), write_html))));
}

/// What a page shows and what its script is handed, without the look and the script, which are files of their own.
fn body(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    body.rsplit_once("<script>").unwrap().0.to_owned()
}

/// One element a line, so that a change is seen where it is.
fn lines(markup: &str) -> String {
    markup.replace("><", ">\n<")
}

/// Writes files to look at into the folder that this names.
#[test]
fn to_look_at() {
    let Some(folder) = std::env::var_os("JOBGUARD_LOOK") else { return };
    let folder = std::path::PathBuf::from(folder);
    for (name, preview) in [
        ("fleet", fleet(60)),
        ("large", fleet(1_000)),
        ("single", single()),
        ("hostile", hostile()),
        ("few", fleet(4)),
    ] {
        std::fs::write(folder.join(format!("{name}.html")), written(&preview, write_html)).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), written(&preview, write_svg)).unwrap();
        std::fs::write(folder.join(format!("{name}.md")), written(&preview, write_markdown)).unwrap();
    }
}
