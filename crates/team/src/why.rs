//! Who sees a record, and why: the same rules as [`crm::Rights::may`], told in words. A test holds the two together.

use crate::directory::{Directory, grants};
use crm::{Action, Item, Label, Lang, Moment, Outcome, Read, Refusal, Rights, Role, Schema, Scope, User, UserId, code};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who sees a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seer {
    /// Who.
    pub user: UserId,
    /// First and last name.
    pub name: String,
    /// Why he sees it: «отвечает за запись», «наблюдатель», «отдел ответственного (роль «Руководитель продаж»)».
    pub why: Label,
}

/// Everybody who sees a record, whoever answers for it first, administrators last.
///
/// # Errors
/// Only failures of the database.
pub fn who_sees(read: &dyn Read, item: &Item, now: Moment) -> Outcome<Vec<Seer>> {
    let (directory, schema) = (Directory::committed(read)?, read.schema());
    let question = Question::new(&directory, &schema, item, now);
    let mut found: Vec<(usize, Seer)> = directory
        .users
        .values()
        .filter_map(|user| {
            let (rank, why) = question.reason(user)?;
            Some((rank, Seer { user: user.id, name: user.name(), why }))
        })
        .collect();
    found.sort_by(|one, other| (one.0, &one.1.name).cmp(&(other.0, &other.1.name)));
    Ok(found.into_iter().map(|(_, seer)| seer).collect())
}

/// Why one person sees a record, or why he does not, in a whole sentence.
///
/// # Errors
/// `not_found` when whoever asks may not see the record himself, or there is no such person.
pub fn why(read: &dyn Read, rights: &Rights, user: UserId, item: &Item, now: Moment) -> Outcome<Label> {
    if !rights.may(Action::Read, item) {
        return Err(Refusal::not_found().into());
    }
    let (directory, schema) = (Directory::committed(read)?, read.schema());
    let user = directory.users.get(&user).ok_or_else(Refusal::not_found)?;
    let question = Question::new(&directory, &schema, item, now);
    let (name, reason) = (user.name(), question.reason(user));
    Ok(match reason {
        Some((_, why)) => Label::new(format!("{name}: {}", why.ru), format!("{name}: {}", why.en)),
        None => {
            let why = question.obstacle(user);
            Label::new(format!("{name} не видит запись: {}", why.ru), format!("{name} does not see the record: {}", why.en))
        }
    })
}

/// One record, asked about for many people.
struct Question<'a> {
    directory: &'a Directory,
    item: &'a Item,
    now: Moment,
    /// The title of the type, for sentences.
    title: Label,
    responsible: UserId,
    office: i64,
    /// How far each role reaches here, and whether it takes what nobody answers for.
    scopes: BTreeMap<&'a str, (Scope, bool)>,
    /// The departments above the responsible person, his own first.
    above: Vec<i64>,
    observers: BTreeSet<i64>,
    shared: BTreeSet<i64>,
    /// The offices above the record's own, itself included.
    offices_above: BTreeSet<i64>,
}

impl<'a> Question<'a> {
    fn new(directory: &'a Directory, schema: &Schema, item: &'a Item, now: Moment) -> Question<'a> {
        let shape = schema.kind(item.kind);
        let scopes = directory.roles.values().map(|role| {
            let rights = Rights { grants: grants(schema, role), ..Rights::default() };
            let pool = shape.is_some_and(|shape| role.pool.contains(&shape.code));
            (role.code.as_str(), (rights.scope_at(item.kind, Action::Read, item.pipeline(), item.stage()), pool))
        });
        let responsible = item.responsible();
        let office = item.values.int(code::OFFICE).unwrap_or(0);
        let numbers = |field: &str| item.values.get(field).as_list().iter().filter_map(crm::Value::as_int).collect();
        Question {
            directory,
            item,
            now,
            title: shape.map(|shape| shape.plural.clone()).unwrap_or_default(),
            responsible,
            office,
            scopes: scopes.collect(),
            above: directory.users.get(&responsible).map(|user| directory.up(user.department).map(|one| one.id).collect()).unwrap_or_default(),
            observers: numbers(code::OBSERVERS),
            shared: numbers(code::SHARED_WITH),
            offices_above: directory.up(office).map(|one| one.id).collect(),
        }
    }

    /// Why this person sees the record, and how far down the list it belongs.
    fn reason(&self, user: &User) -> Option<(usize, Label)> {
        let role = self.directory.roles.get(&user.role).filter(|_| user.active)?;
        let (scope, pool) = self.scopes.get(role.code.as_str()).copied().unwrap_or_default();
        if role.admin {
            return Some((8, by_role(role, "видит всё", "sees everything")));
        }
        if scope == Scope::None {
            return None;
        }
        if user.id == self.responsible {
            return Some((0, Label::new("отвечает за запись", "answers for the record")));
        }
        if self.directory.stands_for(user.id, self.now).contains(&self.responsible) {
            return Some((1, self.stands_in()));
        }
        let reached = match scope {
            Scope::Department if self.is_colleague(user, false) => Some((4, by_role(role, "отдел ответственного", "the department of whoever answers for it"))),
            Scope::Departments if self.is_colleague(user, true) => {
                Some((4, by_role(role, "отдел ответственного подчинён ему", "leads the department of whoever answers for it")))
            }
            Scope::Office if self.office != 0 && self.office == self.directory.office_of(user.department) => Some((
                5,
                by_role(role, &format!("офис записи — «{}»", self.office_title(Lang::Ru)), &format!("the record's office is {}", self.office_title(Lang::En))),
            )),
            Scope::Offices if self.looks_after(user) => Some((
                5,
                by_role(
                    role,
                    &format!("отвечает за офис «{}»", self.office_title(Lang::Ru)),
                    &format!("looks after the office {}", self.office_title(Lang::En)),
                ),
            )),
            Scope::All => {
                Some((6, by_role(role, &format!("видит все записи раздела «{}»", self.title.ru), &format!("sees all {}", self.title.en.to_lowercase()))))
            }
            _ if pool && self.is_free(user) => Some((7, by_role(role, "записи без ответственного", "records that nobody answers for"))),
            _ => None,
        };
        if reached.is_some() {
            return reached;
        }
        if self.observers.contains(&user.id.0) {
            return Some((2, Label::new("наблюдатель", "observer")));
        }
        let offices = self.directory.offices_of(user);
        let shared = self.shared.iter().find(|office| offices.contains(office))?;
        let title = self.directory.departments.get(shared).map(|one| one.title.clone()).unwrap_or_default();
        Some((3, Label::new(format!("запись открыта офису «{}»", title.ru), format!("the record is shared with the office {}", title.en))))
    }

    /// Why this person does not see the record.
    fn obstacle(&self, user: &User) -> Label {
        if !user.active {
            return Label::new("больше не работает", "does not work here any more");
        }
        let Some(role) = self.directory.roles.get(&user.role) else {
            return Label::new("роли сотрудника больше нет", "the role is no more");
        };
        let (scope, _) = self.scopes.get(role.code.as_str()).copied().unwrap_or_default();
        let (ru, en) = match scope {
            Scope::None => {
                return by_role(role, &format!("раздел «{}» не открыт", self.title.ru), &format!("{} are not open", self.title.en));
            }
            Scope::Own => ("открыты только свои записи", "only own records are open"),
            Scope::Department => ("открыты только записи своего отдела", "only records of the own department are open"),
            Scope::Departments => ("открыты только записи своего отдела и подчинённых", "only records of the own department and those below are open"),
            Scope::Office => ("открыты только записи своего офиса", "only records of the own office are open"),
            Scope::Offices => ("открыты только записи своего офиса и подчинённых", "only records of the own office and those below are open"),
            Scope::All => ("", ""),
        };
        by_role(role, ru, en)
    }

    fn is_colleague(&self, user: &User, deep: bool) -> bool {
        let own = self.directory.departments_of(user);
        match deep {
            true => self.above.iter().any(|one| own.contains(one)),
            false => self.above.first().is_some_and(|one| own.contains(one)),
        }
    }

    fn looks_after(&self, user: &User) -> bool {
        // Cheaper than the tree below: whether one of his departments, or his office, stands above the record's office.
        let own = self.directory.office_of(user.department);
        self.office != 0
            && self.directory.departments.get(&self.office).is_some_and(|one| one.office)
            && (self.offices_above.contains(&own) || self.directory.departments_of(user).iter().any(|one| self.offices_above.contains(one)))
    }

    fn is_free(&self, user: &User) -> bool {
        let offices = self.directory.offices_of(user);
        self.responsible == UserId::SYSTEM && (self.office == 0 || offices.is_empty() || offices.contains(&self.office))
    }

    fn office_title(&self, lang: Lang) -> &str {
        self.directory.departments.get(&self.office).map_or("", |one| one.title.get(lang))
    }

    fn stands_in(&self) -> Label {
        let name = self.directory.users.get(&self.item.responsible()).map(User::name).unwrap_or_default();
        Label::new(format!("замещает ответственного ({name})"), format!("stands in for whoever answers for it ({name})"))
    }
}

fn by_role(role: &Role, ru: &str, en: &str) -> Label {
    Label::new(format!("{ru} (роль «{}»)", role.title.ru), format!("{en} (role {})", role.title.en))
}
