//! Every option of the program: one TOML file, `VEKHA_*` variables, flags of the command line; the later wins.

use crm::Lang;
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What the program is told before it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Folder of the database, the files and nothing else.
    pub data: PathBuf,
    /// Address and port to listen on.
    pub listen: String,
    /// `sqlite:PATH` or `postgres://…`; empty: `sqlite:` in the data folder.
    pub database: String,
    /// Address under which clients and vendors reach us; empty: from `listen`.
    pub public_url: String,
    /// Time zone of the firm.
    pub zone: String,
    /// Language of people who are not signed in.
    pub lang: Lang,
    /// What goes into the log.
    pub log: String,
    /// How many messages are handed to providers at once.
    pub deliveries: usize,
    /// Vendors at private addresses may be called.
    pub private_calls: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            data: PathBuf::from("vekha-data"),
            listen: "127.0.0.1:8480".to_owned(),
            database: String::new(),
            public_url: String::new(),
            zone: "Europe/Moscow".to_owned(),
            lang: Lang::Ru,
            log: "info".to_owned(),
            deliveries: 4,
            private_calls: false,
        }
    }
}

/// The file as it is written; every line may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    data: Option<PathBuf>,
    listen: Option<String>,
    database: Option<String>,
    public_url: Option<String>,
    zone: Option<String>,
    lang: Option<String>,
    log: Option<String>,
    deliveries: Option<usize>,
    private_calls: Option<bool>,
}

/// Options: name and comment. `vekha config` prints them, the tidy test compares them with the manual.
const OPTIONS: [(&str, &str); 9] = [
    ("data", "Folder of the database and the files. Make it readable only for the user that runs Vekha."),
    ("listen", "Address and port to listen on. Put a reverse proxy with TLS in front and keep the loopback address."),
    ("database", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Empty: vekha.db in the data folder."),
    ("public_url", "Address under which clients and vendors reach this server, without a slash at the end. Empty: made from listen."),
    ("zone", "Time zone of the firm, as in the tz database: Europe/Moscow, Asia/Almaty."),
    ("lang", "Language of pages for people who are not signed in: ru or en."),
    ("log", "What goes into the log: error, warn, info, debug, or a filter like info,rest=debug."),
    ("deliveries", "How many messages are handed to providers at the same time, 1 to 64."),
    (
        "private_calls",
        "Providers and outgoing webhooks may live at private addresses (127.0.0.1, 10.x, 192.168.x). Off unless your PBX is in your own network.",
    ),
];

impl Config {
    /// Reads the file (if there is one) and the variables.
    ///
    /// # Errors
    /// A sentence that names the option, the place and what is wrong.
    pub fn read(file: Option<&Path>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Config, String> {
        let mut config = Config::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let written: Written = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            config.take(written)?;
        }
        let read = |name: &str| variable(&format!("VEKHA_{}", name.to_uppercase())).filter(|value| !value.is_empty());
        config.take(Written {
            data: read("data").map(PathBuf::from),
            listen: read("listen"),
            database: read("database"),
            public_url: read("public_url"),
            zone: read("zone"),
            lang: read("lang"),
            log: read("log"),
            deliveries: read("deliveries").map(|text| text.parse().map_err(|_| format!("VEKHA_DELIVERIES: {text} is not a number"))).transpose()?,
            private_calls: read("private_calls").map(|text| text.parse().map_err(|_| "VEKHA_PRIVATE_CALLS: true or false is needed".to_owned())).transpose()?,
        })?;
        Ok(config)
    }

    fn take(&mut self, written: Written) -> Result<(), String> {
        let Written { data, listen, database, public_url, zone, lang, log, deliveries, private_calls } = written;
        self.data = data.unwrap_or_else(|| self.data.clone());
        self.listen = listen.unwrap_or_else(|| self.listen.clone());
        self.database = database.unwrap_or_else(|| self.database.clone());
        self.public_url = public_url.map_or_else(|| self.public_url.clone(), |url| url.trim_end_matches('/').to_owned());
        self.log = log.unwrap_or_else(|| self.log.clone());
        self.private_calls = private_calls.unwrap_or(self.private_calls);
        if let Some(zone) = zone {
            jiff::tz::TimeZone::get(&zone).map_err(|_| format!("zone: there is no time zone {zone}"))?;
            self.zone = zone;
        }
        if let Some(lang) = lang {
            self.lang = Lang::from_code(&lang).ok_or_else(|| format!("lang: {lang} is neither ru nor en"))?;
        }
        if let Some(deliveries) = deliveries {
            if !(1..=64).contains(&deliveries) {
                return Err(format!("deliveries: {deliveries} is not between 1 and 64"));
            }
            self.deliveries = deliveries;
        }
        Ok(())
    }

    /// The database's address, with the default filled in.
    pub fn database_url(&self) -> String {
        match self.database.is_empty() {
            true => format!("sqlite:{}", self.data.join("vekha.db").display()),
            false => self.database.clone(),
        }
    }

    /// The file with every option, its comment and its value; options that differ from their default are marked.
    pub fn print(&self) -> String {
        let mut text = String::from("# Vekha: every option. The same names in capitals with VEKHA_ in front are read from the environment.\n");
        let values = self.values();
        for (((name, comment), value), default) in OPTIONS.iter().zip(&values).zip(Config::default().values()) {
            let mark = if *value == default { "" } else { "  # differs from the default" };
            let _ = write!(text, "\n# {comment}\n{name} = {value}{mark}\n");
        }
        text
    }

    /// Values in the order of `OPTIONS`, as TOML. A password in the database's address is left out.
    fn values(&self) -> [String; 9] {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        [
            quoted(&self.data.display().to_string()),
            quoted(&self.listen),
            quoted(&without_password(&self.database)),
            quoted(&self.public_url),
            quoted(&self.zone),
            quoted(self.lang.code()),
            quoted(&self.log),
            self.deliveries.to_string(),
            self.private_calls.to_string(),
        ]
    }
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((who, place)) => format!("{scheme}://{}:…@{place}", who.split(':').next().unwrap_or("")),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_back() {
        let printed = Config::default().print();
        let written: Written = toml::from_str(&printed).unwrap();
        let mut config = Config { listen: "elsewhere".into(), ..Config::default() };
        config.take(written).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_variable_wins_over_the_default_and_a_wrong_one_is_named() {
        let config = Config::read(None, &|name| (name == "VEKHA_LISTEN").then(|| "0.0.0.0:80".to_owned())).unwrap();
        assert_eq!(config.listen, "0.0.0.0:80");
        let wrong = Config::read(None, &|name| (name == "VEKHA_ZONE").then(|| "Mars/Base".to_owned())).unwrap_err();
        assert!(wrong.contains("Mars/Base"), "{wrong}");
    }

    #[test]
    fn the_password_of_the_database_is_not_printed() {
        let config = Config { database: "postgres://vekha:s3cret@db/vekha".into(), ..Config::default() };
        assert!(!config.print().contains("s3cret"));
    }
}
