//! The history of the settings: who changed what in the shape of the data, when, from what to what.

use crate::doors::{Read, Tx};
use crate::entity::{EntityType, Stage};
use crate::failure::Outcome;
use crate::field::{Choice, Field, FieldKind};
use crate::ids::UserId;
use crate::label::Label;
use crate::rights::Rights;
use crate::time::Moment;
use crate::value::{Value, Values};

/// One property that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLine {
    /// Which.
    pub name: Label,
    /// Before.
    pub old: Label,
    /// After.
    pub new: Label,
}

/// One change of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: UserId,
    /// What was done.
    pub what: Label,
    /// From what to what.
    pub lines: Vec<PastLine>,
}

const PREFIX: &str = "constructor/";
/// Longer texts are cut in the history.
const LONGEST: usize = 300;

/// Writes a change down; nothing when nothing changed. `of` is the code of the type, or `menu`.
pub(super) fn note(tx: &mut dyn Tx, rights: &Rights, now: Moment, of: &str, what: Label, lines: Vec<PastLine>) -> Outcome<()> {
    // Several changes of one moment stand in the order in which they were made.
    let number = tx.next_number("constructor.past")?;
    let cut = |text: &str| Value::text(text.chars().take(LONGEST).collect::<String>());
    let pair = |values: Values, name: &str, label: &Label| values.with(format!("{name}_ru"), cut(&label.ru)).with(format!("{name}_en"), cut(&label.en));
    let rows = lines.iter().map(|line| Value::Record(pair(pair(pair(Values::new(), "name", &line.name), "old", &line.old), "new", &line.new))).collect();
    let body = pair(Values::new(), "what", &what).with("by", Value::Int(rights.user.0)).with("at", Value::moment(now)).with("lines", Value::Many(rows));
    tx.put_setting(&format!("{PREFIX}{of}/{:020}-{number:08}", now.0), &body)
}

/// Changes of a type, or of all of them, the newest first.
///
/// # Errors
/// `access_denied` for whoever sets nothing up.
pub fn past(read: &dyn Read, rights: &Rights, of: Option<&str>) -> Outcome<Vec<Past>> {
    super::demand(rights)?;
    let prefix = of.map_or_else(|| PREFIX.to_owned(), |of| format!("{PREFIX}{of}/"));
    let mut found: Vec<Past> = read.settings(&prefix)?.iter().map(|(_, body)| told(body)).collect();
    // Keys of one type stand in order of time; of several types they do not.
    found.sort_by_key(|one| one.at);
    found.reverse();
    Ok(found)
}

fn told(body: &Values) -> Past {
    let label = |values: &Values, name: &str| Label::new(values.text(&format!("{name}_ru")), values.text(&format!("{name}_en")));
    let lines = body.get("lines").as_list().iter().filter_map(|row| match row {
        Value::Record(row) => Some(PastLine { name: label(row, "name"), old: label(row, "old"), new: label(row, "new") }),
        _ => None,
    });
    Past { at: body.moment("at").unwrap_or_default(), by: UserId(body.int("by").unwrap_or(0)), what: label(body, "what"), lines: lines.collect() }
}

/// Properties with their answers before and after; only those that differ stay.
pub(super) fn differences(pairs: Vec<(Label, Label, Label)>) -> Vec<PastLine> {
    pairs.into_iter().filter(|(_, old, new)| old != new).map(|(name, old, new)| PastLine { name, old, new }).collect()
}

fn yes(flag: bool) -> Label {
    if flag { Label::new("да", "yes") } else { Label::new("нет", "no") }
}

fn joined(list: impl IntoIterator<Item = Label>) -> Label {
    let list: Vec<Label> = list.into_iter().collect();
    let join = |text: fn(&Label) -> &str| list.iter().map(text).collect::<Vec<_>>().join(", ");
    Label::new(join(|label| &label.ru), join(|label| &label.en))
}

/// The settings of a kind of field in words.
fn kind_words(kind: &FieldKind) -> Label {
    let title = super::words::kind_title(super::words::kind_code(kind));
    let more = match kind {
        FieldKind::Choice { options } => joined(options.iter().map(|one: &Choice| one.title.clone())),
        FieldKind::Formula { expression, result } => joined([super::words::result_title(*result), Label::same(expression)]),
        FieldKind::Counter { pattern, .. } => Label::same(pattern),
        FieldKind::Requisite { check } => super::words::check_title(*check),
        FieldKind::Record { fields } => joined(fields.iter().map(|one| one.title.clone())),
        FieldKind::Link { to } => Label::same(format!("№ {to}")),
        _ => return title,
    };
    Label::new(format!("{}: {}", title.ru, more.ru), format!("{}: {}", title.en, more.en))
}

/// What differs between two states of a field.
pub(super) fn of_field(old: &Field, new: &Field) -> Vec<PastLine> {
    let flag = |ru: &str, en: &str, old: bool, new: bool| (Label::new(ru, en), yes(old), yes(new));
    let number = |value: Option<i64>| Label::same(value.map(|value| value.to_string()).unwrap_or_default());
    let when = |field: &Field| Label::same(field.required_when.as_ref().map(|filter| filter.fields().join(", ")).unwrap_or_default());
    let answer =
        |value: &Value| Label::same(if value.is_empty() { String::new() } else { value.as_text().map_or_else(|| format!("{value:?}"), str::to_owned) });
    differences(vec![
        (Label::new("Название", "Name"), old.title.clone(), new.title.clone()),
        (Label::new("Подсказка", "Help"), old.help.clone(), new.help.clone()),
        (Label::new("Тип", "Kind"), kind_words(&old.kind), kind_words(&new.kind)),
        flag("Несколько значений", "Several answers", old.multiple, new.multiple),
        flag("Обязательное", "Required", old.required, new.required),
        (Label::new("Обязательно со стадий", "Required from stages"), Label::same(old.required_from.join(", ")), Label::same(new.required_from.join(", "))),
        (Label::new("Обязательно при условии на поля", "Required when, by fields"), when(old), when(new)),
        flag("Уникальное", "Unique", old.unique, new.unique),
        flag("Скрыто точками", "Masked", old.masked, new.masked),
        flag("Журнал просмотров", "Views are written down", old.journaled, new.journaled),
        flag("Ошибка только предупреждает", "A failed check only warns", old.lenient, new.lenient),
        flag("Только для чтения", "Read only", old.read_only, new.read_only),
        flag("Не на карточке, пока пустое", "Off the card while empty", old.secondary, new.secondary),
        flag("Быстрый отбор", "Indexed", old.indexed, new.indexed),
        flag("В поиске", "Searchable", old.searchable, new.searchable),
        (Label::new("Группа прав", "Group of rights"), Label::same(&old.group), Label::same(&new.group)),
        (Label::new("Не меньше", "At least"), number(old.least), number(new.least)),
        (Label::new("Не больше", "At most"), number(old.most), number(new.most)),
        (Label::new("Вкладка", "Tab"), old.tab.clone(), new.tab.clone()),
        (Label::new("Значение по умолчанию", "Default"), answer(&old.default), answer(&new.default)),
    ])
}

/// What differs between two states of a type, its fields aside.
pub(super) fn of_type(old: &EntityType, new: &EntityType) -> Vec<PastLine> {
    let flag = |ru: &str, en: &str, old: bool, new: bool| (Label::new(ru, en), yes(old), yes(new));
    let features = |shape: &EntityType| joined(shape.features.iter().map(|one| super::words::feature_words(*one).0));
    differences(vec![
        (Label::new("Название", "Name"), old.title.clone(), new.title.clone()),
        (Label::new("Во множественном числе", "Plural"), old.plural.clone(), new.plural.clone()),
        (Label::new("Значок", "Icon"), Label::same(&old.icon), Label::same(&new.icon)),
        (Label::new("Название записи", "Naming"), Label::same(&old.naming), Label::same(&new.naming)),
        flag("Воронки", "Pipelines", old.staged, new.staged),
        flag("В меню", "In the menu", old.listed, new.listed),
        flag("В поиске", "Searched", old.searched, new.searched),
        (Label::new("Возможности", "Features"), features(old), features(new)),
    ])
}

/// What differs between two states of a stage.
pub(super) fn of_stage(old: &Stage, new: &Stage) -> Vec<PastLine> {
    let flag = |ru: &str, en: &str, old: bool, new: bool| (Label::new(ru, en), yes(old), yes(new));
    let tunnels =
        |stage: &Stage| Label::same(stage.tunnels.iter().map(|one| format!("{}/{}/{}", one.kind, one.pipeline, one.stage)).collect::<Vec<_>>().join(", "));
    differences(vec![
        (Label::new("Название", "Name"), old.title.clone(), new.title.clone()),
        (Label::new("Цвет", "Colour"), Label::same(&old.color), Label::same(&new.color)),
        (Label::new("Исход", "Outcome"), super::words::ending_title(old.outcome), super::words::ending_title(new.outcome)),
        flag("Считается решённым", "Counts as solved", old.solved, new.solved),
        (Label::new("Срок (SLA)", "SLA"), Label::same(&old.sla), Label::same(&new.sla)),
        flag("SLA в рабочем времени", "SLA in working time", old.sla_working, new.sla_working),
        (Label::new("Обязательные поля", "Required fields"), Label::same(old.required.join(", ")), Label::same(new.required.join(", "))),
        flag("Можно вернуть в работу", "Can be reopened", old.reopen, new.reopen),
        (Label::new("Туннели", "Tunnels"), tunnels(old), tunnels(new)),
    ])
}
