//! Data for a page's own script.

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

/// The data as a block that the script finds by its id. Whatever the data says, the block does not end early: HTML ends it
/// at `</script`, and reads on past that after `<!--`, so that no `<` is left in it, nor a `>` or `&`, nor the two ends of
/// lines that are none in JSON.
///
/// # Errors
///
/// If the data has no form in JSON.
pub fn data_block(id: &str, data: &impl Serialize) -> serde_json::Result<Markup> {
    let json = serde_json::to_string(data)?;
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    Ok(html! { script type="application/json" id=(id) { (PreEscaped(safe)) } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_where_it_should() {
        let hostile = "</script><img src=x onerror=alert(1)><!-- <script> ]]>&\u{2028}\"'\\";
        let block = data_block("data", &hostile).unwrap().into_string();
        let inside = block
            .strip_prefix("<script type=\"application/json\" id=\"data\">")
            .and_then(|rest| rest.strip_suffix("</script>"))
            .unwrap();
        assert!(!inside.contains(['<', '>', '&', '\u{2028}']), "{inside}");
        assert_eq!(serde_json::from_str::<String>(inside).unwrap(), hostile);
    }
}
