//! `vekha doctor`: looks for what will cause trouble, in words that say what to do.

use crate::config::Config;
use crate::firm;
use crate::machine::SystemClock;
use std::process::ExitCode;
use std::sync::Arc;

/// Examines the firm and tells each finding; the exit code is 1 when something needs a hand.
pub fn examine(config: &Config, tell: &mut dyn FnMut(String)) -> ExitCode {
    match findings(config) {
        Ok(list) => {
            let bad = list.iter().filter(|(good, _)| !good).count();
            for (good, line) in list {
                tell(format!("{} {line}", if good { "ok  " } else { "WARN" }));
            }
            if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            tell(format!("FAIL {}", fault.describe()));
            ExitCode::FAILURE
        }
    }
}

fn findings(config: &Config) -> crm::Outcome<Vec<(bool, String)>> {
    let store = store::open_beside(&config.database_url())?;
    let house = firm::open(config, store, Arc::new(SystemClock))?;
    let now = house.now();
    let mut list = Vec::new();
    let complaints = house.store.check()?;
    list.push((
        complaints.is_empty(),
        format!("database ({}): {}", house.store.engine(), if complaints.is_empty() { "sound".to_owned() } else { complaints.join("; ") }),
    ));
    let (users, accounts, dead, (waiting, oldest), latest, mark) = house
        .read(|read| Ok((read.users()?, read.accounts()?, read.dead_jobs(500)?.len(), read.job_backlog(now)?, read.latest()?, read.mark("automation")?)))?;
    let admins = users.iter().filter(|user| user.active && user.role == "admin").count();
    list.push((
        admins > 0,
        format!("administrators: {admins}{}", if admins == 0 { "; make one: vekha user add --login NAME --name \"First Last\" --role admin" } else { "" }),
    ));
    let secure = config.public_url.starts_with("https://");
    list.push((
        secure,
        format!(
            "public_url: {}{}",
            house.firm.public_url,
            if secure { "" } else { "; clients' data and passwords travel open: put TLS in front and set public_url to https://" }
        ),
    ));
    for account in accounts.iter().filter(|account| account.enabled) {
        let Some(provider) = channels::providers::all().iter().find(|one| one.about().code == account.provider) else { continue };
        let missing: Vec<String> = provider
            .about()
            .settings
            .iter()
            .filter(|field| field.required && account.settings.get(&field.code).is_empty() && account.secrets.get(&field.code).is_empty())
            .map(|field| field.code.clone())
            .collect();
        let text = if missing.is_empty() { "complete".to_owned() } else { format!("missing {}", missing.join(", ")) };
        list.push((missing.is_empty(), format!("channel {}/{}: {text}", account.provider, account.code)));
    }
    list.push((dead == 0, format!("jobs given up: {dead}")));
    let late = oldest.map_or(0, |due| now.since(due).as_secs());
    list.push((late < 300, format!("jobs waiting: {waiting}, the oldest {late} s late{}", if late < 300 { "" } else { "; is the server running?" })));
    let lag = latest.0 - mark.0;
    list.push((lag < 1_000, format!("events that the rules have not read: {lag}{}", if lag < 1_000 { "" } else { "; is the server running?" })));
    Ok(list)
}
