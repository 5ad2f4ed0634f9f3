//! The link by which somebody sets his first password, or a new one: signed, good for a week and for one use. Nobody types
//! a password for somebody else.

use crate::door::{hash_password, put_password, word_hash};
use crm::{Firm, House, Moment, Outcome, Read, Refusal, Session, User, UserId};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::time::Duration;

/// An invitation is good for so long.
pub const GOOD_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The word of an invitation: number, end, signature. It stops being good when a password is set by it, for the hash of
/// the present one is signed too.
pub fn invite(firm: &Firm, user: &User, now: Moment) -> String {
    let until = now.plus(GOOD_FOR).seconds();
    let signature: String = signed(firm, user, until).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{until}-{signature}", user.id)
}

/// Whom a word invites.
///
/// # Errors
/// `invitation_over` for a word that is used, too old, not ours, or whose owner does not work here.
pub fn invited(read: &dyn Read, firm: &Firm, word: &str, now: Moment) -> Outcome<User> {
    let over = || {
        Refusal::new(
            "invitation_over",
            "Ссылка уже не действует. Попросите администратора прислать новую",
            "This link is no longer good. Ask an administrator for a new one",
        )
    };
    let mut parts = word.splitn(3, '-');
    let (Some(id), Some(until), Some(signature)) = (parts.next(), parts.next(), parts.next()) else { return Err(over().into()) };
    let (Ok(id), Ok(until)) = (id.parse(), until.parse::<i64>()) else { return Err(over().into()) };
    let user = read.user(UserId(id))?.filter(|user| user.active).ok_or_else(over)?;
    let good = unhex(signature).is_some_and(|bytes| signed(firm, &user, until).verify_slice(&bytes).is_ok());
    match good && now.seconds() < until {
        true => Ok(user),
        false => Err(over().into()),
    }
}

/// Sets the password of whoever was invited, ends his other sessions and lets him in: the word for his cookie.
///
/// # Errors
/// As [`invited`], and refuses weak passwords.
pub fn accept(house: &House, word: &str, password: &str, remote: &str, agent: &str) -> Outcome<(String, User)> {
    let now = house.now();
    house.read(|read| invited(read, &house.firm, word, now))?;
    // Tens of milliseconds: outside of the transaction, which looks once more.
    let hash = hash_password(&*house.chance, password)?;
    let token = crm::time::random_word(&*house.chance, crate::door::TOKEN);
    let clip = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(200).collect::<String>();
    let (firm, word, token_hash, remote, agent) = (house.firm.clone(), word.to_owned(), word_hash(&token), clip(remote), clip(agent));
    let user = house.transact(move |tx| {
        let mut user = invited(tx.read(), &firm, &word, now)?;
        put_password(tx, &mut user, hash.clone())?;
        let session = Session {
            token_hash: token_hash.clone(),
            user: user.id,
            created: now,
            expires: now.plus(crate::door::SESSION),
            remote: remote.clone(),
            agent: agent.clone(),
        };
        tx.put_session(&session)?;
        Ok(user)
    })?;
    Ok((token, user))
}

fn signed(firm: &Firm, user: &User, until: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&firm.signing_key).expect("HMAC takes keys of any length");
    mac.update(format!("invitation\n{}\n{until}\n{}\n{}", user.id, user.login, user.password_hash).as_bytes());
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
