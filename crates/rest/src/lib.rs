//! The Bitrix24 dialect of REST: what already talks to Bitrix24 talks to this house.
//!
//! `router` has the sockets, `api` the synchronous core, `methods` the methods, `spelling` all names of the dialect.

pub mod answers;
pub mod api;
pub mod brackets;
pub mod call;
pub mod classic;
pub mod filter;
pub mod items;
pub mod meter;
pub mod method;
pub mod methods;
pub mod multipart;
pub mod node;
pub mod router;
pub mod spelling;
pub mod wrong;
pub mod xml;

pub use api::{Api, answer};
pub use call::{Call, Reply};
pub use node::Node;
pub use router::router;
