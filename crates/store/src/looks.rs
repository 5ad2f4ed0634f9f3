//! How things look: layouts of cards, saved views, sections of the menu; and who looked at journaled answers.

use crate::columns::{from_json, json};
use crate::desk::Desk;
use crate::sql::{Cell, Row};
use crm::{Audience, EntityTypeId, ItemRef, Layout, Look, MenuSection, Moment, Outcome, SavedView, UserId};

fn audience(one: Audience) -> &'static str {
    match one {
        Audience::Common => "common",
        Audience::Forced => "forced",
        Audience::Mine => "mine",
    }
}

/// Layouts of a type's card: the common ones and this person's.
pub fn layouts(desk: &Desk<'_>, kind: EntityTypeId, user: UserId) -> Outcome<Vec<Layout>> {
    let sql = "SELECT body FROM layout WHERE kind = $1 AND (audience <> 'mine' OR owner = $2) ORDER BY pipeline, stage, audience, owner";
    desk.rows(sql, &[kind.0.into(), user.0.into()])?.into_iter().map(|mut row| from_json("layout", &row.text(0))).collect()
}

fn place(layout: &Layout) -> [Cell; 5] {
    [
        layout.kind.0.into(),
        layout.pipeline.as_str().into(),
        layout.stage.as_str().into(),
        audience(layout.audience).into(),
        if layout.audience == Audience::Mine { layout.owner.0 } else { 0 }.into(),
    ]
}

/// Saves a layout: one for each type, place, audience and owner.
pub fn put_layout(desk: &Desk<'_>, layout: &Layout) -> Outcome<()> {
    let mut params = place(layout).to_vec();
    params.push(json(layout).into());
    let sql = "INSERT INTO layout (kind, pipeline, stage, audience, owner, body) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (kind, pipeline, stage, audience, owner) DO UPDATE SET body = excluded.body";
    desk.run(sql, &params).map(drop)
}

/// Takes a layout away.
pub fn remove_layout(desk: &Desk<'_>, layout: &Layout) -> Outcome<()> {
    desk.run("DELETE FROM layout WHERE kind = $1 AND pipeline = $2 AND stage = $3 AND audience = $4 AND owner = $5", &place(layout)).map(drop)
}

/// Saved views of a type: the shared ones and this person's.
pub fn views(desk: &Desk<'_>, kind: EntityTypeId, user: UserId) -> Outcome<Vec<SavedView>> {
    let sql = "SELECT body FROM saved_view WHERE kind = $1 AND (owner = 0 OR owner = $2) ORDER BY owner, code";
    desk.rows(sql, &[kind.0.into(), user.0.into()])?.into_iter().map(|mut row| from_json("view", &row.text(0))).collect()
}

/// Saves a view: one for each type, code and owner.
pub fn put_view(desk: &Desk<'_>, view: &SavedView) -> Outcome<()> {
    let sql = "INSERT INTO saved_view (kind, code, owner, body) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, code, owner) DO UPDATE SET body = excluded.body";
    desk.run(sql, &[view.kind.0.into(), view.code.as_str().into(), view.owner.0.into(), json(view).into()]).map(drop)
}

/// Takes a view away.
pub fn remove_view(desk: &Desk<'_>, kind: EntityTypeId, code: &str, owner: UserId) -> Outcome<()> {
    desk.run("DELETE FROM saved_view WHERE kind = $1 AND code = $2 AND owner = $3", &[kind.0.into(), code.into(), owner.0.into()]).map(drop)
}

/// The sections of the menu, top to bottom.
pub fn sections(desk: &Desk<'_>) -> Outcome<Vec<MenuSection>> {
    desk.rows("SELECT body FROM menu_section ORDER BY position, code", &[])?.into_iter().map(|mut row| from_json("section", &row.text(0))).collect()
}

/// Saves the whole menu.
pub fn put_sections(desk: &Desk<'_>, sections: &[MenuSection]) -> Outcome<()> {
    desk.run("DELETE FROM menu_section", &[])?;
    for (section, position) in sections.iter().zip(1_i64..) {
        let sql = "INSERT INTO menu_section (code, position, body) VALUES ($1, $2, $3) ON CONFLICT (code) DO UPDATE SET position = excluded.position, body = excluded.body";
        desk.run(sql, &[section.code.as_str().into(), position.into(), json(section).into()])?;
    }
    Ok(())
}

/// Writes down who looked at journaled answers.
pub fn note_look(desk: &Desk<'_>, look: &Look) -> Outcome<()> {
    let sql = "INSERT INTO look (staff, item_kind, item_id, fields, how, at) VALUES ($1, $2, $3, $4, $5, $6)";
    desk.run(sql, &[look.user.0.into(), look.item.kind.0.into(), look.item.id.into(), json(&look.fields).into(), look.how.as_str().into(), look.at.0.into()])
        .map(drop)
}

/// Who looked at the journaled answers of a record, or of all records, the newest first.
pub fn looks(desk: &Desk<'_>, at: Option<ItemRef>, before: Option<Moment>, limit: u32) -> Outcome<Vec<Look>> {
    const SELECT: &str = "SELECT staff, item_kind, item_id, fields, how, at FROM look";
    let before = before.map_or(i64::MAX, |moment| moment.0);
    let rows = match at {
        Some(at) => desk.rows(
            &format!("{SELECT} WHERE item_kind = $1 AND item_id = $2 AND at < $3 ORDER BY at DESC, id DESC LIMIT $4"),
            &[at.kind.0.into(), at.id.into(), before.into(), limit.into()],
        )?,
        None => desk.rows(&format!("{SELECT} WHERE at < $1 ORDER BY at DESC, id DESC LIMIT $2"), &[before.into(), limit.into()])?,
    };
    rows.into_iter().map(look).collect()
}

fn look(mut row: Row) -> Outcome<Look> {
    Ok(Look {
        user: UserId(row.int(0)),
        item: ItemRef::new(EntityTypeId(row.int(1)), row.int(2)),
        fields: from_json("look", &row.text(3))?,
        how: row.text(4),
        at: Moment(row.int(5)),
    })
}
