//! `crm.contact.*`

use crate::classic;
use crate::method::Method;

/// Contacts.
const CONTACT: i64 = 3;

pub(super) static METHODS: [Method; 6] = [
    Method::classic("crm.contact.add", &["fields* map", "params map"], ("Создать клиента", "Make a contact"), classic::add::<CONTACT>),
    Method::classic("crm.contact.get", &["id* int"], ("Клиент", "A contact"), classic::get::<CONTACT>),
    Method::classic(
        "crm.contact.list",
        &["select list", "filter map", "order map", "start int"],
        ("Список клиентов", "A list of contacts"),
        classic::list::<CONTACT>,
    ),
    Method::classic("crm.contact.update", &["id* int", "fields* map", "params map"], ("Изменить клиента", "Change a contact"), classic::update::<CONTACT>),
    Method::classic("crm.contact.delete", &["id* int"], ("Удалить клиента", "Delete a contact"), classic::delete::<CONTACT>),
    Method::classic("crm.contact.fields", &[], ("Поля клиентов", "Fields of contacts"), classic::fields::<CONTACT>),
];
