//! Numbers by which things are called. Integers, because clients of the REST dialect expect them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A kind of record. Lead 1, deal 2, contact 3, company 4 keep the numbers that integrations hard-code.
    EntityTypeId
);
id!(
    /// One way of work of an entity type. Numbers are the firm's own; the REST dialect maps the default one to 0.
    PipelineId
);
id!(
    /// One step of a pipeline, unique in the whole firm.
    StageId
);
id!(
    /// A member of staff. 0 means "nobody": the system itself.
    UserId
);
id!(
    /// Position in the event log; grows by time of commit.
    Seq
);
id!(
    /// A trigger or robot as set up on a stage. Stable across versions of the stage's program.
    RuleId
);
id!(
    /// One execution of a stage's program for one entry of one item.
    RunId
);
id!(
    /// One robot inside a run.
    StepId
);
id!(
    /// A command that is due.
    JobId
);
id!(
    /// A channel set up by the firm: a form, a number, a mailbox.
    AccountId
);
id!(
    /// One raw call of the outside world in the inbound journal.
    InboundId
);
id!(
    /// One call we made to the outside world.
    AttemptId
);
id!(
    /// A stored file.
    FileId
);
id!(
    /// An incoming webhook of the REST dialect.
    WebhookId
);

impl UserId {
    /// Nobody in person: the program.
    pub const SYSTEM: UserId = UserId(0);
}

/// Which record: its kind and its number inside the kind. Written `2:7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ItemRef {
    /// The kind of record.
    pub kind: EntityTypeId,
    /// The number inside the kind; 0 for an item that is not saved yet.
    pub id: i64,
}

impl ItemRef {
    /// Record `id` of `kind`.
    pub const fn new(kind: EntityTypeId, id: i64) -> Self {
        ItemRef { kind, id }
    }
}

impl fmt::Display for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for ItemRef {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once(':').ok_or(())?;
        Ok(ItemRef { kind: EntityTypeId(kind.parse().map_err(|_| ())?), id: id.parse().map_err(|_| ())? })
    }
}

impl Serialize for ItemRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom("an item is written kind:id"))
    }
}
