//! The firm as a tree of departments with people in them: what rights, explanations and pages ask about.
//!
//! Rights are asked on every request, so the tree is read once and kept until somebody's place, a department or a role
//! changes: the store counts such changes under [`VERSION`].

use crm::{Action, Department, EntityTypeId, Grant, Moment, Outcome, Read, Rights, Role, Schema, Scope, User, UserId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Key of the setting that counts the changes of people, departments and roles.
pub const VERSION: &str = "staff.version";
/// So many trees are kept: a process serves one firm, tests serve several at once.
const KEPT: usize = 8;

/// People, departments and roles at one moment.
#[derive(Debug, Default)]
pub struct Directory {
    /// Everybody, without the hashes of passwords; whoever left included.
    pub users: BTreeMap<UserId, User>,
    /// All departments.
    pub departments: BTreeMap<i64, Department>,
    /// All roles.
    pub roles: BTreeMap<String, Role>,
    /// Who cannot sign in yet: no password was set.
    pub without_password: BTreeSet<UserId>,
    members: BTreeMap<i64, Vec<UserId>>,
    below: BTreeMap<i64, Vec<i64>>,
    stand_ins: BTreeMap<UserId, Vec<UserId>>,
}

struct Known {
    schema: Arc<Schema>,
    version: i64,
    directory: Arc<Directory>,
}

static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

impl Directory {
    /// Reads the tree anew: inside a transaction, which may see what is never committed.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn read(read: &dyn Read) -> Outcome<Directory> {
        let mut directory = Directory::default();
        for mut user in read.users()? {
            if user.password_hash.is_empty() {
                directory.without_password.insert(user.id);
            }
            user.password_hash.clear();
            if user.department != 0 {
                directory.members.entry(user.department).or_default().push(user.id);
            }
            if user.substitute != UserId::SYSTEM {
                directory.stand_ins.entry(user.substitute).or_default().push(user.id);
            }
            directory.users.insert(user.id, user);
        }
        for department in read.departments()? {
            directory.below.entry(department.parent).or_default().push(department.id);
            directory.departments.insert(department.id, department);
        }
        directory.roles = read.roles()?.into_iter().map(|role| (role.code.clone(), role)).collect();
        Ok(directory)
    }

    /// The tree as it was committed last: only for snapshots, never inside a transaction.
    ///
    /// # Errors
    /// Only failures of the database.
    pub fn committed(read: &dyn Read) -> Outcome<Arc<Directory>> {
        let version = read.setting(VERSION)?.int("n").unwrap_or(0);
        // The shape lives as long as it stands here, so its address belongs to one firm and one version of it.
        let schema = read.schema();
        let kept = |known: &&Known| known.version == version && Arc::ptr_eq(&known.schema, &schema);
        if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).iter().find(kept) {
            return Ok(known.directory.clone());
        }
        let directory = Arc::new(Directory::read(read)?);
        let mut list = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|known| !Arc::ptr_eq(&known.schema, &schema));
        if list.len() == KEPT {
            list.remove(0);
        }
        list.push(Known { schema: schema.clone(), version, directory: directory.clone() });
        Ok(directory)
    }

    /// The office to which a department belongs: itself or the nearest above it; 0: none.
    pub fn office_of(&self, department: i64) -> i64 {
        self.up(department).find(|one| one.office).map_or(0, |one| one.id)
    }

    /// A department and those above it, the nearest first. A ring ends where it began.
    pub fn up(&self, department: i64) -> impl Iterator<Item = &Department> {
        let mut at = department;
        let mut left = self.departments.len();
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let one = self.departments.get(&at)?;
            at = one.parent;
            Some(one)
        })
    }

    /// Departments directly below one; 0: those on top.
    pub fn children(&self, department: i64) -> &[i64] {
        self.below.get(&department).map_or(&[], Vec::as_slice)
    }

    /// A department and all below it.
    pub fn tree(&self, department: i64) -> BTreeSet<i64> {
        let mut found = BTreeSet::new();
        let mut open = vec![department];
        while let Some(one) = open.pop() {
            if self.departments.contains_key(&one) && found.insert(one) {
                open.extend(self.children(one));
            }
        }
        found
    }

    /// Who stands in a department itself; whoever left included, for his records are still there.
    pub fn members(&self, department: i64) -> &[UserId] {
        self.members.get(&department).map_or(&[], Vec::as_slice)
    }

    /// The departments of somebody: his own and those he leads.
    pub fn departments_of(&self, user: &User) -> BTreeSet<i64> {
        let led = self.departments.values().filter(|one| one.head == user.id && user.id != UserId::SYSTEM).map(|one| one.id);
        Some(user.department).filter(|id| *id != 0).into_iter().chain(led).collect()
    }

    /// The people of somebody's departments, himself included.
    pub fn colleagues(&self, user: &User) -> BTreeSet<UserId> {
        self.departments_of(user).into_iter().flat_map(|one| self.members(one)).copied().chain([user.id]).collect()
    }

    /// The people of somebody's departments and of those below, himself included.
    pub fn subordinates(&self, user: &User) -> BTreeSet<UserId> {
        let trees = self.departments_of(user).into_iter().flat_map(|one| self.tree(one)).collect::<BTreeSet<_>>();
        trees.into_iter().flat_map(|one| self.members(one)).copied().chain([user.id]).collect()
    }

    /// The offices that somebody looks after: his own and those below it; whoever stands above all offices looks after
    /// those below his departments.
    pub fn offices_of(&self, user: &User) -> BTreeSet<i64> {
        let own = self.office_of(user.department);
        let tops = self.departments_of(user).into_iter().chain(Some(own).filter(|id| *id != 0)).collect::<Vec<_>>();
        let below = tops.into_iter().flat_map(|one| self.tree(one));
        below.filter(|id| *id == own || self.departments.get(id).is_some_and(|one| one.office)).collect()
    }

    /// For whom somebody stands in at a moment: for those who named him, and, while he stands in for one who is away, for
    /// those for whom that one would.
    pub fn stands_for(&self, user: UserId, now: Moment) -> BTreeSet<UserId> {
        let mut found = BTreeSet::new();
        let mut open = vec![user];
        while let Some(one) = open.pop() {
            for away in self.stand_ins.get(&one).into_iter().flatten() {
                if *away != user && self.users.get(away).is_some_and(|away| away.is_away(now)) && found.insert(*away) {
                    open.push(*away);
                }
            }
        }
        found
    }

    /// What somebody may do at a moment. An unknown role may nothing, and so may whoever left.
    pub fn rights(&self, schema: &Schema, user: &User, now: Moment) -> Rights {
        let mut rights = Rights { user: user.id, ..Rights::default() };
        let Some(role) = self.roles.get(&user.role).filter(|_| user.active) else { return rights };
        rights.admin = role.admin;
        rights.automation = role.automation || role.admin;
        rights.constructor = role.constructor || role.admin;
        rights.office = self.office_of(user.department);
        rights.offices = self.offices_of(user);
        rights.stands_for = self.stands_for(user.id, now);
        rights.department = self.colleagues(user);
        rights.grants = grants(schema, role);
        // Most roles never ask for the whole tree below.
        let deep = rights.grants.values().any(|grant| {
            let reach = |scope: &Scope| *scope == Scope::Departments;
            reach(&grant.scope) || grant.pipelines.values().any(reach) || grant.stages.values().any(reach)
        });
        rights.departments = if deep { self.subordinates(user) } else { rights.department.clone() };
        for shape in schema.types.values() {
            if role.pool.contains(&shape.code) {
                rights.pool.insert(shape.id);
            }
            for field in shape.fields.iter().filter(|field| !field.group.is_empty()) {
                if role.hidden_groups.contains(&field.group) {
                    rights.hidden.insert((shape.id, field.code.clone()));
                } else if role.locked_groups.contains(&field.group) {
                    rights.locked.insert((shape.id, field.code.clone()));
                }
            }
        }
        rights
    }
}

/// The permissions of a role as the types stand now: places by their codes become numbers, what is gone is left out.
pub fn grants(schema: &Schema, role: &Role) -> BTreeMap<(EntityTypeId, Action), Grant> {
    let mut grants: BTreeMap<(EntityTypeId, Action), Grant> = BTreeMap::new();
    for shape in schema.types.values() {
        for (action, scope) in role.may.get(&shape.code).or_else(|| role.may.get("*")).into_iter().flatten() {
            grants.insert((shape.id, *action), Grant::of(*scope));
        }
    }
    for (place, may) in role.may.iter().filter(|(place, _)| place.contains('/')) {
        let mut parts = place.splitn(3, '/');
        let (Some(kind), Some(pipeline), stage) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Some(kind) = schema.kind_by_code(kind).map(|shape| shape.id) else { continue };
        let Some(pipeline) = schema.pipelines.values().find(|one| one.kind == kind && one.code == pipeline) else { continue };
        for (action, scope) in may {
            let grant = grants.entry((kind, *action)).or_default();
            match stage {
                None => drop(grant.pipelines.insert(pipeline.id, *scope)),
                Some(code) => {
                    if let Some(stage) = pipeline.stages.iter().find(|one| one.code == code) {
                        grant.stages.insert(stage.id, *scope);
                    }
                }
            }
        }
    }
    grants
}
