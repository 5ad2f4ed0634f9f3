//! The synchronous core: one request in, one answer out. The sockets stand in `router`, the methods in `methods`.

use crate::answers::moment_text;
use crate::call::{Address, Call, Format, Reply, address, parameters};
use crate::meter::{Meter, seconds};
use crate::method::{Answer, Method};
use crate::methods;
use crate::node::{Map, Node};
use crate::wrong::{Family, Stop, Wrong};
use crate::xml;
use crm::{Actor, Cause, Command, Done, Execute, House, Moment, Outcome, Read, Rights, Tx, User, UserId, Webhook, WebhookId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The use of a webhook is written down at most so often.
const TOUCH: Duration = Duration::from_secs(600);

/// The API of one house.
pub struct Api {
    house: House,
    meter: Meter,
    touched: Mutex<HashMap<WebhookId, Moment>>,
}

/// Who calls: the webhook, for whom it acts, what he may do.
pub struct Caller<'a> {
    /// The API he calls.
    pub api: &'a Api,
    /// The address he uses.
    pub webhook: Webhook,
    /// For whom it acts.
    pub user: User,
    /// What he may do.
    pub rights: Rights,
}

/// What a caller takes along into a transaction.
pub struct Hand {
    /// Carries out commands.
    pub executor: Arc<dyn Execute>,
    /// What the caller may do.
    pub rights: Rights,
    /// Why it is done.
    pub cause: Cause,
    /// The firm's zone.
    pub zone: jiff::tz::TimeZone,
}

impl Hand {
    /// Carries out a command inside this transaction.
    ///
    /// # Errors
    /// As `Execute::execute`.
    pub fn command(&self, tx: &mut dyn Tx, command: &Command) -> Outcome<Done> {
        self.executor.execute(tx, &self.rights, &self.cause, command)
    }
}

/// An answer with the time it took.
pub struct Timed {
    /// The answer.
    pub answer: Answer,
    /// The `time` of the envelope.
    pub time: Node,
}

/// Answers one request with a fresh API: for tests and tools. A server keeps one [`Api`].
pub fn answer(house: &House, call: &Call) -> Reply {
    Api::new(house.clone()).answer(call)
}

impl Api {
    /// The API of a house.
    pub fn new(house: House) -> Api {
        Api { house, meter: Meter::default(), touched: Mutex::default() }
    }

    /// Answers one request. Blocks on the database: not for threads of the async runtime.
    pub fn answer(&self, call: &Call) -> Reply {
        match address(&call.path) {
            Ok(address) => match self.carry_out(call, &address) {
                Ok(timed) => Reply { status: 200, ..written(address.format, &envelope(timed)) },
                Err(wrong) => refusal(address.format, &wrong),
            },
            Err(wrong) => refusal(Format::Json, &wrong),
        }
    }

    fn carry_out(&self, call: &Call, address: &Address) -> Result<Timed, Wrong> {
        if !matches!(call.method.as_str(), "GET" | "POST") {
            return Err(Wrong::new(405, "INVALID_REQUEST", "Only GET and POST are allowed"));
        }
        let Some((user, secret)) = &address.key else {
            return Err(Wrong::new(401, "NO_AUTH_FOUND", "Wrong authorization data"));
        };
        let caller = self.caller(user, secret)?;
        let parameters = parameters(call)?;
        caller.invoke(&address.method, &parameters, false)
    }

    fn caller(&self, user: &str, secret: &str) -> Result<Caller<'_>, Wrong> {
        let wrong = || Wrong::new(401, "INVALID_CREDENTIALS", "Invalid request credentials");
        let user = UserId(user.parse().map_err(|_| wrong())?);
        let now = self.house.clock.now();
        let found = self.house.read(|read| team::webhooks::find(read, user, secret, now));
        let (webhook, user, rights) = found.map_err(|fault| Stop::from(fault).worded(Family::Universal, self.house.firm.lang))?.ok_or_else(wrong)?;
        self.touch(webhook.id);
        Ok(Caller { api: self, webhook, user, rights })
    }

    /// Writes down now and then that a webhook is in use.
    fn touch(&self, webhook: WebhookId) {
        let now = self.house.clock.now();
        {
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            if touched.get(&webhook).is_some_and(|at| now.since(*at) < TOUCH && *at <= now) {
                return;
            }
            touched.insert(webhook, now);
        }
        if let Err(fault) = self.house.transact(move |tx| tx.touch_webhook(webhook, now)) {
            tracing::warn!(why = fault.describe(), "the use of a webhook was not written down");
        }
    }
}

impl<'a> Caller<'a> {
    /// The house.
    pub fn house(&self) -> &'a House {
        &self.api.house
    }

    /// Reads from one snapshot.
    ///
    /// # Errors
    /// What the work returns, or a failure of the database.
    pub fn read<T>(&self, mut work: impl FnMut(&dyn Read) -> Result<T, Stop>) -> Result<T, Stop> {
        self.house().read(|read| Ok(work(read)))?
    }

    /// Why something is done now: this webhook wants it.
    pub fn cause(&self) -> Cause {
        Cause::new(Actor::Webhook { webhook: self.webhook.id, user: self.user.id }, self.house().clock.now())
    }

    /// Works in one transaction. The work may run more than once, and stops with an error of the dialect only before it
    /// has written anything.
    ///
    /// # Errors
    /// What the work returns, or a failure of the database.
    pub fn write<T: Send + 'static>(&self, mut work: impl FnMut(&Hand, &mut dyn Tx) -> Result<T, Stop> + Send + 'static) -> Result<T, Stop> {
        let house = self.house();
        let hand = Hand { executor: house.executor.clone(), rights: self.rights.clone(), cause: self.cause(), zone: house.firm.zone.clone() };
        let done = house.transact(move |tx| match work(&hand, tx) {
            Ok(value) => Ok(Ok(value)),
            Err(Stop::Wrong(wrong)) => Ok(Err(wrong)),
            Err(Stop::Fault(fault)) => Err(fault),
        })?;
        Ok(done?)
    }

    /// Whether the webhook may use methods of this scope; the empty scope is everybody's.
    pub fn has_scope(&self, scope: &str) -> bool {
        scope.is_empty() || scope.split('|').any(|one| self.webhook.scopes.iter().any(|own| own == one))
    }

    /// Carries out one method, named in lower case.
    ///
    /// # Errors
    /// The dialect's error.
    pub fn invoke(&self, name: &str, parameters: &Map, in_batch: bool) -> Result<Timed, Wrong> {
        let started = self.house().clock.now();
        let method = methods::find(name).ok_or_else(|| Wrong::new(404, "ERROR_METHOD_NOT_FOUND", "Method not found!"))?;
        if !self.has_scope(method.scope) {
            return Err(Wrong::new(401, "insufficient_scope", "The request requires higher privileges than provided by the webhook token"));
        }
        if in_batch && !method.in_batch {
            return Err(Wrong::new(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", format!("Method '{}' is not allowed in a batch", method.name)));
        }
        let answer = (method.run)(self, parameters).map_err(|stop| stop.worded(method.family, self.user.lang))?;
        Ok(Timed { answer, time: self.time(method, started) })
    }

    fn time(&self, method: &'static Method, started: Moment) -> Node {
        let house = self.house();
        let finished = house.clock.now();
        let (operating, reset) = self.api.meter.add(self.webhook.id, method.name, started, finished);
        let stamp = |at: Moment| Node::Float(seconds(u64::try_from(at.0).unwrap_or(0)));
        let spent = seconds(u64::try_from(finished.since(started).as_micros()).unwrap_or(0));
        Node::map([
            ("start", stamp(started)),
            ("finish", stamp(finished)),
            ("duration", Node::Float(spent)),
            ("processing", Node::Float(spent)),
            ("date_start", Node::Text(moment_text(started, &house.firm.zone))),
            ("date_finish", Node::Text(moment_text(finished, &house.firm.zone))),
            ("operating_reset_at", Node::Int(reset)),
            ("operating", Node::Float(operating)),
        ])
    }
}

fn envelope(timed: Timed) -> Node {
    let mut map = Map::new();
    map.insert("result".to_owned(), timed.answer.result);
    if let Some(next) = timed.answer.next {
        map.insert("next".to_owned(), Node::Int(next));
    }
    if let Some(total) = timed.answer.total {
        map.insert("total".to_owned(), Node::Int(total));
    }
    map.insert("time".to_owned(), timed.time);
    Node::Map(map)
}

/// An error as an answer.
pub fn refusal(format: Format, wrong: &Wrong) -> Reply {
    Reply { status: wrong.status, ..written(format, &error_node(wrong)) }
}

/// `error` and `error_description`.
pub fn error_node(wrong: &Wrong) -> Node {
    Node::map([("error", Node::text(wrong.code.clone())), ("error_description", Node::text(&wrong.text))])
}

fn written(format: Format, node: &Node) -> Reply {
    let (content_type, body) = match format {
        // A tree of ours always has a JSON form: its keys are texts.
        Format::Json => ("application/json; charset=utf-8", serde_json::to_vec(node).unwrap_or_default()),
        Format::Xml => ("text/xml; charset=utf-8", xml::document(node).into_bytes()),
    };
    Reply { status: 200, content_type, body }
}
