//! How long the server takes for the screens of a large database: `cargo run -p web --example measure -- sqlite:PATH`.
//! The database is filled by `VEKHA_BENCH_KEEP=FOLDER cargo bench -p store --bench million`.

#![expect(clippy::print_stdout, reason = "it prints figures")]

#[path = "../tests/house/mod.rs"]
#[allow(dead_code, reason = "only the executor and the clock are needed")]
mod house;

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use crm::{Firm, House, Outcome, Role, User};
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt as _;

/// Each page is asked for so often.
const ROUNDS: usize = 15;
const PASSWORD: &str = "vekha-vekha";

/// An administrator who can sign in, and deadlines for tasks.
fn prepare(house: &House) -> Outcome<()> {
    let hash = team::door::hash_password(&*house.chance, PASSWORD)?;
    house.transact(move |tx| {
        tx.put_role(&Role { code: "admin".into(), title: crm::Label::same("admin"), admin: true, automation: true, ..Role::default() })?;
        if let Some(mut task) = tx.schema().kind(crm::kind::TASK).cloned().filter(|task| !task.has("deadline")) {
            task.fields.push(crm::Field::new("deadline", "Срок", "Deadline", crm::FieldKind::Moment).indexed());
            tx.install_type(&task)?;
        }
        if tx.schema().kind(crm::kind::NOTIFICATION).is_none() {
            let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/base/types/notification.toml")).expect("a file of the pack");
            let given: crm::pack::PackType = toml::from_str(&text).expect("a type");
            tx.install_type(&given.shape(crm::kind::NOTIFICATION))?;
        }
        if tx.user_by_login("measure")?.is_none() {
            let mut user =
                User { login: "measure".into(), first_name: "Olga".into(), role: "admin".into(), password_hash: hash.clone(), active: true, ..User::default() };
            tx.put_user(&mut user)?;
        }
        Ok(())
    })
}

async fn ask(router: &axum::Router, cookie: &str, path: &str) -> (u16, usize) {
    let request = Request::get(path).header(header::COOKIE, cookie).header(header::ACCEPT, "text/html").body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, to_bytes(answer.into_body(), usize::MAX).await.expect("a body").len())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::args().nth(1).expect("the address of a database");
    let firm = Firm {
        public_url: "http://localhost".into(),
        zone: jiff::tz::TimeZone::get("Asia/Almaty").expect("a zone"),
        lang: crm::Lang::Ru,
        private_calls: false,
        signing_key: vec![7; 32],
        files: std::env::temp_dir(),
    };
    let store = store::open(&url).expect("a database");
    let house = House { store, clock: Arc::new(house::Machine), chance: Arc::new(house::Machine), executor: Arc::new(house::Small), firm: Arc::new(firm) };
    prepare(&house).expect("prepared");
    let router = web::router(house);
    let form = Request::post("/login")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("login=measure&password={PASSWORD}")))
        .expect("a request");
    let answer = router.clone().oneshot(form).await.expect("an answer");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie").split(';').next().unwrap_or_default().to_owned();
    for path in std::env::args().skip(2) {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut last = (0, 0);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            last = ask(&router, &cookie, &path).await;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{:8.1} ms middle {:8.1} ms slowest  {} {:>7} bytes  {path}", times[ROUNDS / 2], times[ROUNDS - 1], last.0, last.1);
    }
}
