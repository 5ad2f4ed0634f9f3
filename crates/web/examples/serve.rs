//! The screens on a database in memory, with people, clients and deals, for whoever works on them:
//! `cargo run -p web --example serve -- [address] [number of deals]`. Logins: admin, boris, anna; password `vekha-vekha`.
//! `curl -X POST address/dev/application -d 'name=Иван&phone=+79990001122'` plays a client who fills in the form.

#[path = "../tests/house/mod.rs"]
mod house;

use axum::extract::{Form, State};
use axum::routing::post;
use crm::{Actor, Cause, Fact, House, Rights, Value, Values, kind};
use std::time::Duration;

#[derive(serde::Deserialize)]
struct Application {
    name: String,
    phone: String,
}

/// A client fills in the form.
async fn application(State(house): State<House>, Form(given): Form<Application>) -> &'static str {
    let work = move || {
        let now = house.now();
        house.transact(move |tx| {
            let normal = crm::point::phone(&given.phone).unwrap_or_default();
            let query = crm::Query::of(kind::CONTACT).filter(crm::Filter::is("phone", crm::Op::Eq, Value::text(normal))).limit(1);
            let known = tx.items(&Rights::system(), &query)?.into_iter().next();
            let cause = Cause::new(Actor::Client { account: crm::AccountId(1), contact: known.as_ref().map_or(0, |known| known.id) }, now);
            let repeat = known.is_some();
            let contact = match known {
                Some(known) => known,
                None => crm::item::create(
                    tx,
                    &Rights::system(),
                    &cause,
                    kind::CONTACT,
                    &Values::from([("first_name", Value::text(&given.name)), ("phone", Value::text(&given.phone))]),
                )?,
            };
            let answers = Values::from([
                ("contact.first_name", Value::text(&given.name)),
                ("contact.phone", Value::text(&given.phone)),
                ("utm_source", Value::text("yandex")),
            ]);
            let fact = Fact::FormFilled { form: "application".into(), title: "Заявка с сайта".into(), answers, repeat };
            crm::item::create_with(
                tx,
                &Rights::system(),
                &cause,
                kind::DEAL,
                &Values::from([
                    ("title", Value::text(format!("Заявка: {}", given.name))),
                    ("contact", Value::Int(contact.id)),
                    ("responsible", Value::Int(3)),
                    ("repeat_client", Value::Flag(repeat)),
                    ("utm_source", Value::text("yandex")),
                    ("source", Value::text("Сайт")),
                ]),
                vec![fact],
            )
        })
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(_)) => "ok\n",
        Ok(Err(fault)) => {
            tracing::error!(why = fault.describe(), "application");
            "refused\n"
        }
        Err(_) => "broken\n",
    }
}

fn rules(house: &House) {
    let mut after = crm::Seq(0);
    loop {
        let (executor, firm, now) = (house.executor.clone(), house.firm.clone(), house.now());
        let worked =
            house.transact(move |tx| Ok(automation::dispatch(tx, &*executor, &firm, now, 100)? + automation::run_due(tx, &*executor, &firm, now, 100)?));
        if let Err(fault) = &worked {
            tracing::error!(why = fault.describe(), "rules");
        }
        if worked.unwrap_or(0) == 0 {
            after = house.store.wait(after, Duration::from_millis(500));
        }
    }
}

fn main() {
    tracing_subscriber::fmt().init();
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let deals = args.next().and_then(|text| text.parse().ok()).unwrap_or(240);
    let house = house::build(format!("http://{address}"), deals);
    let worker = house.clone();
    std::thread::spawn(move || rules(&worker));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&address).await.unwrap();
        tracing::info!(address, "ready");
        let router = web::router(house.clone()).merge(axum::Router::new().route("/dev/application", post(application)).with_state(house));
        axum::serve(listener, router.into_make_service_with_connect_info::<std::net::SocketAddr>()).await.unwrap();
    });
}
