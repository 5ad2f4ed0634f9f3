//! Serves the API over the database in memory: for client libraries that are tried against it.
//!
//! `cargo run -p rest --example serve -- 127.0.0.1:8077` prints the address of an administrator's webhook.

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Office, TestClock};
use crm::time::{Chance, Clock};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// The machine's clock: this is no test that has to repeat itself.
struct RealClock(std::time::Instant);

impl Clock for RealClock {
    fn now(&self) -> crm::Moment {
        crm::Moment::from_seconds(1_790_000_000).plus(self.0.elapsed())
    }
}

struct RealChance;

impl Chance for RealChance {
    fn fill(&self, buffer: &mut [u8]) {
        let mut device = std::fs::File::open("/dev/urandom").expect("a source of chance");
        std::io::Read::read_exact(&mut device, buffer).expect("a source of chance");
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let office = Office::with(Arc::new(TestClock(AtomicI64::new(0))), Arc::new(RealClock(std::time::Instant::now())), Arc::new(RealChance));
    let router = rest::router(office.house.clone());
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async move {
        let listener = tokio::net::TcpListener::bind(&address).await?;
        let mut out = std::io::stdout();
        writeln!(out, "http://{}/rest/{}/", listener.local_addr()?, office.olga)?;
        out.flush()?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}
