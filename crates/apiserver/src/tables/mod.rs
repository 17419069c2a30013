//! stub
mod fields; mod gates;
pub use gates::{Gate, NEWEST_MINOR, OLDEST_MINOR};
pub(crate) use fields::{CRON_JOB, JOB, TYPES};
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)] pub(crate) struct TypeId(pub(super) u16);
#[derive(Debug, PartialEq)] pub(crate) enum Shape { Object(TypeId), List(&'static Shape), Map(&'static Shape), Int32, Int64, Bool, Str, Time, Quantity, IntOrString, Opaque }
#[derive(Debug)] pub(crate) struct Field { pub(crate) name: &'static str, pub(crate) shape: Shape, pub(crate) named: Option<&'static str>, pub(crate) since: u8, pub(crate) until: Option<u8>, pub(crate) pointer: bool, pub(crate) gates: &'static [Gate] }
#[derive(Debug)] pub(crate) struct Type { pub(crate) name: &'static str, pub(crate) package: &'static str, pub(crate) fields: &'static [Field] }
impl TypeId { pub(crate) fn get(self) -> &'static Type { &TYPES[usize::from(self.0)] } pub(crate) fn at(i: usize)->Self { Self(i as u16) } }
impl Type { pub(crate) fn field(&self, name: &str) -> Option<&'static Field> { let f: &'static [Field] = self.fields; f.binary_search_by(|x| x.name.cmp(name)).ok().map(|i| &f[i]) } }
impl Field { 
 pub(super) const fn new(name: &'static str, shape: Shape) -> Self { Self { name, shape, named: None, since: OLDEST_MINOR, until: None, pointer: false, gates: &[] } }
 pub(super) const fn pointer(mut self) -> Self { self.pointer = true; self }
 pub(super) const fn named(mut self, n: &'static str) -> Self { self.named = Some(n); self }
 pub(super) const fn since(mut self, n: u8) -> Self { self.since = n; self }
 pub(super) const fn until(mut self, n: u8) -> Self { self.until = Some(n); self }
 pub(super) const fn gates(mut self, n: &'static [Gate]) -> Self { self.gates = n; self }
pub(crate) fn known_in(&self, minor: u8) -> bool { self.since <= minor && self.until.is_none_or(|u| minor <= u) }
 pub(crate) fn go_name(&self, shape: &Shape) -> String { match shape { Shape::Object(id)=>format!("v1.{}", id.get().name), Shape::List(e)=>format!("[]{}", self.go_name(e)), Shape::Map(e) if **e==Shape::Quantity => "v1.ResourceList".to_owned(), Shape::Map(e)=>format!("map[string]{}", self.go_name(e)), Shape::Int32|Shape::IntOrString=>"int32".to_owned(), Shape::Int64=>"int64".to_owned(), Shape::Bool=>"bool".to_owned(), Shape::Str=>self.named.unwrap_or("string").to_owned(), Shape::Time=>"v1.Time".to_owned(), Shape::Quantity=>"quantity".to_owned(), Shape::Opaque=>"v1.FieldsV1".to_owned() } } }
#[derive(Debug, Clone, Copy, PartialEq, Eq)] pub struct State { pub on: bool, pub locked: bool, pub stage: Stage }
#[derive(Debug, Clone, Copy, PartialEq, Eq)] pub enum Stage { Alpha, Beta, Ga, Deprecated }
pub(crate) struct GateInfo { name: &'static str, steps: &'static [(u8, Option<State>)] }
impl GateInfo { pub(super) const fn new(_: Gate, name: &'static str, steps: &'static [(u8, Option<State>)]) -> Self { Self { name, steps } } }
pub(super) mod states { use super::{Stage,State}; const fn s(on: bool, locked: bool, stage: Stage) -> Option<State> { Some(State { on, locked, stage }) }
pub(crate) const ABSENT: Option<State> = None; pub(crate) const ALPHA_OFF: Option<State> = s(false,false,Stage::Alpha); pub(crate) const ALPHA_ON: Option<State> = s(true,false,Stage::Alpha); pub(crate) const BETA_OFF: Option<State> = s(false,false,Stage::Beta); pub(crate) const BETA_ON: Option<State> = s(true,false,Stage::Beta);
pub(crate) const DEPRECATED_OFF: Option<State> = s(false,false,Stage::Deprecated);pub(crate) const DEPRECATED_OFF_LOCKED: Option<State> = s(false,true,Stage::Deprecated);pub(crate) const DEPRECATED_ON: Option<State> = s(true,false,Stage::Deprecated);pub(crate) const DEPRECATED_ON_LOCKED: Option<State> = s(true,true,Stage::Deprecated);pub(crate) const GA_ON: Option<State> = s(true,false,Stage::Ga);pub(crate) const GA_ON_LOCKED: Option<State> = s(true,true,Stage::Ga); }
impl Gate { fn info(self) -> &'static GateInfo { &gates::GATES[self as usize] } pub fn name(self) -> &'static str { self.info().name } pub fn state(self, minor: u8) -> Option<State> { self.info().steps.iter().rev().find(|(m, _)| *m <= minor).and_then(|(_, s)| *s) }
 pub fn on_by_default(self, minor: u8) -> bool { let mut last = None; for (m, s) in self.info().steps { if *m <= minor && s.is_some() { last = *s; } } last.is_some_and(|s| s.on) }
 pub fn is_known(self, minor: u8) -> bool { self.info().steps.iter().any(|(m, s)| *m <= minor && s.is_some()) } }
