//! Bytes of stored files, under the hash of their content: the same file twice is kept once.

use crm::{Failure, Outcome};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Keeps bytes; their name is their SHA-256 in hexadecimal. When this returns they are on the disk, whole.
///
/// # Errors
/// Failures of the disk.
pub fn put(folder: &Path, bytes: &[u8]) -> Outcome<String> {
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = place(folder, &hash).expect("a hash is a good name");
    if path.is_file() {
        return Ok(hash);
    }
    let shelf = path.parent().expect("a file lies in a folder");
    write(shelf, &path, bytes).map_err(|error| Failure::retry(format!("a file cannot be kept: {error}")))?;
    Ok(hash)
}

/// Under another name first, so that a crash leaves no half file under the right one.
fn write(shelf: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(shelf)?;
    let part = shelf.join(format!(".{}.{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written?;
    File::open(shelf)?.sync_all()?;
    shelf.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
}

/// The bytes with this hash; `None` when there are none.
///
/// # Errors
/// Failures of the disk.
pub fn get(folder: &Path, hash: &str) -> Outcome<Option<Vec<u8>>> {
    let Some(path) = place(folder, hash) else { return Ok(None) };
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::retry(format!("a file cannot be read: {error}")).into()),
    }
}

/// Where the bytes with this hash lie; `None` for what is no hash and could lead elsewhere.
pub fn place(folder: &Path, hash: &str) -> Option<PathBuf> {
    let good = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    good.then(|| folder.join(&hash[..2]).join(hash))
}
