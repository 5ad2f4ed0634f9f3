//! Puts a firm together from its parts: database, clock, chance, settings, departments.

use crate::config::Config;
use crate::machine::{SystemChance, SystemClock};
use crate::{packs, wiring};
use crm::{Chance, Clock, Firm, House, Outcome, Refusal, Store, Value, Values};
use std::sync::Arc;

/// Zones of Kazakhstan in the tz database.
const KAZAKH: [&str; 7] = ["Asia/Almaty", "Asia/Qyzylorda", "Asia/Qostanay", "Asia/Aqtobe", "Asia/Aqtau", "Asia/Atyrau", "Asia/Oral"];

/// Key of the setting that holds what all nodes of a firm share.
const SHARED: &str = "firm";

/// Opens the database and puts the house together; a new database gets the pack `base`.
///
/// # Errors
/// Failures of the database, and a folder that cannot be made.
pub fn open(config: &Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Outcome<House> {
    let chance: Arc<dyn Chance> = Arc::new(SystemChance);
    let files = config.data.join("files");
    make_folder(&files)?;
    let blank = Firm {
        public_url: public_url(config),
        zone: jiff::tz::TimeZone::get(&config.zone).map_err(|error| Refusal::new("zone", error.to_string(), error.to_string()))?,
        lang: config.lang,
        private_calls: config.private_calls,
        signing_key: Vec::new(),
        files,
    };
    let house = wiring::house(store, clock, chance, blank.clone());
    let signing_key = signing_key(&house)?;
    let house = wiring::house(house.store, house.clock, house.chance, Firm { signing_key, ..blank });
    install(&house, &["base".to_owned()])?;
    tell_calendar(&house, &config.zone)?;
    Ok(house)
}

/// Working time counts in the zone of the configuration; hours and days off stay as the firm set them.
fn tell_calendar(house: &House, zone: &str) -> Outcome<()> {
    let known = house.read(|read| read.setting(crm::calendar::SETTING))?;
    if known.text("zone") == zone {
        return Ok(());
    }
    let country = if KAZAKH.contains(&zone) { "KZ" } else { "RU" };
    let mut told = known;
    told.set("zone", Value::text(zone));
    if told.text("country").is_empty() {
        told.set("country", Value::text(country));
    }
    house.transact(move |tx| tx.put_setting(crm::calendar::SETTING, &told))
}

/// Opens the database that the configuration names and puts the house together on the machine's clock.
///
/// # Errors
/// Failures of the database, and a folder that cannot be made.
pub fn open_configured(config: &Config) -> Outcome<House> {
    make_folder(&config.data)?;
    open(config, store::open(&config.database_url())?, Arc::new(SystemClock))
}

/// The folder of the data, readable for its owner only.
///
/// # Errors
/// A refusal that names the folder.
pub fn make_folder(path: &std::path::Path) -> Outcome<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| {
        let shown = path.display();
        Refusal::new("no_folder", format!("Не удаётся создать папку {shown}: {error}"), format!("Cannot make the folder {shown}: {error}")).into()
    })
}

/// Installs packs that are not installed yet, or widens those that are.
///
/// # Errors
/// A refusal that names what is wrong in a pack.
pub fn install(house: &House, codes: &[String]) -> Outcome<()> {
    for code in codes {
        // Comparing a firm with a pack reads everything there is: at each start only the files' digest is looked at.
        let (key, digest) = (format!("pack_digest:{code}"), packs::digest(code)?);
        if house.read(|read| read.setting(&key))?.text("digest") == digest {
            continue;
        }
        let (pack, now) = (packs::read(code)?, house.now());
        house.transact(move |tx| {
            if !packs::plan(tx.read(), &pack)?.is_empty() {
                packs::apply(tx, &pack, now)?;
            }
            tx.put_setting(&key, &Values::from([("digest", Value::text(&digest))]))
        })?;
    }
    Ok(())
}

fn public_url(config: &Config) -> String {
    match config.public_url.is_empty() {
        true => format!("http://{}", config.listen),
        false => config.public_url.clone(),
    }
}

/// The key of signed forms and links. It lives in the database because all nodes of a firm must share it.
fn signing_key(house: &House) -> Outcome<Vec<u8>> {
    let fresh = crm::time::random_word(house.chance.as_ref(), 43);
    house.transact(move |tx| {
        let mut shared = tx.setting(SHARED)?;
        if shared.text("signing_key").is_empty() {
            tx.one_at_a_time("firm")?;
            shared = tx.setting(SHARED)?;
        }
        if shared.text("signing_key").is_empty() {
            shared.set("signing_key", Value::text(&fresh));
            tx.put_setting(SHARED, &shared)?;
        }
        Ok(shared.text("signing_key").as_bytes().to_vec())
    })
}

/// Remembers how far the demo's clock is ahead, so that a restart goes on from there.
///
/// # Errors
/// Failures of the database.
pub fn remember_clock(house: &House, ahead_micros: i64) -> Outcome<()> {
    house.transact(move |tx| tx.put_setting("demo_clock", &Values::from([("ahead", Value::Int(ahead_micros))])))
}

/// How far the demo's clock was ahead.
///
/// # Errors
/// Failures of the database.
pub fn remembered_clock(store: &dyn Store) -> Outcome<i64> {
    let mut ahead = 0;
    store.read(&mut |read| {
        ahead = read.setting("demo_clock")?.int("ahead").unwrap_or(0);
        Ok(())
    })?;
    Ok(ahead)
}

/// A house on a database in memory, for tests of this crate.
#[cfg(test)]
pub fn tests_house(store: Arc<dyn Store>) -> House {
    let firm = Firm {
        public_url: "http://127.0.0.1:1".to_owned(),
        zone: jiff::tz::TimeZone::UTC,
        lang: crm::Lang::Ru,
        private_calls: true,
        signing_key: b"test".to_vec(),
        files: std::env::temp_dir(),
    };
    wiring::house(store, Arc::new(crate::machine::VirtualClock::default()), Arc::new(SystemChance), firm)
}
