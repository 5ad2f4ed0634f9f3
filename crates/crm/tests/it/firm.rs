//! A small firm in memory: Anna the operator and Boris the manager of the Almaty office, client Ivanov.

use crm::{
    Actor, Cause, Department, Ending, EntityType, EntityTypeId, Fact, Fault, Feature, Field, FieldKind, Item, ItemRef, Label, Moment, Outcome, Pipeline,
    PipelineId, Read, Refusal, Rights, Role, Schema, Stage, StageId, Store, Tx, User, UserId, Value, Values, code, kind,
};
use std::sync::Arc;

/// The type of this test's own: a court case.
pub const CASE: EntityTypeId = EntityTypeId(130);

pub struct Office {
    pub store: Arc<dyn Store>,
    pub now: Moment,
    pub anna: UserId,
    pub boris: UserId,
    /// The office of Almaty.
    pub almaty: i64,
}

pub fn field(code: &str, kind: FieldKind) -> Field {
    Field::new(code, code, code, kind)
}

pub fn link(code: &str, to: EntityTypeId) -> Field {
    field(code, FieldKind::Link { to }).indexed()
}

pub fn formula(code: &str, expression: &str, result: crm::FormulaResult) -> Field {
    field(code, FieldKind::Formula { expression: expression.into(), result })
}

/// A type with these fields beside the common ones.
pub fn shape(id: EntityTypeId, code: &str, staged: bool, features: &[Feature], fields: Vec<Field>) -> EntityType {
    EntityType {
        id,
        code: code.into(),
        title: Label::new(format!("Запись {code}"), format!("Record {code}")),
        plural: Label::same(code),
        staged,
        listed: true,
        searched: true,
        features: features.iter().copied().collect(),
        fields,
        ..EntityType::default()
    }
    .complete()
}

pub fn contact(more: Vec<Field>) -> EntityType {
    let mut fields = vec![
        field("last_name", FieldKind::Text),
        field("first_name", FieldKind::Text),
        field(code::PHONE, FieldKind::Phone).searchable().indexed(),
        field(code::EMAIL, FieldKind::Email).searchable().indexed(),
    ];
    fields.extend(more);
    shape(kind::CONTACT, "contact", false, &[Feature::Bin], fields)
}

pub fn stage(code: &str, outcome: Ending) -> Stage {
    Stage { code: code.into(), title: Label::same(code), outcome, ..Stage::default() }
}

pub fn pipeline(kind: EntityTypeId, code: &str, stages: Vec<Stage>) -> Pipeline {
    Pipeline { id: PipelineId(0), kind, code: code.into(), title: Label::same(code), is_default: code == "main", stages }
}

impl Office {
    /// A firm at noon in Moscow on a working day, with these types and pipelines.
    pub fn open(types: Vec<EntityType>, pipelines: Vec<Pipeline>) -> Office {
        let store = store::open_in_memory();
        let now = Moment::from_timestamp("2026-11-25T09:00:00Z".parse().unwrap());
        let mut office = Office { store, now, anna: UserId(0), boris: UserId(0), almaty: 0 };
        let (anna, boris, almaty) = office.done(move |tx| {
            for one in &types {
                tx.install_type(one)?;
            }
            for mut one in pipelines.clone() {
                tx.install_pipeline(&mut one)?;
            }
            tx.put_role(&Role { code: "admin".into(), title: Label::same("admin"), admin: true, ..Role::default() })?;
            let mut almaty =
                Department { code: "ALA01".into(), title: Label::same("Алматы"), office: true, zone: "Asia/Almaty".into(), ..Department::default() };
            tx.put_department(&mut almaty)?;
            let mut sales = Department { code: "sales".into(), title: Label::same("Продажи"), parent: almaty.id, ..Department::default() };
            tx.put_department(&mut sales)?;
            let mut people = Vec::new();
            for (login, first_name, last_name) in [("anna", "Анна", "Смирнова"), ("boris", "Борис", "Котов")] {
                let mut user = User {
                    login: login.into(),
                    first_name: first_name.into(),
                    last_name: last_name.into(),
                    role: "admin".into(),
                    department: sales.id,
                    active: true,
                    ..User::default()
                };
                tx.put_user(&mut user)?;
                people.push(user.id);
            }
            Ok((people[0], people[1], almaty.id))
        });
        (office.anna, office.boris, office.almaty) = (anna, boris, almaty);
        office
    }

    pub fn cause(&self) -> Cause {
        Cause::new(Actor::User { user: self.anna }, self.now)
    }

    pub fn rights(&self) -> Rights {
        Rights { user: self.anna, office: self.almaty, offices: [self.almaty].into(), ..Rights { admin: true, ..Rights::default() } }
    }

    /// Runs a transaction that may be refused.
    pub fn tx<T: Send + 'static>(&self, mut work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let boxed = self.store.transact(Box::new(move |tx| Ok(Box::new(work(tx)?))))?;
        Ok(*boxed.downcast::<T>().expect("its own type"))
    }

    /// Runs a transaction that must go through.
    pub fn done<T: Send + 'static>(&self, work: impl FnMut(&mut dyn Tx) -> Outcome<T> + Send + 'static) -> T {
        self.tx(work).unwrap_or_else(|fault| panic!("{}", fault.describe()))
    }

    pub fn read<T>(&self, mut work: impl FnMut(&dyn Read) -> Outcome<T>) -> T {
        let mut found = None;
        self.store
            .read(&mut |read| {
                found = Some(work(read)?);
                Ok(())
            })
            .unwrap_or_else(|fault| panic!("{}", fault.describe()));
        found.expect("the work ran")
    }

    pub fn schema(&self) -> Arc<Schema> {
        self.read(|read| Ok(read.schema()))
    }

    pub fn create(&self, kind: EntityTypeId, values: Values) -> Outcome<Item> {
        let (rights, cause) = (self.rights(), self.cause());
        self.tx(move |tx| crm::item::create(tx, &rights, &cause, kind, &values))
    }

    pub fn made(&self, kind: EntityTypeId, values: Values) -> ItemRef {
        self.create(kind, values).unwrap_or_else(|fault| panic!("{}", fault.describe())).at()
    }

    pub fn change(&self, at: ItemRef, values: Values) -> Outcome<Item> {
        let (rights, cause) = (self.rights(), self.cause());
        self.tx(move |tx| crm::item::change(tx, &rights, &cause, at, &values))
    }

    pub fn changed(&self, at: ItemRef, values: Values) -> Item {
        self.change(at, values).unwrap_or_else(|fault| panic!("{}", fault.describe()))
    }

    pub fn move_to(&self, at: ItemRef, stage: &str) -> Outcome<Item> {
        let (rights, cause, to) = (self.rights(), self.cause(), self.stage(at.kind, stage));
        self.tx(move |tx| crm::stage::move_to(tx, &rights, &cause, at, to))
    }

    /// The stage `CODE` or `pipeline/CODE` of a type.
    pub fn stage(&self, kind: EntityTypeId, code: &str) -> StageId {
        let schema = self.schema();
        let (pipeline, code) = code.split_once('/').unwrap_or(("main", code));
        let pipeline = schema.pipelines_of(kind).into_iter().find(|one| one.code == pipeline).expect("a pipeline");
        pipeline.stages.iter().find(|one| one.code == code).expect("a stage").id
    }

    pub fn item(&self, at: ItemRef) -> Item {
        self.read(|read| read.item(&Rights::system(), at)).expect("the record")
    }

    /// Code of the stage where it stands.
    pub fn stands(&self, at: ItemRef) -> String {
        let stage = self.item(at).stage().expect("a stage");
        self.schema().stage(stage).expect("a known stage").1.code.clone()
    }

    pub fn facts(&self, at: ItemRef) -> Vec<Fact> {
        self.read(|read| read.timeline(at, None, 200)).into_iter().rev().filter(|event| event.item == at).map(|event| event.fact).collect()
    }

    pub fn all(&self, kind: EntityTypeId) -> Vec<Item> {
        self.read(|read| read.items(&Rights::system(), &crm::Query::of(kind).sorted("id", false).limit(500)))
    }
}

/// The refusal of a call that must be refused.
pub fn refusal<T: std::fmt::Debug>(outcome: Outcome<T>) -> Refusal {
    match outcome {
        Err(Fault::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Its code and the fields it names.
pub fn named<T: std::fmt::Debug>(outcome: Outcome<T>) -> (String, Vec<String>) {
    let refusal = refusal(outcome);
    (refusal.code.to_string(), refusal.fields.into_iter().map(|(code, _)| code).collect())
}

pub fn text(text: &str) -> Value {
    Value::text(text)
}
