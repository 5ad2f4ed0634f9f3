//! Cells that a spreadsheet would take for a formula.

/// Whether a spreadsheet would run a text that begins so.
fn is_live(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The text with an apostrophe in front if a spreadsheet would take it for a formula. What has apostrophes in front of such
/// a beginning already gets one more, so that nothing is lost on the way back.
pub fn shield(text: &str) -> std::borrow::Cow<'_, str> {
    match is_live(text.trim_start_matches('\'')) {
        true => format!("'{text}").into(),
        false => text.into(),
    }
}

/// Takes away what [`shield`] put in front.
pub fn unshield(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_live(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_shielded_and_comes_back() {
        for text in ["=cmd|' /C calc'!A0", "+7 999", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''=1", "'x", "x", "", "'"] {
            let safe = shield(text);
            assert!(!is_live(&safe), "{text:?}");
            assert_eq!(unshield(&safe), text);
        }
    }
}
