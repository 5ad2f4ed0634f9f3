//! Markdown of people on the screen: headings, lists, emphasis and honest links; none of the writer's HTML, no pictures
//! from elsewhere.

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// HTML of a Markdown text that is safe inside a page.
pub(crate) fn rich(text: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    // Whether each open link was kept: the ends must fit their beginnings.
    let mut kept = Vec::new();
    let events = Parser::new_ext(text, options).filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let goes = leads_out(link_type, &dest_url);
            kept.push(goes);
            goes.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }))
        }
        Event::End(TagEnd::Link) => kept.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link)),
        // People press Enter where they want a new line.
        Event::SoftBreak => Some(Event::HardBreak),
        other => Some(other),
    });
    let mut safe = String::with_capacity(text.len() + text.len() / 2);
    html::push_html(&mut safe, events);
    safe.replace("<a href=", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=")
}

/// Whether a link leads to a page, a letter or a call.
fn leads_out(kind: LinkType, to: &CowStr<'_>) -> bool {
    let to = to.trim().to_lowercase();
    kind == LinkType::Email
        || ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| to.starts_with(scheme))
        || (to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_writers_html_gets_through() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<div onclick=x>\n\nтекст\n\n</div>",
            "<svg/onload=alert(1)>",
            "**<b onmouseover=x>y</b>**",
            "`<script>`",
        ] {
            let html = rich(text);
            assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<svg") && !html.contains("<div") && !html.contains("<b "), "{html}");
        }
    }

    #[test]
    fn links_lead_to_pages_letters_and_calls_only() {
        for bad in
            ["[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,x)", "[x](//evil.example)", "[x](vbscript:x)", "<javascript:alert(1)>"]
        {
            assert!(!rich(bad).contains("<a "), "{bad}: {}", rich(bad));
        }
        assert!(rich("[банк](https://bank.example)").contains("rel=\"noopener noreferrer nofollow\" href=\"https://bank.example\""));
        assert!(rich("<ivan@example.com>").contains("href=\"mailto:ivan@example.com\""));
    }

    #[test]
    fn a_picture_from_elsewhere_is_its_words() {
        assert_eq!(rich("![схема](https://spy.example/pixel.png)").trim(), "<p>схема</p>");
    }

    #[test]
    fn lists_headings_and_line_ends_are_kept() {
        let html = rich("# План\n- раз\n- два\n\nпервая\nвторая");
        assert!(html.contains("<h1>План</h1>") && html.contains("<li>раз</li>") && html.contains("первая<br />\nвторая"), "{html}");
    }
}
