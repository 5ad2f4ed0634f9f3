//! Packs: read from their folders inside the binary, compared with what is installed, installed in one transaction.
//!
//! Installing never overwrites what the firm changed: it adds types, fields, pipelines and stages by their codes, and
//! puts rules, accounts and templates only where there are none yet.

use crm::field::FieldKind;
use crm::pack::{Pack, PackAbout, PackAccounts, PackDemo, PackPipeline, PackRules, PackStaff, PackType};
use crm::{Account, AccountId, Actor, Cause, EntityType, Filter, Label, Moment, Op, Outcome, Pipeline, Query, Read, Refusal, Rights, Rule, Tx, Value, Values};
use rust_embed::RustEmbed;
use serde::de::DeserializeOwned;

#[derive(RustEmbed)]
#[folder = "../../packs/"]
struct Folder;

/// Codes of the packs inside the binary; `base` comes first and is always installed.
pub fn codes() -> Vec<String> {
    let mut codes: Vec<String> = Folder::iter().filter_map(|path| path.strip_suffix("/pack.toml").map(str::to_owned)).collect();
    codes.sort_by_key(|code| (code != "base", code.clone()));
    codes
}

/// Reads a pack.
///
/// # Errors
/// A refusal that names the file and what is wrong in it.
pub fn read(code: &str) -> Outcome<Pack> {
    if !codes().iter().any(|known| known == code) {
        let known = codes().join(", ");
        return Err(Refusal::new("unknown_pack", format!("Пакета «{code}» нет. Есть: {known}"), format!("There is no pack {code}. There are: {known}")).into());
    }
    let mut pack = Pack { about: file::<PackAbout>(&format!("{code}/pack.toml"))?, ..Pack::default() };
    for path in Folder::iter().filter(|path| path.starts_with(&format!("{code}/"))) {
        let rest = &path[code.len() + 1..];
        match rest.split_once('/') {
            Some(("types", _)) => pack.types.push(file::<PackType>(&path)?),
            Some(("pipelines", _)) => pack.pipelines.push(file::<PackPipeline>(&path)?),
            Some(("rules", name)) => {
                let mut rules = file::<PackRules>(&path)?;
                name.trim_end_matches(".toml").clone_into(&mut rules.kind);
                if rules.pipeline.is_empty() {
                    "main".clone_into(&mut rules.pipeline);
                }
                pack.rules.push(rules);
            }
            _ => match rest {
                "pack.toml" => {}
                "roles.toml" => pack.staff = file::<PackStaff>(&path)?,
                "accounts.toml" => pack.accounts = file::<PackAccounts>(&path)?,
                "demo.toml" => pack.demo = file::<PackDemo>(&path)?,
                _ => return Err(broken(&path, "no such file belongs into a pack")),
            },
        }
    }
    Ok(pack)
}

fn file<T: DeserializeOwned>(path: &str) -> Outcome<T> {
    let bytes = Folder::get(path).ok_or_else(|| broken(path, "it is missing"))?.data;
    let text = std::str::from_utf8(&bytes).map_err(|_| broken(path, "it is not UTF-8"))?;
    toml::from_str(text).map_err(|error| broken(path, &error.to_string()))
}

fn broken(path: &str, why: &str) -> crm::Fault {
    Refusal::new("broken_pack", format!("Файл пакета {path}: {why}"), format!("Pack file {path}: {why}")).into()
}

/// What installing would do, line by line; empty when everything is there.
///
/// # Errors
/// Failures of the database.
pub fn plan(read: &dyn Read, pack: &Pack) -> Outcome<Vec<String>> {
    let schema = read.schema();
    let mut lines = Vec::new();
    for given in &pack.types {
        match schema.kind_by_code(&given.code) {
            None if given.id.is_some() => lines.push(format!("+ type {} ({} fields)", given.code, given.fields.len())),
            None if pack.types.iter().any(|one| one.code == given.code && one.id.is_some()) => {}
            None => lines.push(format!("+ fields of {} (with the pack base)", given.code)),
            Some(known) => {
                lines.extend(given.fields.iter().filter(|field| !known.has(&field.code)).map(|field| format!("+ field {}.{}", given.code, field.code)))
            }
        }
    }
    for given in &pack.pipelines {
        let known = schema.kind_by_code(&given.kind).and_then(|kind| schema.pipelines_of(kind.id).into_iter().find(|pipeline| pipeline.code == given.code));
        match known {
            None => lines.push(format!("+ pipeline {}/{} ({} stages)", given.kind, given.code, given.stages.len())),
            Some(known) => {
                let missing = given.stages.iter().filter(|stage| !known.stages.iter().any(|one| one.code == stage.code));
                lines.extend(missing.map(|stage| format!("+ stage {}/{}/{}", given.kind, given.code, stage.code)));
            }
        }
    }
    for rules in &pack.rules {
        for stage in &rules.stages {
            let known = stage_number(read, rules, &stage.stage)?;
            if known.is_none_or(|id| !matches!(read.program(id), Ok(Some(_)))) {
                lines.push(format!("+ {} rules of {}/{}/{}", stage.rules.len(), rules.kind, rules.pipeline, stage.stage));
            }
        }
    }
    let roles = read.roles()?;
    lines.extend(pack.staff.roles.iter().filter(|role| !roles.iter().any(|known| known.code == role.code)).map(|role| format!("+ role {}", role.code)));
    for account in &pack.accounts.accounts {
        if read.account_by_code(&account.provider, &account.code)?.is_none() {
            lines.push(format!("+ account {}/{}", account.provider, account.code));
        }
    }
    for item in &pack.accounts.items {
        if schema.kind_by_code(&item.kind).is_none() || known_item(read, &item.kind, &item.values)?.is_none() {
            lines.push(format!("+ {} {}", item.kind, item.values.text("code")));
        }
    }
    Ok(lines)
}

/// Installs a pack. Running it again changes nothing.
///
/// # Errors
/// Refusals that name what is wrong in the pack; nothing is installed then.
pub fn apply(tx: &mut dyn Tx, pack: &Pack, now: Moment) -> Outcome<()> {
    for given in &pack.types {
        install_type(tx, given)?;
    }
    for given in &pack.pipelines {
        install_pipeline(tx, given)?;
    }
    for department in &pack.staff.departments {
        if !tx.departments()?.iter().any(|known| known.code == department.code) {
            tx.put_department(&mut department.clone())?;
        }
    }
    for role in &pack.staff.roles {
        if !tx.roles()?.iter().any(|known| known.code == role.code) {
            tx.put_role(role)?;
        }
    }
    let cause = Cause::new(Actor::System, now);
    for item in &pack.accounts.items {
        if known_item(tx.read(), &item.kind, &item.values)?.is_none() {
            let kind = kind_of(tx.read(), &item.kind)?;
            crm::item::create(tx, &Rights::system(), &cause, kind.id, &item.values)?;
        }
    }
    for given in &pack.accounts.accounts {
        install_account(tx, given)?;
    }
    for rules in &pack.rules {
        install_rules(tx, rules, now)?;
    }
    let mark = Values::from([("version", Value::Int(pack.about.version))]);
    tx.put_setting(&format!("pack:{}", pack.about.code), &mark)
}

fn install_type(tx: &mut dyn Tx, given: &PackType) -> Outcome<()> {
    let schema = tx.schema();
    let known = schema.kind_by_code(&given.code).cloned();
    let shape = match (known, given.id) {
        (Some(mut known), _) => {
            known.fields.extend(given.fields.iter().filter(|field| !schema.kind(known.id).is_some_and(|one| one.has(&field.code))).cloned());
            known
        }
        (None, Some(id)) => given.shape(id),
        (None, None) => return Err(kind_of(tx.read(), &given.code).expect_err("the type was just looked for and not found")),
    };
    tx.install_type(&shape)
}

fn install_pipeline(tx: &mut dyn Tx, given: &PackPipeline) -> Outcome<()> {
    let kind = kind_of(tx.read(), &given.kind)?;
    let schema = tx.schema();
    let known = schema.pipelines_of(kind.id).into_iter().find(|pipeline| pipeline.code == given.code).cloned();
    let mut pipeline = match known {
        // Stages that the firm renamed or recoloured stay as they are; new ones go behind the last of their ending.
        Some(mut known) => {
            for stage in &given.stages {
                if !known.stages.iter().any(|one| one.code == stage.code) {
                    let at = known.stages.iter().rposition(|one| one.outcome == stage.outcome).map_or(known.stages.len(), |at| at + 1);
                    known.stages.insert(at, stage.clone());
                }
            }
            known
        }
        None => Pipeline {
            id: crm::PipelineId(0),
            kind: kind.id,
            code: given.code.clone(),
            title: given.title.clone(),
            is_default: given.is_default,
            stages: given.stages.clone(),
        },
    };
    tx.install_pipeline(&mut pipeline)
}

fn install_account(tx: &mut dyn Tx, given: &crm::pack::PackAccount) -> Outcome<()> {
    if tx.account_by_code(&given.provider, &given.code)?.is_some() {
        return Ok(());
    }
    let provider = channels::providers::all().iter().find(|one| one.about().code == given.provider);
    let provider = provider.ok_or_else(|| broken("accounts.toml", &format!("there is no provider {}", given.provider)))?;
    let mut account = Account {
        id: AccountId(0),
        provider: given.provider.clone(),
        code: given.code.clone(),
        title: given.title.clone(),
        settings: provider.about().accept(&given.settings)?,
        secrets: Values::new(),
        enabled: true,
    };
    tx.put_account(&mut account)
}

fn install_rules(tx: &mut dyn Tx, rules: &PackRules, now: Moment) -> Outcome<()> {
    for stage in &rules.stages {
        let id = stage_number(tx.read(), rules, &stage.stage)?
            .ok_or_else(|| broken(&format!("rules/{}.toml", rules.kind), &format!("there is no stage {}", stage.stage)))?;
        if tx.program(id)?.is_some() {
            continue;
        }
        let named = stage.rules.iter().map(|rule| with_stage_numbers(tx.read(), rules, rule)).collect::<Outcome<Vec<Rule>>>()?;
        automation::publish(tx, &Rights::system(), now, id, named)?;
    }
    Ok(())
}

/// Packs name stages by code; rules keep their numbers.
fn with_stage_numbers(read: &dyn Read, rules: &PackRules, rule: &Rule) -> Outcome<Rule> {
    let about = automation::robots::all().iter().find(|robot| robot.about().code == rule.code).map(|robot| robot.about());
    let mut rule = rule.clone();
    for field in about.iter().flat_map(|about| &about.settings).filter(|field| field.kind == FieldKind::Stage) {
        if let Some(code) = rule.settings.get(&field.code).as_text().map(str::to_owned) {
            let id = stage_number(read, rules, &code)?.ok_or_else(|| broken("rules", &format!("there is no stage {code}")))?;
            rule.settings.set(field.code.clone(), Value::Int(id.0));
        }
    }
    Ok(rule)
}

fn stage_number(read: &dyn Read, rules: &PackRules, code: &str) -> Outcome<Option<crm::StageId>> {
    let schema = read.schema();
    let Some(kind) = schema.kind_by_code(&rules.kind) else { return Ok(None) };
    let pipeline = schema.pipelines_of(kind.id).into_iter().find(|pipeline| pipeline.code == rules.pipeline);
    Ok(pipeline.and_then(|pipeline| pipeline.stages.iter().find(|stage| stage.code == code)).map(|stage| stage.id))
}

fn kind_of(read: &dyn Read, code: &str) -> Outcome<EntityType> {
    read.schema().kind_by_code(code).cloned().ok_or_else(|| {
        let text = Label::new(format!("Типа «{code}» нет: сначала установите пакет base"), format!("There is no type {code}: install the pack base first"));
        Refusal { text, ..Refusal::new("unknown_type", "", "") }.into()
    })
}

fn known_item(read: &dyn Read, kind: &str, values: &Values) -> Outcome<Option<crm::Item>> {
    let kind = kind_of(read, kind)?;
    let code = values.get("code").clone();
    if code.is_empty() || !kind.has("code") {
        return Ok(None);
    }
    let query = Query::of(kind.id).filter(Filter::is("code", Op::Eq, code)).limit(1);
    Ok(read.items(&Rights::system(), &query)?.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_pack_can_be_read() {
        assert_eq!(codes().first().map(String::as_str), Some("base"));
        for code in codes() {
            let pack = read(&code).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
            assert_eq!(pack.about.code, code);
        }
    }

    #[test]
    fn installing_twice_changes_nothing() {
        let store = store::open_in_memory();
        let house = crate::firm::tests_house(store);
        let install = |house: &crm::House| {
            for code in codes() {
                let pack = read(&code).unwrap();
                house.transact(move |tx| apply(tx, &pack, Moment(0))).unwrap_or_else(|fault| panic!("{code}: {}", fault.describe()));
            }
        };
        install(&house);
        let first = house.read(|read| Ok((read.schema(), read.latest()?))).unwrap();
        install(&house);
        let second = house.read(|read| Ok((read.schema(), read.latest()?))).unwrap();
        assert_eq!(first.1, second.1);
        assert_eq!(first.0.types, second.0.types);
        for code in codes() {
            assert_eq!(house.read(|found| plan(found, &read(&code).unwrap())).unwrap(), Vec::<String>::new());
        }
    }
}
