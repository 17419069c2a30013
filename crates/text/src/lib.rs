#![doc = include_str!("../README.md")]

pub mod duration;
mod list;
mod nearest;
mod plain;
mod quote;

pub use list::{one_of, plural};
pub use nearest::{MAX_SLIP, distance, distance_within, is_slip, nearest, same_letters};
pub use plain::{break_commands, is_steering, plain, plain_lines, plain_within, within_commands};
pub use quote::{quote, quote_within, shortened};
