//! Why a step happens: fills in the topic's texts with what the step knows.

use std::collections::BTreeMap;

use super::misconceptions::{Misconception, misconception};
use super::subject::Subject;
use super::topics::{Topic, topic};
use crate::scenario::Note;
use crate::walk::Walk;
use crate::walk::step::{Grain, StepId};

/// Why a step happens, at three depths. Texts may hold what came over the wire: not yet made safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The topic's name.
    pub topic: &'static str,
    /// The scenario's own words for the step, to be read before the others; empty where it has none.
    pub note: String,
    /// One or two sentences that stand alone.
    pub short: String,
    /// More, for a student of the subject.
    pub full: String,
    /// What the specification asks for, in its terms; empty where the paragraph alone is known.
    pub rfc: String,
    /// The paragraph: the record's own where the truth is known, else the topic's.
    pub cite: String,
    /// What the step changed at the ends: `server LISTEN > SYN-RECEIVED`; empty if nothing.
    pub changed: String,
    /// The common mistake that this step meets.
    pub misconception: Option<&'static Misconception>,
}

/// Why the step `at` happens, in a walk of this grain: what it changed is told since the step before.
pub fn explain(walk: &Walk, at: StepId, grain: Grain) -> Why {
    let subject = Subject::of(walk, at);
    let topic = topic(subject.topic).unwrap_or_else(|| topic("frame").expect("it is in the table"));
    let why = fill(topic, &subject, walk.changes(at, grain));
    match walk.note(at) {
        Some(note) => noted(why, note),
        None => why,
    }
}

fn noted(mut why: Why, note: &Note) -> Why {
    why.note.clone_from(&note.text);
    if let Some(engineer) = &note.engineer {
        why.rfc = format!("{engineer} {}", why.rfc);
    }
    if let Some(cite) = &note.cite {
        why.cite.clone_from(cite);
    }
    let idea = note.idea.and_then(|idea| misconception(idea.word()));
    why.misconception = idea.or(why.misconception);
    why
}

fn fill(topic: &'static Topic, subject: &Subject, changed: String) -> Why {
    let text = |template: &str| sentence(substitute(template, &subject.values));
    let short = format!("{}{}", subject.lead, topic.short);
    Why {
        topic: topic.id,
        note: String::new(),
        short: text(&short),
        full: text(topic.full),
        rfc: text(topic.rfc),
        cite: subject.cite.unwrap_or(topic.cite).to_owned(),
        changed,
        misconception: topic.misconception.and_then(misconception),
    }
}

/// Puts the values in the place of `{name}`; a value that is not known becomes `-`.
fn substitute(template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|close| open + close) else {
            break;
        };
        text.push_str(&rest[..open]);
        let value = values.get(&rest[open + 1..close]);
        let value = value.map_or("-", String::as_str);
        if text.ends_with(". ") {
            text.push_str(&sentence(value.to_owned()));
        } else {
            text.push_str(value);
        }
        rest = &rest[close + 1..];
    }
    text.push_str(rest);
    text
}

/// A text that begins with a capital letter, whatever name it begins with; an address stays as it is.
fn sentence(text: String) -> String {
    let is_address = text
        .split(' ')
        .next()
        .is_some_and(|word| word.contains("::") || word.matches(':').count() > 1);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.is_lowercase() && !is_address => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::{PLACEHOLDERS, all};
    use super::*;

    #[test]
    fn every_text_names_only_what_is_known() {
        for topic in all() {
            for text in [topic.short, topic.full, topic.rfc] {
                for part in text.split('{').skip(1) {
                    let name = part.split('}').next().unwrap();
                    assert!(PLACEHOLDERS.contains(&name), "{}: {{{name}}}", topic.id);
                }
            }
            if let Some(id) = topic.misconception {
                assert!(misconception(id).is_some(), "{}: {id}", topic.id);
            }
        }
    }

    #[test]
    fn a_name_that_begins_a_sentence_has_a_capital_letter() {
        let values = BTreeMap::from([("node", "the client".to_owned())]);
        let text = sentence(substitute("{node} asks. {node} waits for {node}.", &values));
        assert_eq!(text, "The client asks. The client waits for the client.");
    }

    #[test]
    fn every_topic_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = all().map(|topic| topic.id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn values_take_the_place_of_their_names() {
        let values = BTreeMap::from([("from", "client".to_owned()), ("ack", "1".to_owned())]);
        let check = |template, expected: &str| assert_eq!(substitute(template, &values), expected);
        check("{from} says ack={ack}", "client says ack=1");
        check("to {to}.", "to -.");
        check("an open { stays", "an open { stays");
    }
}
