//! What servers of bare messages do.

use std::ops::Range;

use crate::scenario::format::List;
use crate::scenario::format::engineio as format;
use crate::scenario::format::engineio::{ClientMoment, MessageDeedKind};
use crate::scenario::format::socketio::Whom as To;
use crate::scenario::mistake::Mistake;
use crate::scenario::read::At;
use crate::scenario::values::Number;
use crate::sim::spec::{
    MessageDeed, MessageHandler, MessageTrigger, Piece, Slot, Source, Whom, Written,
};

use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn message_handlers(
        &mut self,
        handle: &At<List<format::MessageHandle>>,
    ) -> Option<Vec<MessageHandler>> {
        let handlers: Vec<_> = tables(handle)
            .map(|handle| self.message_handler(&handle.trigger))
            .collect();
        handlers.into_iter().collect()
    }

    fn message_handler(&mut self, trigger: &format::MessageTrigger) -> Option<MessageHandler> {
        use format::MessageTrigger as From;
        let (trigger, rest) = match trigger {
            From::Message(on) => (MessageTrigger::Message(on.message.value.clone()?), &on.rest),
            From::AnyMessage(on) => {
                if !on.any_message.value? {
                    let message = "a handler of no message is never run";
                    self.note(&on.any_message.span, message, "`true` belongs here");
                }
                (MessageTrigger::AnyMessage, &on.rest)
            }
            From::When(on) => {
                let trigger = match on.when.value? {
                    ClientMoment::Connection => MessageTrigger::Connection,
                    ClientMoment::Disconnect => MessageTrigger::Disconnect,
                };
                (trigger, &on.rest)
            }
            From::Every(on) => {
                let every = on.every.value?;
                if every.is_zero() {
                    self.note(&on.every.span, "this would never end", "no time");
                }
                let times: Number<1, 1_000_000> = on.times.value?;
                (MessageTrigger::Every(every, times.0), &on.rest)
            }
            From::Unclear => return None,
        };
        let condition = self.condition(&rest.given, &rest.equals, &rest.differs, &rest.span)?;
        if let Some(condition) = &condition {
            self.known_of_messages(&condition.slot, &rest.given.span);
        }
        let deeds: Vec<_> = tables(&rest.r#do)
            .map(|deed| self.message_deed(&deed.what, &trigger, &deed.span))
            .collect();
        Some(MessageHandler {
            trigger,
            condition,
            deeds: deeds.into_iter().collect::<Option<_>>()?,
        })
    }

    fn message_deed(
        &mut self,
        what: &MessageDeedKind,
        trigger: &MessageTrigger,
        span: &Range<usize>,
    ) -> Option<MessageDeed> {
        let deed = match what {
            MessageDeedKind::Send(send) => {
                let text = send.send.value.clone()?.0;
                self.known_in(&text, &send.send.span);
                MessageDeed::Send {
                    to: whom(send.to.value?),
                    message: Written::Text(text),
                }
            }
            MessageDeedKind::SendHex(send) => MessageDeed::Send {
                to: whom(send.to.value?),
                message: Written::Bytes(send.send_hex.value.clone()?.0),
            },
            MessageDeedKind::Disconnect(away) => {
                if !away.disconnect.value? {
                    let message = "what is not done has no place here";
                    self.note(&away.disconnect.span, message, "`true` belongs here");
                }
                MessageDeed::Disconnect
            }
            MessageDeedKind::Log(log) => {
                let line = log.log.value.clone()?.0;
                self.known_in(&line, &log.log.span);
                MessageDeed::Log(line)
            }
            MessageDeedKind::Unclear => return None,
        };
        let is_for_one = match &deed {
            MessageDeed::Send { to, .. } => *to == Whom::Socket,
            MessageDeed::Disconnect => true,
            MessageDeed::Log(_) => false,
        };
        let is_alone = matches!(
            trigger,
            MessageTrigger::Every(..) | MessageTrigger::Disconnect
        );
        if is_for_one && is_alone {
            let message = "no client is there at this moment";
            self.note(span, message, "nobody is meant");
        }
        Some(deed)
    }

    fn known_in(&mut self, pieces: &[Piece], span: &Range<usize>) {
        for piece in pieces {
            if let Piece::Value(slot) = piece {
                self.known_of_messages(slot, span);
            }
        }
    }

    /// Notes a value that only an event of Socket.IO has.
    fn known_of_messages(&mut self, slot: &Slot, span: &Range<usize>) {
        use Source::{Argument, Count, Id, Reason, Sockets};
        if matches!(slot.source, Argument(0) | Id | Reason | Count | Sockets) {
            return;
        }
        let message = "this value belongs to events of Socket.IO, and this is a bare message";
        let help = "there are `$1`, the message, `$id`, `$reason`, `$count` and `$sockets`";
        let mistake = Mistake::new(span.clone(), message, "not known here");
        self.reader.note(mistake.help(help.to_owned()));
    }
}

/// To whom something goes.
pub(super) fn whom(to: To) -> Whom {
    match to {
        To::Socket => Whom::Socket,
        To::Others => Whom::Others,
        To::Everyone => Whom::Everyone,
    }
}
