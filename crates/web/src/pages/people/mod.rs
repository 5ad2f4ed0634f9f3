//! Who works here, what they may do and where they sit: the pages of staff, roles, departments and offices. Administrators
//! only.

pub(crate) mod dismissal;
pub(crate) mod employee;
mod history;
pub(crate) mod invite;
mod matrix;
pub(crate) mod offices;
pub(crate) mod roles;
pub(crate) mod staff;

use crate::{View, Viewer};
use crm::{Department, House, Lang, Outcome, Read, Refusal};
use team::directory::Directory;

/// All three pages stand under this line of the menu.
const HERE: &str = "/settings/staff";

/// The frame of a page, for administrators only.
fn framed(house: &House, read: &dyn Read, viewer: &Viewer) -> Outcome<View> {
    demand_admin(viewer)?;
    View::framed(house, read, viewer, HERE)
}

fn demand_admin(viewer: &Viewer) -> Outcome<()> {
    match viewer.rights.admin {
        true => Ok(()),
        false => {
            Err(Refusal::denied("Сотрудников, роли и отделы настраивает администратор", "Staff, roles and departments are set up by an administrator").into())
        }
    }
}

/// One choice of a drop-down.
struct Pick {
    value: String,
    title: String,
    chosen: bool,
}

impl Pick {
    fn new(value: impl Into<String>, title: impl Into<String>, chosen: bool) -> Pick {
        Pick { value: value.into(), title: title.into(), chosen }
    }
}

/// Departments as a drop-down, the tree shown by dashes; those in `without` are left out.
fn departments(directory: &Directory, lang: Lang, chosen: i64, without: &std::collections::BTreeSet<i64>) -> Vec<Pick> {
    let mut picks = Vec::new();
    walk(directory, lang, 0, 0, &mut |one, depth| {
        if !without.contains(&one.id) && (!one.closed || one.id == chosen) {
            let title = format!("{}{}", "\u{2003}".repeat(depth), one.title.get(lang));
            picks.push(Pick::new(one.id.to_string(), title, one.id == chosen));
        }
    });
    picks
}

/// The tree from above, siblings by name; nothing deeper than a tree of sensible people goes.
fn walk(directory: &Directory, lang: Lang, parent: i64, depth: usize, visit: &mut dyn FnMut(&Department, usize)) {
    for one in sorted(directory, lang, parent) {
        visit(one, depth);
        if depth < 50 {
            walk(directory, lang, one.id, depth + 1, visit);
        }
    }
}

/// Those directly below a department, by name.
fn sorted(directory: &Directory, lang: Lang, parent: i64) -> Vec<&Department> {
    let mut list: Vec<&Department> = directory.children(parent).iter().filter_map(|id| directory.departments.get(id)).collect();
    list.sort_by_key(|one| one.title.get(lang).to_lowercase());
    list
}

/// Everybody who works here as a drop-down, by name.
fn colleagues(directory: &Directory, chosen: crm::UserId, without: crm::UserId) -> Vec<Pick> {
    let mut list: Vec<&crm::User> = directory.users.values().filter(|user| (user.active || user.id == chosen) && user.id != without).collect();
    list.sort_by_key(|user| (user.last_name.to_lowercase(), user.first_name.to_lowercase()));
    list.into_iter().map(|user| Pick::new(user.id.to_string(), user.name(), user.id == chosen)).collect()
}
