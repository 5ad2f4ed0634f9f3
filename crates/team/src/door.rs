//! The door: passwords, sessions, signing in and out.
//!
//! Passwords are hashed with argon2id, outside of any transaction. A session is a random word in a cookie; only its
//! SHA-256 is stored. A wrong login and a wrong password look alike and take the same time.

use crate::limiter::Limiter;
use crate::staff::rights_of;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use crm::time::{Chance, random_word};
use crm::{Failure, House, Moment, Outcome, Read, Refusal, Rights, Session, Tx, User};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use std::time::Duration;

/// A session lasts so long.
pub const SESSION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Letters of a session's word: 256 bits.
pub(crate) const TOKEN: usize = 43;
/// OWASP's smallest advice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Longer passwords are refused before they are hashed.
const LONGEST: usize = 1024;

fn argon() -> Outcome<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| Failure::give_up(format!("argon2 parameters: {error}")))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether a new password is good enough: at least ten letters, not one letter repeated, not over 1024 bytes.
///
/// # Errors
/// `weak_password`, with the reason.
pub fn check_password(password: &str) -> Result<(), Refusal> {
    let weak = |ru: &str, en: &str| Err(Refusal::new("weak_password", ru, en));
    if password.len() > LONGEST {
        return weak("Пароль слишком длинный", "The password is too long");
    }
    if password.chars().count() < 10 {
        return weak("В пароле должно быть не меньше 10 знаков", "A password has at least 10 characters");
    }
    let first = password.chars().next();
    match password.chars().all(|letter| Some(letter) == first) {
        true => weak("Пароль из одного повторяющегося знака не подходит", "One character repeated is no password"),
        false => Ok(()),
    }
}

/// The hash of a password in PHC form. Takes tens of milliseconds: call it outside of transactions.
///
/// # Errors
/// Refuses weak passwords, as [`check_password`].
pub fn hash_password(chance: &dyn Chance, password: &str) -> Outcome<String> {
    check_password(password)?;
    let mut salt = [0_u8; 16];
    chance.fill(&mut salt);
    hash_with(&salt, password)
}

fn hash_with(salt: &[u8], password: &str) -> Outcome<String> {
    let failed = |error: argon2::password_hash::Error| Failure::give_up(format!("argon2: {error}"));
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    Ok(argon()?.hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// Whether the password belongs to the hash. An empty or broken hash fits no password.
pub fn password_fits(password: &str, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    // The parameters stand in the hash: older hashes go on working when ours grow.
    password.len() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// Stands for the hash of logins that do not exist, so that they take as long as the others.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_with(b"no such employee", "nobody knows this one").unwrap_or_default());

/// SHA-256 of a word in a cookie or an address: what is stored of it.
pub fn word_hash(word: &str) -> Vec<u8> {
    Sha256::digest(word.as_bytes()).to_vec()
}

/// Lets somebody in: the word for his cookie, and who he is. `remote` and `agent` are remembered with the session.
///
/// # Errors
/// `wrong_credentials` for an unknown login, a wrong password or somebody who left the firm; `too_many_attempts` after
/// five failures of a login or twenty of an address within fifteen minutes.
pub fn sign_in(house: &House, limiter: &Limiter, login: &str, password: &str, remote: &str, agent: &str) -> Outcome<(String, User)> {
    let login = login.trim().to_lowercase();
    if login.is_empty() || login.len() > 200 || login.contains('\0') {
        return Err(wrong_credentials().into());
    }
    let now = house.clock.now();
    limiter.admit(&login, remote, now)?;
    let found = house.read(|read| read.user_by_login(&login))?.filter(|user| user.active && !user.password_hash.is_empty());
    let hash = found.as_ref().map_or(NOBODY.as_str(), |user| user.password_hash.as_str());
    let fits = limiter.in_turn(|| password_fits(password, hash));
    let Some(user) = found.filter(|_| fits) else {
        tracing::info!("a sign-in was refused");
        return Err(wrong_credentials().into());
    };
    limiter.forgive(&login, remote);
    let token = random_word(&*house.chance, TOKEN);
    let clip = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let session = Session { token_hash: word_hash(&token), user: user.id, created: now, expires: now.plus(SESSION), remote: clip(remote), agent: clip(agent) };
    house.transact(move |tx| tx.put_session(&session))?;
    Ok((token, user))
}

/// Who stands behind the word of a cookie, and what he may do; `None` when the session is over or he left the firm.
///
/// # Errors
/// Only failures of the database.
pub fn who(read: &dyn Read, token: &str, now: Moment) -> Outcome<Option<(User, Rights)>> {
    if token.len() != TOKEN {
        return Ok(None);
    }
    let Some(session) = read.session(&word_hash(token), now)?.filter(|session| session.expires > now) else { return Ok(None) };
    let Some(user) = read.user(session.user)?.filter(|user| user.active) else { return Ok(None) };
    let rights = rights_of(read, &user, now)?;
    Ok(Some((user, rights)))
}

/// Ends the session of a cookie.
///
/// # Errors
/// Only failures of the database.
pub fn sign_out(house: &House, token: &str) -> Outcome<()> {
    let hash = word_hash(token);
    house.transact(move |tx| tx.end_session(&hash))
}

/// Gives somebody a new password, already hashed, and ends all his sessions.
///
/// # Errors
/// Only failures of the database.
pub fn put_password(tx: &mut dyn Tx, user: &mut User, hash: String) -> Outcome<()> {
    user.password_hash = hash;
    tx.put_user(user)?;
    tx.end_sessions_of(user.id)
}

fn wrong_credentials() -> Refusal {
    Refusal::new("wrong_credentials", "Неверный логин или пароль", "Wrong login or password")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Chance for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn a_password_fits_only_its_own_hash() {
        let hash = hash_password(&Fixed, "Correct-Horse-1").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password_fits("Correct-Horse-1", &hash));
        assert!(!password_fits("correct-horse-1", &hash));
        assert!(!password_fits("", ""));
        assert!(!password_fits("x", "not a hash"));
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["", "short", "девятьзна", "aaaaaaaaaaaa"] {
            assert!(check_password(weak).is_err(), "{weak}");
        }
        assert!(check_password(&"x1".repeat(600)).is_err());
        assert_eq!(check_password("десятьзнак"), Ok(()));
    }

    #[test]
    fn unknown_logins_are_checked_against_a_real_hash() {
        assert!(PasswordHash::new(&NOBODY).is_ok(), "a broken hash would answer at once");
    }
}
