//! Addresses by which scripts act for members of staff: `/rest/{user}/{secret}/`.

use crate::door::word_hash;
use crate::staff::rights_of;
use crm::time::{Chance, random_word};
use crm::{Moment, Outcome, Read, Refusal, Rights, Tx, User, UserId, Webhook, WebhookId};

/// Letters and digits of a secret: 131 bits. Clients accept only `[a-zA-Z0-9]+` (b24-rest.md §1.11).
pub const SECRET: usize = 22;

/// Makes an address for a member of staff; the secret is told only now, the database holds its SHA-256.
///
/// # Errors
/// Refuses an unknown user, no scopes, and scopes that are no words.
pub fn create(tx: &mut dyn Tx, chance: &dyn Chance, user: UserId, scopes: &[String], title: &str, now: Moment) -> Outcome<(Webhook, String)> {
    if tx.user(user)?.is_none_or(|user| !user.active) {
        return Err(Refusal::new("unknown_user", "Такого сотрудника нет", "There is no such employee").into());
    }
    let scopes: Vec<String> = scopes.iter().map(|scope| scope.trim().to_lowercase()).filter(|scope| !scope.is_empty()).collect();
    let word =
        |scope: &String| scope.len() <= 50 && scope.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"_.".contains(&letter));
    if scopes.is_empty() || !scopes.iter().all(word) {
        return Err(
            Refusal::new("wrong_scopes", "Перечислите права вебхука, например: crm,user", "List the scopes of the webhook, for example: crm,user").into()
        );
    }
    let secret = random_word(chance, SECRET);
    let mut webhook =
        Webhook { id: WebhookId(0), user, secret_hash: word_hash(&secret), scopes, title: title.chars().take(255).collect(), created: now, active: true };
    tx.put_webhook(&mut webhook)?;
    Ok((webhook, secret))
}

/// The webhook of an address, for whom it acts and what he may do; `None` when user or secret are wrong, the webhook is
/// switched off, or he left the firm.
///
/// # Errors
/// Only failures of the database.
pub fn find(read: &dyn Read, user: UserId, secret: &str, now: Moment) -> Outcome<Option<(Webhook, User, Rights)>> {
    if secret.is_empty() || secret.len() > 100 {
        return Ok(None);
    }
    let Some(webhook) = read.webhook(user, &word_hash(secret))?.filter(|webhook| webhook.active) else { return Ok(None) };
    let Some(user) = read.user(webhook.user)?.filter(|user| user.active) else { return Ok(None) };
    let rights = rights_of(read, &user, now)?;
    Ok(Some((webhook, user, rights)))
}
