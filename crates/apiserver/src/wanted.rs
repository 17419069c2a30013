//! Which fields of an object are asked for.

/// A part of an object, as far as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// All that there is.
    whole: bool,
    fields: Vec<(String, Self)>,
    /// What is asked for of each element of a list. Of an object whose fields are gone through one by one, all is.
    elements: Option<Box<Self>>,
}

/// A step from a part of an object to one within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a field.
    Field(String),
    /// To any element.
    Element,
}

pub(crate) static EVERYTHING: Wanted = Wanted { whole: true, fields: Vec::new(), elements: None };
static NOTHING: Wanted = Wanted { whole: false, fields: Vec::new(), elements: None };

impl Wanted {
    /// All of the object.
    pub fn everything() -> Self {
        EVERYTHING.clone()
    }

    /// Adds what is at the end of `steps`: all of it if `whole`, else just that it is there.
    pub fn add(&mut self, steps: &[Step], whole: bool) {
        let mut at = self;
        for step in steps {
            at = match step {
                Step::Element => at.elements.get_or_insert_default(),
                Step::Field(name) => {
                    let position = match at.fields.iter().position(|(field, _)| field == name) {
                        Some(position) => position,
                        None => {
                            at.fields.push((name.clone(), Self::default()));
                            at.fields.len() - 1
                        }
                    };
                    &mut at.fields[position].1
                }
            };
        }
        at.whole |= whole;
    }

    /// What is asked for of an object's field; none where nobody asks.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        if self.whole || self.elements.is_some() {
            return Some(&EVERYTHING);
        }
        self.fields.iter().find(|(field, _)| field == name).map(|(_, below)| below)
    }

    /// What is asked for of each element of a list.
    pub(crate) fn element(&self) -> &Self {
        match &self.elements {
            _ if self.whole => &EVERYTHING,
            Some(below) => below,
            None => &NOTHING,
        }
    }
}
