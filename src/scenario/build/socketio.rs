//! Socket.IO servers.

use crate::scenario::format::socketio as format;
use crate::scenario::format::socketio::{DeedKind, FromWhat, Moment};
use crate::scenario::read::At;
use crate::scenario::values::{Filled, Known, Line, Number};
use crate::sim::spec::{Condition, Deed, Handler, Piece, SocketIoServer, Template, Trigger, Whom};

use super::message::whom;
use super::{Builder, tables};

impl Builder<'_, '_> {
    pub(super) fn socketio_server(
        &mut self,
        app: &format::SocketIoServer,
    ) -> Option<SocketIoServer> {
        for namespace in app.namespaces.value.iter().flatten() {
            self.namespace(namespace);
        }
        let engine = self.engine(&app.path, &app.engine);
        let handlers: Vec<Option<Handler>> = tables(&app.handle)
            .map(|handle| self.handler(&handle.trigger))
            .collect();
        Some(SocketIoServer {
            port: app.port.value?.narrow(),
            engine: engine?,
            namespaces: tables(&app.namespaces).cloned().collect(),
            connect_timeout: app.connect_timeout.value?,
            recovery: app.recovery.value?,
            handlers: handlers.into_iter().collect::<Option<_>>()?,
        })
    }

    fn handler(&mut self, trigger: &format::Trigger) -> Option<Handler> {
        use format::Trigger as From;
        let (trigger, rest) = match trigger {
            From::Event(on) => (Trigger::Event(on.event.value.clone()?), &on.rest),
            From::AnyEvent(on) => {
                if !on.any_event.value? {
                    let message = "a handler of no event is never run";
                    self.note(&on.any_event.span, message, "`true` belongs here");
                }
                (Trigger::AnyEvent, &on.rest)
            }
            From::When(on) => {
                let trigger = match on.when.value? {
                    Moment::Connecting => Trigger::Connecting,
                    Moment::Connection => Trigger::Connection,
                    Moment::Disconnect => Trigger::Disconnect,
                };
                (trigger, &on.rest)
            }
            From::AnswerTo(on) => (Trigger::Answer(on.answer_to.value.clone()?), &on.rest),
            From::NoAnswerTo(on) => (Trigger::Timeout(on.no_answer_to.value.clone()?), &on.rest),
            From::Every(on) => {
                let every = on.every.value?;
                if every.is_zero() {
                    self.note(&on.every.span, "this would never end", "no time");
                }
                let times: Number<1, 1_000_000> = on.times.value?;
                (Trigger::Every(every, times.0), &on.rest)
            }
            From::Unclear => return None,
        };
        let condition = self.condition(&rest.given, &rest.equals, &rest.differs, &rest.span)?;
        let deeds: Vec<Option<Deed>> = tables(&rest.r#do)
            .map(|deed| self.deed(&deed.what, &trigger, &deed.span))
            .collect();
        self.nothing_after_refusal(rest);
        Some(Handler {
            trigger,
            nsp: rest.namespace.value.clone()?,
            condition,
            deeds: deeds.into_iter().collect::<Option<_>>()?,
        })
    }

    /// A client that was refused is not there any more for what would follow.
    fn nothing_after_refusal(&mut self, rest: &format::HandleRest) {
        let mut deeds = tables(&rest.r#do);
        let refusal = deeds.find(|deed| matches!(deed.what, DeedKind::Refuse(_)));
        if let (Some(_), Some(next)) = (refusal, deeds.next()) {
            let message = "a handler that refuses a client is done with it: this is never done";
            self.note(&next.span, message, "stands behind `refuse`");
        }
    }

    pub(super) fn condition(
        &mut self,
        given: &At<Option<Known>>,
        equals: &At<Option<Filled>>,
        differs: &At<Option<Filled>>,
        span: &std::ops::Range<usize>,
    ) -> Option<Option<Condition>> {
        let slot = given.value.clone()?;
        let (at, value, equal) = match (&slot, equals.value.clone()?, differs.value.clone()?) {
            (None, None, None) => return Some(None),
            (Some(_), Some(value), None) => (equals, value, true),
            (Some(_), None, Some(value)) => (differs, value, false),
            _ => {
                let message = "a condition is `given` and one of `equals` and `differs`";
                self.note(span, message, "not a condition");
                return None;
            }
        };
        let Template::Json(json) = value.0 else {
            let message = "what a value is compared with has no `$` in it";
            self.note(&at.span, message, "a fixed value belongs here");
            return None;
        };
        let slot = slot?.0;
        // it was written by us
        let value = serde_json::from_str(&json).ok()?;
        Some(Some(Condition { slot, value, equal }))
    }

    fn deed(
        &mut self,
        what: &DeedKind,
        trigger: &Trigger,
        span: &std::ops::Range<usize>,
    ) -> Option<Deed> {
        let line = |line: &At<Line>| Some(line.value.clone()?.0);
        let has_socket = !matches!(trigger, Trigger::Every(..) | Trigger::Disconnect);
        let needs = |deed: Option<Deed>, builder: &mut Self| {
            if !has_socket {
                builder.note(span, "no socket is there at this moment", "nobody is meant");
            }
            deed
        };
        match what {
            DeedKind::Emit(emit) => {
                let to = whom(emit.to.value?);
                let (rooms, except) = (lines(&emit.rooms)?, lines(&emit.except)?);
                // rooms name the audience, and the socket alone is none
                let to = match to {
                    Whom::Socket if !rooms.is_empty() => Whom::Everyone,
                    to => to,
                };
                let answer_within = emit.answer_within.value?;
                let deed = Some(Deed::Emit {
                    to,
                    rooms,
                    except,
                    event: line(&emit.emit)?,
                    args: templates(&emit.args)?,
                    answer_within,
                });
                if answer_within.is_some() && to != Whom::Socket {
                    let message = "an answer is asked of one socket alone";
                    self.note(
                        &emit.answer_within.span,
                        message,
                        "does not go together with `to`",
                    );
                }
                if to == Whom::Socket {
                    needs(deed, self)
                } else {
                    deed
                }
            }
            DeedKind::Answer(answer) => {
                if !matches!(trigger, Trigger::Event(_) | Trigger::AnyEvent) {
                    self.note(
                        span,
                        "only events are answered",
                        "there is nothing to answer",
                    );
                }
                Some(Deed::Answer(templates(&answer.answer)?))
            }
            DeedKind::Join(join) => needs(Some(Deed::Join(line(&join.join)?)), self),
            DeedKind::Leave(leave) => needs(Some(Deed::Leave(line(&leave.leave)?)), self),
            DeedKind::Disconnect(disconnect) => {
                let session = disconnect.disconnect.value? == FromWhat::Session;
                needs(Some(Deed::Disconnect { session }), self)
            }
            DeedKind::Refuse(refuse) => {
                if *trigger != Trigger::Connecting {
                    let message = "a client is refused when it asks to come in";
                    self.note(span, message, "belongs to `when = \"connecting\"`");
                }
                let data = refuse.data.value.clone()?.map(|data| data.0);
                Some(Deed::Refuse(line(&refuse.refuse)?, data))
            }
            DeedKind::Log(log) => Some(Deed::Log(line(&log.log)?)),
            DeedKind::Unclear => None,
        }
    }
}

fn lines(list: &At<super::format::List<Line>>) -> Option<Vec<Vec<Piece>>> {
    let all = list.get()?.iter();
    all.map(|line| Some(line.value.clone()?.0)).collect()
}

pub(super) fn templates(list: &At<super::format::List<Filled>>) -> Option<Vec<Template>> {
    let all = list.get()?.iter();
    all.map(|one| Some(one.value.clone()?.0)).collect()
}
