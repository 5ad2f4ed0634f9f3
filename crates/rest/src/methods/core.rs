//! What every client may ask: who am I, what time is it, what can I call.

use super::{SCOPES, all, find};
use crate::answers::moment_text;
use crate::api::Caller;
use crate::method::{Answer, Method, given};
use crate::node::{Map, Node};
use crate::wrong::{Stop, Wrong};

pub(super) static METHODS: [Method; 6] = [
    Method::universal("profile", "", &[], ("За кого действует вебхук", "For whom the webhook acts"), profile),
    Method::universal("server.time", "", &[], ("Время сервера", "The server's time"), server_time),
    Method::universal("methods", "", &["full bool", "scope string"], ("Доступные методы", "Methods that can be called"), methods),
    Method::universal("scope", "", &["full bool"], ("Разрешения вебхука", "Scopes of the webhook"), scope),
    Method::universal("method.get", "", &["name* string"], ("Есть ли метод и доступен ли он", "Whether a method exists and may be called"), method_get),
    Method::universal("app.info", "", &[], ("О приложении; у вебхука только разрешения", "About the application; of a webhook only its scopes"), app_info),
];

fn profile(caller: &Caller<'_>, _: &Map) -> Result<Answer, Stop> {
    let zone = &caller.house().firm.zone;
    let now = caller.house().clock.now().timestamp();
    let offset = i64::from(zone.to_offset(now).seconds());
    Ok(Node::map([
        ("ID", Node::text(caller.user.id.to_string())),
        ("ADMIN", Node::Bool(caller.rights.admin)),
        ("NAME", Node::text(&caller.user.first_name)),
        ("LAST_NAME", Node::text(&caller.user.last_name)),
        ("PERSONAL_GENDER", Node::text("")),
        ("TIME_ZONE", Node::text(zone.iana_name().unwrap_or(""))),
        ("TIME_ZONE_OFFSET", Node::Int(offset)),
    ])
    .into())
}

fn server_time(caller: &Caller<'_>, _: &Map) -> Result<Answer, Stop> {
    let house = caller.house();
    Ok(Node::Text(moment_text(house.clock.now(), &house.firm.zone)).into())
}

fn methods(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let full = given(parameters, "full").is_some_and(Node::is_yes);
    let scope = given(parameters, "scope").and_then(Node::scalar).map(|scope| scope.trim().to_lowercase());
    let wanted = |method: &&Method| match scope.as_deref() {
        Some("" | "_global") => method.scope.is_empty(),
        Some(scope) => method.scope.split('|').any(|one| one == scope),
        None => full || caller.has_scope(method.scope),
    };
    Ok(Node::texts(all().into_iter().flatten().filter(wanted).map(|method| method.name)).into())
}

fn scope(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    Ok(match given(parameters, "full").is_some_and(Node::is_yes) {
        true => Node::texts(SCOPES),
        false => Node::texts(&caller.webhook.scopes),
    }
    .into())
}

fn method_get(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let name = given(parameters, "name").and_then(Node::scalar).ok_or_else(|| Wrong::missing("name"))?;
    let method = find(&name.to_lowercase());
    Ok(Node::map([("isExisting", Node::Bool(method.is_some())), ("isAvailable", Node::Bool(method.is_some_and(|method| caller.has_scope(method.scope))))])
        .into())
}

fn app_info(caller: &Caller<'_>, _: &Map) -> Result<Answer, Stop> {
    Ok(Node::map([("SCOPE", Node::texts(&caller.webhook.scopes)), ("LICENSE", Node::text("self-hosted"))]).into())
}
