//! What an address asks of a board, list or calendar. The address holds the whole state: whoever gets the link sees the
//! same, within his rights.

use super::rows::Row;
use crate::trouble::percent;
use crm::Value;

/// Conditions at most.
const ROWS: usize = 40;

/// A place in a list: the answer to the field it is sorted by, and the number.
pub(crate) type Place = (Vec<Value>, i64);

/// What the address asks for.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Nothing at all is asked for: a default view may step in.
    pub bare: bool,
    /// Free text.
    pub q: String,
    /// Code of the saved view.
    pub view: String,
    /// The conditions of the address stand instead of the view's; otherwise both count.
    pub own: bool,
    /// Conditions: in each group all must hold, of the groups one.
    pub groups: Vec<Vec<Row>>,
    /// Code of the field.
    pub sort: String,
    pub descending: bool,
    pub pipeline: Option<i64>,
    /// Codes of columns, or of fields on a card.
    pub columns: Vec<String>,
    /// Field of a calendar: a code, or `tasks`.
    pub date: String,
    /// A day of the month or week that a calendar shows.
    pub day: String,
    /// A calendar shows a week.
    pub week: bool,
    pub after: Option<Place>,
    pub before: Option<Place>,
    /// Column of a board.
    pub stage: Option<i64>,
}

impl Wanted {
    /// Conditions come as `f=…&o=…&v=…`, in turn; `or=1` begins another group.
    pub fn read(query: Option<&str>) -> Wanted {
        let query = query.unwrap_or_default();
        let mut wanted = Wanted { bare: query.is_empty(), descending: true, groups: vec![Vec::new()], ..Wanted::default() };
        let mut count = 0;
        for (name, value) in pairs(query) {
            let row = |wanted: &mut Wanted, fill: &dyn Fn(&mut Row)| wanted.groups.last_mut().and_then(|group| group.last_mut()).into_iter().for_each(fill);
            match name.as_str() {
                "q" => wanted.q = value.trim().chars().take(100).collect(),
                "view" => wanted.view = value,
                "set" => wanted.own = value == "1",
                "or" => wanted.groups.push(Vec::new()),
                "f" if count < ROWS => {
                    count += 1;
                    if let Some(group) = wanted.groups.last_mut() {
                        group.push(Row { field: value, ..Row::default() });
                    }
                }
                "o" => row(&mut wanted, &|row| value.clone_into(&mut row.op)),
                "v" if !value.trim().is_empty() => row(&mut wanted, &|row| row.values.push(value.trim().to_owned())),
                "sort" => wanted.sort = value,
                "up" => wanted.descending = value != "1",
                "pipeline" => wanted.pipeline = value.parse().ok(),
                "cols" => wanted.columns = value.split(',').filter(|code| !code.is_empty()).map(str::to_owned).take(40).collect(),
                "date" => wanted.date = value,
                "day" => wanted.day = value,
                "week" => wanted.week = value == "1",
                "after" => wanted.after = serde_json::from_str(&value).ok(),
                "before" => wanted.before = serde_json::from_str(&value).ok(),
                "stage" => wanted.stage = value.parse().ok(),
                // The short form of older links.
                "responsible" if !value.is_empty() => {
                    let value = if value == "me" { crm::saved_view::word::ME.to_owned() } else { value };
                    wanted.groups[0].push(Row { field: "responsible".into(), op: "in".into(), values: vec![value] });
                }
                _ => {}
            }
        }
        for group in &mut wanted.groups {
            group.retain(|row| !row.field.is_empty());
        }
        wanted.groups.retain(|group| !group.is_empty());
        wanted
    }

    /// Which records: the part of an address that says it, with `&` at its end unless it is empty.
    pub fn which(&self) -> String {
        let mut text = String::new();
        let mut put = |name: &str, value: &str| text.push_str(&format!("{name}={}&", percent(value)));
        if !self.view.is_empty() {
            put("view", &self.view);
            if self.own {
                put("set", "1");
            }
        }
        if !self.q.is_empty() {
            put("q", &self.q);
        }
        if let Some(pipeline) = self.pipeline {
            put("pipeline", &pipeline.to_string());
        }
        for (at, group) in self.groups.iter().enumerate() {
            if at > 0 {
                put("or", "1");
            }
            for row in group {
                put("f", &row.field);
                put("o", &row.op);
                row.values.iter().for_each(|value| put("v", value));
            }
        }
        text
    }

    /// The whole address but for the place in the list.
    pub fn address(&self) -> String {
        let mut text = self.which();
        let mut put = |name: &str, value: &str| text.push_str(&format!("{name}={}&", percent(value)));
        if !self.sort.is_empty() {
            put("sort", &self.sort);
            if !self.descending {
                put("up", "1");
            }
        }
        if !self.columns.is_empty() {
            put("cols", &self.columns.join(","));
        }
        if !self.date.is_empty() {
            put("date", &self.date);
        }
        if !self.day.is_empty() {
            put("day", &self.day);
        }
        if self.week {
            put("week", "1");
        }
        // An address that asks for nothing still says so: a default view must not step in.
        if text.is_empty() {
            text.push_str("view=&");
        }
        text.pop();
        text
    }
}

/// Names and values of an address's query, in order.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

/// Takes the percent signs out.
pub(crate) fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(field: &str, op: &str, values: &[&str]) -> Row {
        Row { field: field.into(), op: op.into(), values: values.iter().map(|one| (*one).to_owned()).collect() }
    }

    #[test]
    fn an_address_holds_the_whole_state_and_reads_back_the_same() {
        let text = "view=hot&set=1&q=%D0%98%D0%B2%D0%B0%D0%BD&pipeline=3&f=amount&o=between&v=100&v=200&f=region&o=empty&or=1&f=responsible&o=in&v=%40me&v=7&sort=amount&up=1&cols=title,amount&date=visit&day=2026-11-25&week=1";
        let wanted = Wanted::read(Some(text));
        assert_eq!(
            wanted.groups,
            [vec![row("amount", "between", &["100", "200"]), row("region", "empty", &[])], vec![row("responsible", "in", &["@me", "7"])],]
        );
        assert_eq!(Wanted::read(Some(&wanted.address())), wanted);
        assert!(!wanted.descending && wanted.own && !wanted.bare);
    }

    #[test]
    fn an_address_that_asks_for_nothing_says_so() {
        assert!(Wanted::read(None).bare);
        assert!(!Wanted::read(Some(&Wanted::read(None).address())).bare);
    }

    #[test]
    fn broken_percent_signs_are_plain_text() {
        assert_eq!(plain("100%"), "100%");
        assert_eq!(plain("%zz%4"), "%zz%4");
        assert_eq!(plain("%E4%B8"), "\u{fffd}");
    }

    #[test]
    fn more_conditions_than_a_person_writes_are_not_read() {
        let many = "f=amount&o=gt&v=1&".repeat(500);
        assert_eq!(Wanted::read(Some(&many)).groups[0].len(), ROWS);
    }
}
