//! `layerwalk list`: what there is to choose from.

use std::io::{self, BufWriter, Write};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::exit::Result;
use crate::capture::live;
use crate::proto::registry::PROTOCOLS;
use crate::scenario;
use crate::tui::keys::TABLE;

/// List scenarios, interfaces, protocols or keys, or print the JSON Schema of scenario files
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  layerwalk list                       the built-in scenarios
  layerwalk list protocols --json      the protocols and their fields, for a program
  layerwalk list schema > schema.json  for an editor that completes and checks scenario files")]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value_t = What::Scenarios)]
    what: What,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The built-in scenarios, in the order in which they teach best
    Scenarios,
    /// The interfaces that can be captured from
    Interfaces,
    /// The protocols that are understood
    Protocols,
    /// The keys of the screen
    Keys,
    /// The JSON Schema of scenario files
    Schema,
}

/// Runs the command.
pub fn run(args: &ListArgs) -> Result {
    let rows = match args.what {
        What::Scenarios => scenarios(),
        What::Interfaces => interfaces(),
        What::Protocols => protocols(),
        What::Keys => keys(),
        What::Schema => Rows {
            json: scenario::schema(),
            text: Vec::new(),
        },
    };
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json || args.what == What::Schema {
        serde_json::to_writer_pretty(&mut out, &rows.json).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        rows.write(&mut out)?;
    }
    out.flush()?;
    Ok(())
}

/// A list, for a program and for a person.
struct Rows {
    json: Json,
    text: Vec<Vec<String>>,
}

impl Rows {
    /// Writes the columns below each other; the last one as long as it is.
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let width = |column: usize| {
            let cells = self.text.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for row in &self.text {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                line += &format!("{cell:width$}  ");
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn scenarios() -> Rows {
    let all = scenario::catalogue().iter();
    let json = all.clone().map(|scenario| {
        json!({"name": scenario.name, "title": scenario.title, "summary": scenario.summary})
    });
    let text = all.map(|scenario| vec![scenario.name.clone(), scenario.summary.clone()]);
    Rows {
        json: json.collect(),
        text: text.collect(),
    }
}

fn interfaces() -> Rows {
    let all = live::interfaces();
    let text = all.iter().map(|interface| {
        let state = if interface.up { "up" } else { "down" };
        vec![
            interface.name.clone(),
            state.into(),
            interface.addresses.join(" "),
        ]
    });
    Rows {
        json: json!(all),
        text: text.collect(),
    }
}

fn keys() -> Rows {
    let json = TABLE.iter().map(|binding| {
        let keys: Vec<String> = binding.keys.iter().map(|key| key.label()).collect();
        json!({"command": binding.name, "keys": keys, "what": binding.what})
    });
    let text = TABLE
        .iter()
        .map(|binding| vec![binding.keys_label(), binding.what.to_owned()]);
    Rows {
        json: json.collect(),
        text: text.collect(),
    }
}

fn protocols() -> Rows {
    let json = PROTOCOLS.iter().map(|protocol| {
        let field = |field: &&crate::proto::tree::FieldSpec| {
            json!({"id": field.id, "label": field.label, "stateful": field.stateful})
        };
        let fields: Vec<Json> = protocol.fields.iter().map(field).collect();
        let claims: Vec<String> = protocol.claims.iter().map(ToString::to_string).collect();
        json!({
            "id": protocol.id,
            "name": protocol.name,
            "layer": protocol.osi,
            "source": protocol.source,
            "claims": claims,
            "fields": fields,
        })
    });
    let text = PROTOCOLS.iter().map(|protocol| {
        let fields = format!("{} fields", protocol.fields.len());
        let osi = format!("layer {}", protocol.osi);
        [protocol.id, &osi, &fields, protocol.name, protocol.source]
            .map(str::to_owned)
            .to_vec()
    });
    Rows {
        json: json.collect(),
        text: text.collect(),
    }
}
