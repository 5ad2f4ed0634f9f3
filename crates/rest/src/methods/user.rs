//! `user.*`: the staff, as connectors look it up.

use crate::api::Caller;
use crate::method::{Answer, Method, given, paged};
use crate::node::{Map, Node};
use crate::wrong::Stop;
use crm::User;

const SCOPE: &str = "user|user_basic|user_brief";

pub(super) static METHODS: [Method; 2] = [
    Method::universal("user.current", SCOPE, &[], ("За кого действует вебхук", "For whom the webhook acts"), current),
    Method::universal("user.get", SCOPE, &["FILTER map", "sort string", "order string", "start int"], ("Сотрудники", "Members of staff"), get),
];

fn current(caller: &Caller<'_>, _: &Map) -> Result<Answer, Stop> {
    Ok(card(&caller.user).into())
}

/// Filters stand in `FILTER` or beside it; unknown ones are ignored, as the original does.
fn get(caller: &Caller<'_>, parameters: &Map) -> Result<Answer, Stop> {
    let inside = match given(parameters, "filter") {
        Some(Node::Map(map)) => map.clone(),
        _ => Map::new(),
    };
    let users = caller.read(|read| Ok(read.users()?))?;
    let mut rows: Vec<Node> = users.iter().map(card).filter(|row| parameters.iter().chain(&inside).all(|(key, wanted)| fits(row, key, wanted))).collect();
    let descending = |name: &str| given(parameters, name).and_then(Node::scalar).is_some_and(|order| order.eq_ignore_ascii_case("desc"));
    if let Some(sort) = given(parameters, "sort").and_then(Node::scalar).filter(|sort| !sort.eq_ignore_ascii_case("id")) {
        rows.sort_by_key(|row| row.named(&sort).and_then(Node::scalar).unwrap_or_default().to_lowercase());
    }
    if descending("order") {
        rows.reverse();
    }
    Ok(paged(parameters, rows, Node::List))
}

fn fits(row: &Node, key: &str, wanted: &Node) -> bool {
    let (negative, name) = key.strip_prefix('!').map_or((false, key), |name| (true, name));
    let name = name.trim_start_matches(['=', '@']);
    // `%NAME` looks for a fragment.
    let (part, name) = name.strip_prefix('%').map_or((false, name), |name| (true, name));
    let Some(own) = row.named(name).filter(|_| !["sort", "order", "start", "filter"].iter().any(|word| name.eq_ignore_ascii_case(word))) else { return true };
    let own: Vec<String> = own.values().into_iter().filter_map(Node::scalar).map(|text| text.to_lowercase()).collect();
    let found = wanted.values().into_iter().any(|one| {
        let yes = matches!(row.named(name), Some(Node::Bool(_))).then(|| one.is_yes());
        let text = yes.map_or_else(|| one.scalar().unwrap_or_default().to_lowercase(), |yes| Node::Bool(yes).scalar().unwrap_or_default());
        own.iter().any(|own| if part { own.contains(&text) } else { *own == text })
    });
    found != negative
}

fn card(user: &User) -> Node {
    Node::map([
        ("ID", Node::text(user.id.to_string())),
        ("ACTIVE", Node::Bool(user.active)),
        ("NAME", Node::text(&user.first_name)),
        ("LAST_NAME", Node::text(&user.last_name)),
        ("SECOND_NAME", Node::text("")),
        ("EMAIL", Node::text(&user.email)),
        ("PERSONAL_MOBILE", Node::text(&user.phone)),
        ("WORK_POSITION", Node::text("")),
        ("UF_DEPARTMENT", Node::List(Some(user.department).filter(|id| *id != 0).into_iter().map(Node::Int).collect())),
        ("USER_TYPE", Node::text("employee")),
    ])
}
