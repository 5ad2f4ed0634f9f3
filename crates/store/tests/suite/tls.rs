//! An encrypted connection to PostgreSQL, on a server of its own with a certificate of its own.

use crm::Fault;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Runs a command of the test's own set-up; its output is shown only when it fails.
fn run(folder: &Path, line: &str) {
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", line]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

struct Server(tempfile::TempDir);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("bash").arg("-c").arg(format!("{OWNER} $bin/pg_ctl -D data -m immediate stop")).current_dir(self.0.path()).output();
    }
}

const OWNER: &str =
    "bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1); as() { if [ $(id -u) = 0 ]; then runuser -u postgres -- \"$@\"; else \"$@\"; fi; }; as";

#[test]
fn an_encrypted_connection_checks_who_answers() {
    // Installs PostgreSQL where it is missing.
    drop(crate::firm::Db::postgres());
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let at = folder.path().to_owned();
    run(
        &at,
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=test ca'; \
         openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost; \
         echo subjectAltName=DNS:localhost >ext; \
         openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile ext; \
         [ $(id -u) != 0 ] || chown -R postgres .; chmod 711 .; chmod 600 server.key; chmod 644 ca.pem",
    );
    let server = Server(folder);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    run(&at, &format!("{OWNER} $bin/initdb --no-sync -D data -U postgres -A trust -E UTF8 --locale=C"));
    run(&at, "echo 'hostssl all all 127.0.0.1/32 trust' >data/pg_hba.conf");
    run(
        &at,
        &format!(
            "{OWNER} $bin/pg_ctl -D data -w -l log -o \"-c listen_addresses=127.0.0.1 -p {port} -k $PWD -c fsync=off -c ssl=on -c ssl_cert_file=$PWD/server.pem -c ssl_key_file=$PWD/server.key\" start </dev/null >/dev/null 2>&1"
        ),
    );
    // The roots that this machine trusts are read from the environment, so each look is a process of its own.
    let look = |url: String, roots: &Path| {
        let exe = std::env::current_exe().unwrap();
        let told = Command::new(exe)
            .args(["--exact", "tls::opens_what_it_is_told", "--ignored", "--nocapture"])
            .env("VEKHA_TEST_OPEN", url)
            .env("SSL_CERT_FILE", roots)
            .output()
            .unwrap();
        String::from_utf8_lossy(&told.stdout).into_owned()
    };
    let url = |mode: &str| format!("postgres://postgres@localhost:{port}/postgres?hostaddr=127.0.0.1&sslmode={mode}");
    let (ours, alien) = (at.join("ca.pem"), at.join("server.pem"));
    assert!(look(url("require"), &ours).contains("opened postgres"));
    let refused = look(url("require"), &alien);
    assert!(refused.contains("certificate") && !refused.contains("opened"), "{refused}");
    // The server wants encryption: without it nothing is sent.
    assert!(look(url("disable"), &ours).contains("no encryption"));
    drop(server);
}

#[test]
#[ignore = "it is the other process of the test above"]
fn opens_what_it_is_told() {
    let Ok(url) = std::env::var("VEKHA_TEST_OPEN") else { return };
    match store::open(&url) {
        Ok(store) => tell(&format!("opened {}", store.engine())),
        Err(Fault::Failed(failure)) => tell(&format!("failed: {}", failure.why())),
        Err(other) => tell(&format!("refused: {other:?}")),
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
}
