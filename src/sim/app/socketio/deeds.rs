//! What handlers do, in the words of the program that would do it.

use super::{SocketIo, described, listed};
use crate::sim::app::fill::Known;
use crate::sim::app::script::SCENARIO;
use crate::sim::spec::{Deed, Piece, Template, Whom};
use crate::stack::cx::Cx;
use crate::stack::record::What;
use crate::stack::socketio::{Args, Audience, SocketId, Token};

impl SocketIo {
    /// Does what a handler says, for a socket or for none; whether the client is refused.
    pub(super) fn perform(
        &mut self,
        cx: &mut Cx,
        socket: Option<SocketId>,
        deeds: &[Deed],
        known: &Known,
        id: Option<u64>,
    ) -> bool {
        let cause = cx.cause;
        for deed in deeds {
            cx.cause = cause;
            match (deed, socket) {
                (Deed::Emit { .. }, _) => self.emit(cx, socket, deed, known),
                (Deed::Log(text), _) => {
                    let text = known.text(text);
                    let conn = socket.and_then(|socket| self.server.connection_of(socket));
                    cx.step(7, conn, SCENARIO, What::Log(text.clone().into()));
                    self.diary.line(|| text);
                }
                (Deed::Refuse(message, data), Some(socket)) => {
                    self.refuse(cx, socket, message, data.as_ref(), known);
                    return true;
                }
                (Deed::Answer(args), Some(socket)) => {
                    // who asked for no answer gets none
                    if let Some(id) = id {
                        let args = known.args(args);
                        let shown = || listed(None, &args);
                        self.call(cx, socket, || format!("answer({})", shown()));
                        self.diary
                            .event(|| format!("{} < answer({})", known.id, shown()));
                        self.server.ack(cx, socket, id, args);
                    }
                }
                (Deed::Join(room), Some(socket)) => {
                    let room = known.text(room);
                    self.call(cx, socket, || format!("socket.join({room:?})"));
                    self.server.join(socket, &room);
                    if let Some(person) = self.sockets.get_mut(&socket) {
                        person.room = Some(room);
                    }
                }
                (Deed::Leave(room), Some(socket)) => {
                    let room = known.text(room);
                    self.call(cx, socket, || format!("socket.leave({room:?})"));
                    self.server.leave(socket, &room);
                    self.forget_room(socket, &room);
                }
                (Deed::Disconnect { session }, Some(socket)) => {
                    let whole = if *session { "true" } else { "" };
                    self.call(cx, socket, || format!("socket.disconnect({whole})"));
                    self.server.disconnect(cx, socket, *session);
                }
                // nobody in particular is meant
                (_, None) => {}
            }
        }
        cx.cause = cause;
        false
    }

    fn emit(&mut self, cx: &mut Cx, socket: Option<SocketId>, deed: &Deed, known: &Known) {
        let Deed::Emit {
            to,
            rooms,
            except,
            event,
            args,
            answer_within,
        } = deed
        else {
            return;
        };
        let event = known.text(event);
        let args = known.args(args);
        if let (Whom::Socket, [], Some(socket)) = (to, rooms.as_slice(), socket) {
            self.call(cx, socket, || {
                format!("socket.emit({})", described(&event, &args))
            });
            self.diary
                .event(|| format!("{} < {}", known.id, described(&event, &args)));
            let answer = answer_within.map(|span| (self.token(&event), Some(span)));
            return self.server.emit(cx, socket, &event, args, answer);
        }
        let texts = |all: &[Vec<Piece>]| all.iter().map(|one| known.text(one)).collect();
        let audience = Audience {
            rooms: texts(rooms),
            except: texts(except),
            without: socket.filter(|_| *to == Whom::Others),
        };
        let call = || broadcast_call(&known.nsp, &audience, &event, &args);
        match socket {
            Some(socket) => self.call(cx, socket, call),
            None if cx.log.is_on() => {
                cx.step(7, None, SCENARIO, What::AppCall(call().into()));
            }
            None => {}
        }
        self.diary.event(|| {
            format!(
                "{} < {}",
                known.nsp,
                broadcast_call(&known.nsp, &audience, &event, &args)
            )
        });
        self.server
            .broadcast(cx, &known.nsp, &audience, &event, args);
    }

    fn refuse(
        &mut self,
        cx: &mut Cx,
        socket: SocketId,
        message: &[Piece],
        data: Option<&Template>,
        known: &Known,
    ) {
        let message = known.text(message);
        let data = data.map(|data| known.json(data, &mut Vec::new()));
        self.call(cx, socket, || format!("next(new Error({message:?}))"));
        self.diary
            .line(|| format!("refused at {}: {message}", known.nsp));
        self.server.refuse(cx, socket, &message, data.as_deref());
    }

    /// The event that is sent now waits for its answer under this token.
    fn token(&mut self, event: &str) -> Token {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.asked.insert(token, event.to_owned());
        token
    }

    fn forget_room(&mut self, socket: SocketId, room: &str) {
        if let Some(person) = self.sockets.get_mut(&socket)
            && person.room.as_deref() == Some(room)
        {
            person.room = None;
        }
    }

    /// Records what the program calls.
    fn call(&self, cx: &mut Cx, socket: SocketId, text: impl Fn() -> String) {
        if cx.log.is_on() {
            let conn = self.server.connection_of(socket);
            cx.step(7, conn, SCENARIO, What::AppCall(text().into()));
        }
    }
}

/// A broadcast as a program writes it.
fn broadcast_call(nsp: &str, audience: &Audience, event: &str, args: &Args) -> String {
    let mut call = match (audience.without, audience.rooms.is_empty()) {
        (Some(_), true) => "socket.broadcast".to_owned(),
        (Some(_), false) => "socket".to_owned(),
        (None, _) if nsp == "/" => "io".to_owned(),
        (None, _) => format!("io.of({nsp:?})"),
    };
    for room in &audience.rooms {
        call += &format!(".to({room:?})");
    }
    for room in &audience.except {
        call += &format!(".except({room:?})");
    }
    format!("{call}.emit({})", described(event, args))
}
