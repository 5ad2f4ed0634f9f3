//! Bytes of stored files, under the hash of their content: the same file twice is kept once.

use crm::{Bytes, Failure, Outcome, Refusal};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are in memory at a time.
const BUFFER: usize = 64 * 1024;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Keeps bytes; their name is their SHA-256 in hexadecimal. When this returns they are on the disk, whole.
///
/// # Errors
/// Failures of the disk.
pub fn put(folder: &Path, mut bytes: &[u8]) -> Outcome<String> {
    keep(folder, &mut bytes, u64::MAX).map(|kept| kept.0)
}

/// Keeps bytes while they come in, at most so many; their name and number. When this returns they are on the disk, whole.
///
/// # Errors
/// `file_too_large`; failures of the disk and of whoever sends them. Nothing is left behind then.
pub fn keep(folder: &Path, from: &mut dyn Read, most: u64) -> Outcome<(String, i64)> {
    let part = folder.join(format!(".{}.{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let kept = take_in(folder, &part, from, most);
    if !matches!(kept, Ok(Some(_))) {
        let _ = fs::remove_file(&part);
    }
    match kept {
        Ok(Some(kept)) => Ok(kept),
        Ok(None) => Err(too_large(most).into()),
        Err(error) => Err(Failure::retry(format!("a file cannot be kept: {error}")).into()),
    }
}

fn too_large(most: u64) -> Refusal {
    let megabytes = most / (1024 * 1024);
    Refusal::new(
        "file_too_large",
        format!("Файл слишком большой: можно не больше {megabytes} МБ"),
        format!("The file is too large: at most {megabytes} MB will do"),
    )
}

/// Under another name first, so that a crash leaves no half file under the right one. `None`: there are too many bytes.
fn take_in(folder: &Path, part: &Path, from: &mut dyn Read, most: u64) -> std::io::Result<Option<(String, i64)>> {
    fs::create_dir_all(folder)?;
    let mut file = File::create(part)?;
    let (mut digest, mut size) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        size += count as u64;
        if size > most {
            return Ok(None);
        }
        digest.update(&buffer[..count]);
        file.write_all(&buffer[..count])?;
    }
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let path = place(folder, &hash).expect("a hash is a good name");
    if path.is_file() {
        fs::remove_file(part)?;
    } else {
        file.sync_all()?;
        let shelf = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(shelf)?;
        fs::rename(part, &path)?;
        File::open(shelf)?.sync_all()?;
        File::open(folder)?.sync_all()?;
    }
    Ok(Some((hash, i64::try_from(size).unwrap_or(i64::MAX))))
}

/// The bytes with this hash, to be read from anywhere; `None` when there are none.
///
/// # Errors
/// Failures of the disk.
pub fn open(folder: &Path, hash: &str) -> Outcome<Option<Box<dyn Bytes>>> {
    let Some(path) = place(folder, hash) else { return Ok(None) };
    match File::open(path) {
        Ok(file) => Ok(Some(Box::new(file))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::retry(format!("a file cannot be read: {error}")).into()),
    }
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
