//! `crm.deal.*`

use crate::classic;
use crate::method::Method;

/// Deals.
const DEAL: i64 = 2;

pub(super) static METHODS: [Method; 6] = [
    Method::classic("crm.deal.add", &["fields* map", "params map"], ("Создать сделку", "Make a deal"), classic::add::<DEAL>),
    Method::classic("crm.deal.get", &["id* int"], ("Сделка", "A deal"), classic::get::<DEAL>),
    Method::classic("crm.deal.list", &["select list", "filter map", "order map", "start int"], ("Список сделок", "A list of deals"), classic::list::<DEAL>),
    Method::classic("crm.deal.update", &["id* int", "fields* map", "params map"], ("Изменить сделку", "Change a deal"), classic::update::<DEAL>),
    Method::classic("crm.deal.delete", &["id* int"], ("Удалить сделку", "Delete a deal"), classic::delete::<DEAL>),
    Method::classic("crm.deal.fields", &[], ("Поля сделок", "Fields of deals"), classic::fields::<DEAL>),
];
