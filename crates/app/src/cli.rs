//! The command line: `vekha serve`, `demo`, `user`, `webhook`, `pack`, `import`, `export`, `backup`, `restore`, `doctor`, `config`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the command line talks to a person")]

use crate::config::Config;
use crate::demo::{self as world, weather::Weather};
use crate::machine::{SystemClock, VirtualClock};
use crate::worker::Worker;
use crate::{archive, doctor, firm, packs, server, show};
use clap::{Args, Parser, Subcommand};
use crm::{Clock, House, Lang, User};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Self-hosted CRM with robots and triggers.
#[derive(Debug, Parser)]
#[command(name = "vekha", version, about, max_term_width = 100)]
struct Line {
    /// File with options; see `vekha config`.
    #[arg(long, global = true, env = "VEKHA_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the database and the files.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// sqlite:PATH or postgres://…
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[command(subcommand)]
    order: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Runs the server.
    Serve(Serve),
    /// Runs the server with demo data, simulated providers and the client's phone.
    Demo(Demo),
    /// Members of staff.
    User {
        #[command(subcommand)]
        order: UserOrder,
    },
    /// Addresses by which scripts act for a member of staff.
    Webhook {
        #[command(subcommand)]
        order: WebhookOrder,
    },
    /// Ready solutions.
    Pack {
        #[command(subcommand)]
        order: PackOrder,
    },
    /// Copies the database and the files into one file; the server may be running.
    Backup {
        /// Where to.
        file: PathBuf,
    },
    /// Puts a copy back. The server must not be running; what was there before is kept beside it.
    Restore {
        /// Where from.
        file: PathBuf,
    },
    /// Records out of a file: CSV, XLSX or vCards. The server may be running.
    Import(crate::exchange_orders::ImportOrder),
    /// Records into a file, or everything the firm has into a folder or an archive. The server may be running.
    Export(crate::exchange_orders::ExportOrder),
    /// Looks for what will cause trouble.
    Doctor,
    /// Prints every option with its comment.
    Config,
}

#[derive(Debug, Args)]
struct Serve {
    /// Address and port.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Address under which clients and vendors reach this server.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Debug, Args)]
struct Demo {
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Packs to install.
    #[arg(long = "pack", value_name = "CODE")]
    packs: Vec<String>,
    /// Time can be moved: POST /demo/clock {"advance":"2h"}.
    #[arg(long)]
    virtual_clock: bool,
    /// Messages to clients arrive late, twice and in the wrong order.
    #[arg(long)]
    bad_weather: bool,
}

#[derive(Debug, Subcommand)]
enum UserOrder {
    /// Takes somebody on; prints a generated password unless one is given on standard input.
    Add {
        /// What he types at the door.
        #[arg(long)]
        login: String,
        /// First and last name.
        #[arg(long)]
        name: String,
        /// Code of the role.
        #[arg(long, default_value = "admin")]
        role: String,
        /// Language of the screens: ru or en.
        #[arg(long, default_value = "ru")]
        lang: String,
        /// Reads the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
enum WebhookOrder {
    /// Prints an incoming-webhook address of the REST dialect. It is shown only once.
    Add {
        /// For whom the script acts.
        #[arg(long)]
        user: String,
        /// What it may touch, with commas: crm,user.
        #[arg(long, default_value = "crm")]
        scope: String,
        /// What it is for.
        #[arg(long, default_value = "")]
        title: String,
    },
}

#[derive(Debug, Subcommand)]
enum PackOrder {
    /// What there is.
    List,
    /// What installing would do.
    Plan {
        /// Code of the pack, or path of its folder.
        pack: String,
    },
    /// Installs a pack.
    Apply {
        /// Code of the pack, or path of its folder.
        pack: String,
    },
    /// Writes the firm out as a pack: what the browser made becomes text under version control.
    Export {
        /// Folder to write; made if it is missing.
        folder: PathBuf,
        /// Code of the pack.
        #[arg(long, default_value = "firm")]
        code: String,
        /// Title of the pack.
        #[arg(long, default_value = "Наша фирма")]
        title: String,
    },
}

/// Runs the program; the exit code is 1 when something was refused or failed.
pub fn run() -> ExitCode {
    let line = Line::parse();
    let config = match configure(&line) {
        Ok(config) => config,
        Err(wrong) => {
            eprintln!("vekha: {wrong}");
            return ExitCode::from(2);
        }
    };
    let ended = match line.order {
        Order::Serve(serve) => serve_it(config, serve),
        Order::Demo(demo) => demo_it(config, demo),
        Order::User { order: UserOrder::Add { login, name, role, lang, password_stdin } } => add_user(&config, &login, &name, &role, &lang, password_stdin),
        Order::Webhook { order: WebhookOrder::Add { user, scope, title } } => add_webhook(&config, &user, &scope, &title),
        Order::Pack { order } => pack(&config, order),
        Order::Import(order) => open_beside(&config).and_then(|house| crate::exchange_orders::import(&house, &order)),
        Order::Export(order) => open_beside(&config).and_then(|house| crate::exchange_orders::export(&house, &order)),
        Order::Backup { file } => archive::backup(&config, &file).map(|size| println!("{} ({size} bytes)", file.display())),
        Order::Restore { file } => archive::restore(&config, &file).map(|kept| println!("restored; what was there before: {kept}")),
        Order::Doctor => return doctor::examine(&config, &mut |line| println!("{line}")),
        Order::Config => {
            print!("{}", config.print());
            Ok(())
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("vekha: {}", fault.describe());
            ExitCode::FAILURE
        }
    }
}

fn configure(line: &Line) -> Result<Config, String> {
    let mut config = Config::read(line.config.as_deref(), &|name| std::env::var(name).ok())?;
    if let Some(data) = &line.data {
        config.data.clone_from(data);
    }
    if let Some(database) = &line.database {
        config.database.clone_from(database);
    }
    Ok(config)
}

fn start_log(filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn io(what: &str, error: &std::io::Error) -> crm::Fault {
    crm::Failure::give_up(format!("{what}: {error}")).into()
}

fn runtime() -> crm::Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(64).enable_all().build().map_err(|error| io("cannot start", &error))
}

fn serve_it(mut config: Config, serve: Serve) -> crm::Outcome<()> {
    config.listen = serve.listen.unwrap_or(config.listen);
    config.public_url = serve.public_url.map_or(config.public_url, |url| url.trim_end_matches('/').to_owned());
    start_log(&config.log);
    let house = firm::open_configured(&config)?;
    if house.read(|read| read.users())?.is_empty() {
        eprintln!("There is nobody yet. Make the first administrator: vekha user add --login NAME --name \"First Last\" --role admin");
    }
    let worker = Worker::start(&house, config.deliveries, false);
    let ended = runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(&config.listen).await.map_err(|error| io(&format!("cannot listen on {}", config.listen), &error))?;
        eprintln!("Vekha: {}", house.firm.public_url);
        server::serve(listener, server::router(house, axum::Router::new())).await.map_err(|error| io("the server stopped", &error))
    });
    worker.stop();
    ended
}

fn demo_it(mut config: Config, order: Demo) -> crm::Outcome<()> {
    config.listen = order.listen.unwrap_or(config.listen);
    config.private_calls = true;
    start_log(&config.log);
    firm::make_folder(&config.data)?;
    let store = store::open(&config.database_url())?;
    let clock = Arc::new(VirtualClock::ahead_by(firm::remembered_clock(store.as_ref())?));
    let packs = if order.packs.is_empty() { packs::of_demo() } else { std::iter::once("base".to_owned()).chain(order.packs).collect() };
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(&config.listen).await.map_err(|error| io(&format!("cannot listen on {}", config.listen), &error))?;
        let address = listener.local_addr().map_err(|error| io("no address", &error))?;
        config.listen = address.to_string();
        let virtual_clock = order.virtual_clock.then(|| clock.clone());
        let shown: Arc<dyn Clock> = clock;
        let house = tokio::task::spawn_blocking({
            let (config, to_install) = (config.clone(), packs.clone());
            move || -> crm::Outcome<House> {
                let house = firm::open(&config, store, shown)?;
                firm::install(&house, &to_install)?;
                Ok(house)
            }
        })
        .await
        .expect("the demo is set up or says why not")?;
        let world = start_world(&house, &config, address, order.virtual_clock).await?;
        if order.bad_weather {
            world.twilio.set_weather(Weather::bad());
        }
        let ready = tokio::task::spawn_blocking({
            let (house, data, world) = (house.clone(), config.data.clone(), world.clone());
            move || show::set_up(&house, &data, &packs, &world)
        })
        .await
        .expect("the demo is set up or says why not")?;
        let worker = Worker::start(&house, config.deliveries, true);
        for line in ready.lines() {
            println!("{line}");
        }
        println!("{}", ready.json());
        let more = show::router(&house, &world, worker.busy(), virtual_clock);
        let ended = server::serve(listener, world::in_phone(server::router(house, more))).await.map_err(|error| io("the server stopped", &error));
        tokio::task::spawn_blocking(move || worker.stop()).await.expect("the worker stops");
        ended
    })
}

/// The played vendors and the client's phone.
async fn start_world(house: &House, config: &Config, reach: std::net::SocketAddr, virtual_clock: bool) -> crm::Outcome<world::Demo> {
    let landing = {
        let house = house.clone();
        tokio::task::spawn_blocking(move || show::landing(&house)).await.expect("the form is found or it is said why not")?
    };
    let options = world::Options {
        clock: house.clock.clone(),
        chance: house.chance.clone(),
        zone: house.firm.zone.clone(),
        public_url: house.firm.public_url.clone(),
        reach,
        hook: format!("/hooks/twilio_whatsapp/{}", show::ACCOUNT),
        landing,
        firm: crm::Label::new("Долговая защита", "Debt relief"),
        virtual_clock,
        memory: Some(config.data.join("demo-world")),
    };
    world::Demo::start(options).await.map_err(|error| io("the played vendors cannot start", &error))
}

/// Opens the firm for a short order that may run beside the server.
fn open_beside(config: &Config) -> crm::Outcome<House> {
    firm::make_folder(&config.data)?;
    firm::open(config, store::open_beside(&config.database_url())?, Arc::new(SystemClock))
}

fn add_user(config: &Config, login: &str, name: &str, role: &str, lang: &str, from_stdin: bool) -> crm::Outcome<()> {
    let house = open_beside(config)?;
    let password = match from_stdin {
        true => {
            let mut text = String::new();
            std::io::stdin().read_line(&mut text).map_err(|error| io("cannot read the password", &error))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        false => crm::time::random_word(house.chance.as_ref(), 16),
    };
    let (first, last) = name.trim().split_once(' ').unwrap_or_else(|| (name.trim(), ""));
    let user = User {
        login: login.trim().to_lowercase(),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        role: role.to_owned(),
        lang: Lang::from_code(lang).unwrap_or_default(),
        active: true,
        ..User::default()
    };
    let hash = team::door::hash_password(house.chance.as_ref(), &password)?;
    let user = house.transact(move |tx| {
        let mut user = User { password_hash: hash.clone(), ..user.clone() };
        team::staff::hire(tx, &mut user)?;
        Ok(user)
    })?;
    println!("login: {}", user.login);
    if !from_stdin {
        println!("password: {password}");
    }
    Ok(())
}

fn add_webhook(config: &Config, login: &str, scope: &str, title: &str) -> crm::Outcome<()> {
    let house = open_beside(config)?;
    println!("{}", webhook_address(&house, login, scope, title)?);
    Ok(())
}

/// Makes an incoming webhook and returns its address, which ends in `/`.
///
/// # Errors
/// Refuses unknown logins.
pub fn webhook_address(house: &House, login: &str, scope: &str, title: &str) -> crm::Outcome<String> {
    let scopes: Vec<String> = scope.split(',').map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty()).collect();
    let (login, title, now, chance) = (login.to_lowercase(), title.to_owned(), house.now(), house.chance.clone());
    let (webhook, secret) = house.transact(move |tx| {
        let user = tx
            .user_by_login(&login)?
            .ok_or_else(|| crm::Refusal::new("unknown_user", format!("Сотрудника «{login}» нет"), format!("There is no employee {login}")))?;
        team::webhooks::create(tx, chance.as_ref(), user.id, &scopes, &title, now)
    })?;
    Ok(format!("{}/rest/{}/{secret}/", house.firm.public_url, webhook.user))
}

fn pack(config: &Config, order: PackOrder) -> crm::Outcome<()> {
    match order {
        PackOrder::List => {
            for code in packs::codes() {
                let pack = packs::read(&code)?;
                println!("{code:<14} {:>3}  {}", pack.about.version, pack.about.title.get(Lang::En));
            }
            Ok(())
        }
        PackOrder::Plan { pack } => {
            let house = open_beside(config)?;
            let (pack, files) = packs::find(&pack)?;
            let lines = house.read(|read| packs::check(&pack, &files, read).and_then(|()| packs::plan(read, &pack)))?.lines();
            for line in &lines {
                let from = if line.old.is_empty() && line.new.is_empty() { String::new() } else { format!("  {} → {}", line.old, line.new) };
                println!("{} {}{from}", line.sign.mark(), line.what.get(Lang::En));
            }
            match lines.is_empty() {
                true => println!("nothing to do: {} is installed", pack.about.code),
                false => println!("+ new, ~ changed by the pack, ! changed by both (the firm's stays), - taken away by the firm, · not shipped any more"),
            }
            Ok(())
        }
        PackOrder::Apply { pack } => {
            let house = open_beside(config)?;
            let (pack, files) = packs::find(&pack)?;
            house.read(|read| packs::check(&pack, &files, read))?;
            let (now, code) = (house.now(), pack.about.code.clone());
            house.transact(move |tx| packs::apply(tx, &pack, now))?;
            println!("{code} is installed");
            Ok(())
        }
        PackOrder::Export { folder, code, title } => {
            let house = open_beside(config)?;
            let files = house.transact(move |tx| packs::export(tx, &code, &title))?;
            let failed = |error: std::io::Error| crm::Failure::give_up(format!("cannot write {}: {error}", folder.display()));
            for (path, text) in &files {
                let path = folder.join(path);
                std::fs::create_dir_all(path.parent().unwrap_or(&folder)).map_err(failed)?;
                std::fs::write(&path, text).map_err(failed)?;
            }
            println!("{}: {} files", folder.display(), files.len());
            Ok(())
        }
    }
}
