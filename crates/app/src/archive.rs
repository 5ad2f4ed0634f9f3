//! Copies: the database and the files in one tar file, and the way back.

use crate::config::Config;
use crate::firm;
use crm::{Failure, Outcome, Refusal};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Name of the database inside the archive.
const DATABASE: &str = "vekha.db";
/// Name of the list of contents inside the archive.
const MANIFEST: &str = "manifest.json";

/// Copies database and files into one file while the server may be running; returns its size in bytes.
///
/// # Errors
/// Refuses an existing file and PostgreSQL (which has `pg_dump`).
pub fn backup(config: &Config, to: &Path) -> Outcome<u64> {
    if to.exists() {
        let shown = to.display();
        return Err(Refusal::new("file_exists", format!("Файл {shown} уже есть"), format!("The file {shown} exists already")).into());
    }
    let store = store::open_beside(&config.database_url())?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let copy = folder.join(format!(".{}.database", to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()));
    let part = folder.join(format!(".{}.part", to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()));
    let written = (|| -> Outcome<u64> {
        store.backup(&copy)?;
        let mut archive = tar::Builder::new(File::create(&part).map_err(failed("cannot write the copy"))?);
        archive.append_path_with_name(&copy, DATABASE).map_err(failed("cannot write the copy"))?;
        let files = config.data.join("files");
        if files.is_dir() {
            archive.append_dir_all("files", &files).map_err(failed("cannot copy the files"))?;
        }
        let manifest = serde_json::json!({ "program": "vekha", "version": env!("CARGO_PKG_VERSION") }).to_string();
        let mut header = tar::Header::new_gnu();
        header.set_size(manifest.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        archive.append_data(&mut header, MANIFEST, manifest.as_bytes()).map_err(failed("cannot write the copy"))?;
        let file = archive.into_inner().map_err(failed("cannot write the copy"))?;
        file.sync_all().map_err(failed("cannot write the copy"))?;
        std::fs::rename(&part, to).map_err(failed("cannot write the copy"))?;
        Ok(file.metadata().map(|data| data.len()).map_err(failed("cannot write the copy"))?)
    })();
    for leftover in [&copy, &part] {
        let _ = std::fs::remove_file(leftover);
    }
    written
}

/// Puts a copy back in place of the data folder; returns where the former contents are kept.
///
/// # Errors
/// Refuses broken copies (nothing is touched then) and while a server runs on the folder.
pub fn restore(config: &Config, from: &Path) -> Outcome<String> {
    if !config.database.is_empty() && !config.database.starts_with("sqlite:") {
        return Err(Refusal::new("not_sqlite", "Для PostgreSQL используйте pg_restore", "Use pg_restore for PostgreSQL").into());
    }
    // Held while files are moved: a running server holds it too.
    firm::make_folder(&config.data)?;
    let database = config.database_url().trim_start_matches("sqlite:").to_owned();
    let guard = store::guard(Path::new(&database))?;
    let fresh = sibling(&config.data, "restoring");
    let unpacked = unpack(from, &fresh);
    if let Err(fault) = unpacked {
        let _ = std::fs::remove_dir_all(&fresh);
        return Err(fault);
    }
    let kept = sibling(&config.data, "before-restore");
    std::fs::create_dir_all(&kept).map_err(failed("cannot keep the former data"))?;
    for entry in std::fs::read_dir(&config.data).map_err(failed("cannot read the data folder"))?.flatten() {
        // The lock stays: it is held.
        if entry.file_name().to_string_lossy().ends_with(".lock") {
            continue;
        }
        std::fs::rename(entry.path(), kept.join(entry.file_name())).map_err(failed("cannot keep the former data"))?;
    }
    std::fs::rename(fresh.join(DATABASE), &database).map_err(failed("cannot put the database in place"))?;
    if fresh.join("files").is_dir() {
        std::fs::rename(fresh.join("files"), config.data.join("files")).map_err(failed("cannot put the files in place"))?;
    }
    let _ = std::fs::remove_dir_all(&fresh);
    drop(guard);
    Ok(kept.display().to_string())
}

fn unpack(from: &Path, into: &Path) -> Outcome<()> {
    let broken = |why: String| -> crm::Fault {
        Refusal::new("broken_copy", format!("Копия повреждена: {why}"), format!("The copy is broken: {why}")).into()
    };
    firm::make_folder(into)?;
    let file = File::open(from).map_err(failed("cannot open the copy"))?;
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries().map_err(|error| broken(error.to_string()))? {
        let mut entry = entry.map_err(|error| broken(error.to_string()))?;
        // `unpack_in` refuses paths that lead out of the folder.
        entry.unpack_in(into).map_err(|error| broken(error.to_string()))?;
    }
    if !into.join(MANIFEST).is_file() || !into.join(DATABASE).is_file() {
        return Err(broken("it holds no database".to_owned()));
    }
    let store = store::open_beside(&format!("sqlite:{}", into.join(DATABASE).display()))?;
    let complaints = store.check()?;
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(broken(complaints.join("; "))),
    }
}

/// A folder beside this one whose name is free.
fn sibling(folder: &Path, word: &str) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (1..).map(|number| folder.with_file_name(format!("{name}-{word}-{number}"))).find(|path| !path.exists()).expect("some number is free")
}

fn failed(what: &'static str) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::give_up(format!("{what}: {error}"))
}
