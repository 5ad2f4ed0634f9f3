//! `crm.item.*`: items of any type, wrapped results, numbers as numbers.

use crate::answers::Style;
use crate::api::Caller;
use crate::items;
use crate::method::{Answer, Method, fields as fields_of, given, number};
use crate::node::{Map, Node};
use crate::wrong::{Family, Stop};
use crm::{EntityTypeId, ItemRef};

pub(super) static METHODS: [Method; 6] = [
    Method::universal(
        "crm.item.add",
        "crm",
        &["entityTypeId* int", "fields* map", "useOriginalUfNames bool"],
        ("Создать запись любого типа", "Make an item of any type"),
        add,
    ),
    Method::universal("crm.item.get", "crm", &["entityTypeId* int", "id* int", "useOriginalUfNames bool"], ("Запись любого типа", "An item of any type"), get),
    Method::universal(
        "crm.item.list",
        "crm",
        &["entityTypeId* int", "select list", "filter map", "order map", "start int", "useOriginalUfNames bool"],
        ("Список записей любого типа", "A list of items of any type"),
        list,
    ),
    Method::universal(
        "crm.item.update",
        "crm",
        &["entityTypeId* int", "id* int", "fields* map", "useOriginalUfNames bool"],
        ("Изменить запись любого типа", "Change an item of any type"),
        update,
    ),
    Method::universal("crm.item.delete", "crm", &["entityTypeId* int", "id* int"], ("Удалить запись любого типа", "Delete an item of any type"), delete),
    Method::universal("crm.item.fields", "crm", &["entityTypeId* int", "useOriginalUfNames bool"], ("Поля типа", "Fields of a type"), fields),
];

fn add(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let of = kind(parameters)?;
    let id = items::create(caller, of, fields_of(parameters, Family::Universal)?)?;
    Ok(one(items::written(caller, ItemRef::new(of, id), original(parameters))?))
}

fn get(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    Ok(one(items::get(caller, at(parameters)?, Style::Universal, original(parameters))?))
}

fn list(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    items::list(caller, kind(parameters)?, parameters, Style::Universal, |rows| Node::map([("items", Node::List(rows))]))
}

fn update(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let at = at(parameters)?;
    items::update(caller, at, fields_of(parameters, Family::Universal)?, true)?;
    Ok(one(items::written(caller, at, original(parameters))?))
}

fn delete(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    items::delete(caller, at(parameters)?)?;
    Ok(Node::List(Vec::new()).into())
}

fn fields(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let fields = items::fields(caller, kind(parameters)?, Style::Universal, original(parameters))?;
    Ok(Node::map([("fields", fields)]).into())
}

fn one(item: Node) -> Answer {
    Node::map([("item", item)]).into()
}

fn kind(parameters: &Map) -> Result<EntityTypeId, Stop> {
    Ok(EntityTypeId(number(parameters, "entityTypeId")?))
}

fn at(parameters: &Map) -> Result<ItemRef, Stop> {
    Ok(ItemRef::new(kind(parameters)?, number(parameters, "id")?))
}

fn original(parameters: &Map) -> bool {
    given(parameters, "useOriginalUfNames").is_some_and(Node::is_yes)
}
