//! The words and the rules of a card: types, fields, items, pipelines, events, commands, rights, queries.
//!
//! Pure: no I/O, no clock, no SQL, no JSON dialect. Everybody may import it; it imports nobody.

pub mod about;
pub mod account;
pub mod bin;
pub mod check;
pub mod command;
pub mod doors;
pub mod entity;
pub mod event;
pub mod failure;
pub mod field;
pub mod format;
pub mod house;
pub mod ids;
pub mod item;
pub mod job;
pub mod label;
pub mod layout;
pub mod merge;
pub mod pack;
pub mod point;
pub mod query;
pub mod rights;
pub mod rule;
pub mod run;
pub mod saved_view;
pub mod staff;
pub mod stage;
pub mod text;
pub mod time;
pub mod value;

pub use about::About;
pub use account::{Account, InboundCall};
pub use bin::{Binned, Double, DoubleState, LinkedGroup};
pub use check::Check;
pub use command::{Command, Done};
pub use doors::{Read, StageTotal, Store, Tx, Work};
pub use entity::{Ending, EntityType, Feature, MatchRule, Pipeline, Schema, Stage, Tunnel, code, kind};
pub use event::{Actor, Cause, Change, Delivery, Event, Fact};
pub use failure::{Failure, Fault, Outcome, Refusal};
pub use field::{Choice, Field, FieldKind, FormulaResult};
pub use house::{Execute, Firm, House};
pub use ids::{AccountId, AttemptId, EntityTypeId, FileId, InboundId, ItemRef, JobId, PipelineId, RuleId, RunId, Seq, StageId, StepId, UserId, WebhookId};
pub use item::Item;
pub use job::{Attempt, AttemptState, Job};
pub use label::{Label, Lang};
pub use layout::{Audience, Layout, LayoutSection, MenuSection};
pub use query::{Count, Filter, Op, Order, Page, Query, Verdict};
pub use rights::{Action, Grant, Rights, Role, Scope};
pub use rule::{Lane, Program, Rule, RuleKind, Timing};
pub use run::{Evaluation, Run, Step, StepState};
pub use saved_view::{SavedView, ViewMode};
pub use staff::{Department, Look, Session, StoredFile, User, Webhook};
pub use time::{Chance, Clock, Date, Moment};
pub use value::{Decimal, Money, Point, Points, Value, Values};
