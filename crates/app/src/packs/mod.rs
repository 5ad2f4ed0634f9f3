//! Packs: ready solutions as text under version control. Read from their folders, laid beside the firm three ways,
//! installed in one transaction, written out from what the browser made.

mod apply;
mod elements;
mod export;
mod plan;
mod read;

pub use apply::{apply, check};
pub use export::export;
pub use plan::{Plan, plan};
pub use read::{codes, digest, find, read, shipped};

use crm::house::{PackState, PlanLine};
use crm::{EntityType, Moment, Outcome, Read, Refusal, Rights, Tx};

/// What the demo shows unless another pack is wanted: one firm has one trade.
pub fn of_demo() -> Vec<String> {
    vec!["base".to_owned(), "debt-relief".to_owned()]
}

/// A type that the binary ships, for packs that widen it before it is installed.
fn shipped_type(code: &str) -> Outcome<EntityType> {
    let base = read("base")?;
    let given = base.types.iter().find(|given| given.code == code).and_then(|given| given.id.map(|id| given.shape(id)));
    given.ok_or_else(|| Refusal::new("unknown_type", format!("Типа «{code}» нет"), format!("There is no type {code}")).into())
}

/// A pack by its code alone: a browser names no folders of this machine.
fn of_the_binary(code: &str) -> Outcome<(crm::pack::Pack, self::read::Files)> {
    let files = shipped(code)?;
    Ok((self::read::understand(&files)?, files))
}

/// The packs of the binary, as the page of packs reaches them.
pub struct Shelf;

impl crm::house::Packs for Shelf {
    fn list(&self, read: &dyn Read) -> Outcome<Vec<PackState>> {
        codes()
            .into_iter()
            .map(|code| {
                let about = self::read(&code)?.about;
                let installed = read.setting(&format!("pack:{code}"))?.int("version");
                Ok(PackState { code, title: about.title, help: about.help, shipped: about.version, installed })
            })
            .collect()
    }

    fn plan(&self, read: &dyn Read, code: &str) -> Outcome<Vec<PlanLine>> {
        let (pack, files) = of_the_binary(code)?;
        check(&pack, &files, read)?;
        Ok(plan(read, &pack)?.lines())
    }

    fn apply(&self, tx: &mut dyn Tx, rights: &Rights, now: Moment, code: &str) -> Outcome<()> {
        if !rights.admin {
            return Err(Refusal::denied("Устанавливать пакеты может только администратор", "Only an administrator may install packs").into());
        }
        let (pack, files) = of_the_binary(code)?;
        check(&pack, &files, tx.read())?;
        apply(tx, &pack, now)
    }

    fn export(&self, tx: &mut dyn Tx, rights: &Rights, code: &str, title: &str) -> Outcome<Vec<(String, String)>> {
        if !rights.admin {
            return Err(Refusal::denied("Выгружать настройки фирмы может только администратор", "Only an administrator may write the firm out").into());
        }
        export(tx, code, title)
    }
}

#[cfg(test)]
mod tests;
