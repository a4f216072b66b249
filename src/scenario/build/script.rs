//! What programs do, one thing after the other.

use crate::scenario::format::{self, ActionKind, AwaitWhat, EndHow, List};
use crate::scenario::mistake::{Mistake, plural};
use crate::scenario::read::At;
use crate::scenario::values::Number;
use crate::sim::spec::{Action, Content, Reading};

use super::Builder;

/// The most bytes that one action sends.
const MOST_BYTES: usize = 100_000_000;

/// What carries a script: not every action fits every one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    WebSocket,
    Tcp,
    Udp,
}

impl Carrier {
    fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "a WebSocket",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

impl Builder<'_, '_> {
    pub(super) fn script(
        &mut self,
        script: &At<List<format::Action>>,
        carrier: Carrier,
    ) -> Option<Vec<Action>> {
        let actions = script.get()?;
        let built: Vec<Option<Vec<Action>>> = actions
            .iter()
            .map(|at| {
                let table = at.get()?;
                let action = self.action(table, carrier)?;
                self.repeated(action, &table.what)
            })
            .collect();
        let built: Option<Vec<Vec<Action>>> = built.into_iter().collect();
        Some(built?.concat())
    }

    /// The action as often as it is to be done, with the pauses between.
    fn repeated(&mut self, action: Action, what: &ActionKind) -> Option<Vec<Action>> {
        let ActionKind::SendSize(a) = what else {
            return Some(vec![action]);
        };
        let (times, every): (usize, _) = (a.times.value?.narrow(), a.every.value?);
        let size: usize = a.send_size.value?.narrow();
        if size * times > MOST_BYTES {
            let message = format!("{times} times {size} bytes are more than a program may send");
            let label = format!("at most {MOST_BYTES} bytes in all");
            self.note(&a.times.span, message, &label);
            return None;
        }
        let pause = (!every.is_zero()).then_some(Action::Wait(every));
        let again: Vec<Action> = pause.into_iter().chain([action.clone()]).collect();
        let again = vec![again; times.saturating_sub(1)].concat();
        Some([action].into_iter().chain(again).collect())
    }

    fn action(&mut self, table: &format::Action, carrier: Carrier) -> Option<Action> {
        use Carrier::{Tcp, Udp, WebSocket};
        let any = &[WebSocket, Tcp, Udp][..];
        let (action, fits) = match &table.what {
            ActionKind::Send(a) => self.send(a)?,
            ActionKind::SendHex(a) => (
                Action::Send(Content::Binary(a.send_hex.value.clone()?.0.into())),
                any,
            ),
            ActionKind::SendSize(a) => (Action::Send(letters(a.send_size.value?.narrow())), any),
            ActionKind::ReadSize(a) => {
                let most = a.read_size.value?.narrow();
                let every = a.every.value?;
                if every.is_zero() {
                    let message = "to read slowly takes a pause between the reads";
                    self.note(&a.every.span, message, "no time");
                }
                (
                    Action::Read(Reading::Slowly { most, every }),
                    &[WebSocket, Tcp][..],
                )
            }
            ActionKind::Read(a) => {
                let reading = if a.reading.value? {
                    Reading::AtOnce
                } else {
                    Reading::Not
                };
                (Action::Read(reading), &[WebSocket, Tcp][..])
            }
            ActionKind::NoDelay(a) => (Action::NoDelay(a.no_delay.value?), &[WebSocket, Tcp][..]),
            ActionKind::Ping(a) => {
                self.at_most(&a.ping, 125);
                (
                    Action::Ping(a.ping.value.clone()?.into_bytes()),
                    &[WebSocket][..],
                )
            }
            ActionKind::Await(a) => match a.r#await.value? {
                AwaitWhat::Message => (Action::Await, any),
                AwaitWhat::Pong => (Action::AwaitPong, &[WebSocket][..]),
                AwaitWhat::Close => (Action::AwaitClose, &[WebSocket, Tcp][..]),
            },
            ActionKind::AwaitText(a) => (
                Action::AwaitContent(Content::Text(a.await_text.value.clone()?.into())),
                any,
            ),
            ActionKind::AwaitBytes(a) => (
                Action::AwaitBytes(a.await_bytes.value?.narrow()),
                &[Tcp][..],
            ),
            ActionKind::Wait(a) => (Action::Wait(a.wait.value?), any),
            ActionKind::Close(a) => {
                self.at_most(&a.reason, 123);
                let code = Some(self.close_code(&a.close)?);
                let reason = a.reason.value.clone()?;
                (Action::Close { code, reason }, &[WebSocket][..])
            }
            ActionKind::End(a) => match a.end.value? {
                EndHow::Close => {
                    let (code, reason) = (None, String::new());
                    (Action::Close { code, reason }, &[WebSocket, Tcp][..])
                }
                EndHow::Shutdown => (Action::Shutdown, &[Tcp][..]),
                EndHow::Abort => (Action::Abort, &[WebSocket, Tcp][..]),
            },
            ActionKind::Unclear => return None,
        };
        if !fits.contains(&carrier) {
            let names: Vec<&str> = fits.iter().map(|carrier| carrier.name()).collect();
            let message = format!("this cannot be done over {}", carrier.name());
            let mistake = Mistake::new(table.span.clone(), message, "does not fit this `kind`");
            self.reader
                .note(mistake.help(format!("it fits {}", names.join(" and "))));
            return None;
        }
        Some(action)
    }

    /// A message, whole or in fragments, and what it fits.
    fn send(&mut self, a: &format::Send) -> Option<(Action, &'static [Carrier])> {
        let content = Content::Text(a.send.value.clone()?.into());
        let between = a.ping_between.value.clone()?;
        // the ping's number comes behind it
        self.at_most_if(&a.ping_between, 115);
        match a.fragment.value? {
            None if between.is_some() => {
                let message = "there is nothing between the frames of a message in one";
                self.note(&a.ping_between.span, message, "needs `fragment`");
                None
            }
            None => Some((
                Action::Send(content),
                &[Carrier::WebSocket, Carrier::Tcp, Carrier::Udp],
            )),
            Some(size) => {
                let fragments = Action::SendFragments {
                    content,
                    size: size.narrow(),
                    ping: between.map(String::into_bytes),
                };
                Some((fragments, &[Carrier::WebSocket]))
            }
        }
    }

    /// RFC 6455 §7.4.1: some codes only stand for what happened and are never sent.
    fn close_code(&mut self, at: &At<Number<1000, 4999>>) -> Option<u16> {
        let code = at.value?.narrow();
        if matches!(code, 1004 | 1005 | 1006 | 1015) {
            let message = format!("the status code {code} is never sent");
            self.note(&at.span, message, "reserved by RFC 6455, 7.4.1");
        }
        Some(code)
    }

    fn at_most_if(&mut self, text: &At<Option<String>>, most: usize) {
        if let Some(given) = text.given() {
            let (span, value) = (text.span.clone(), Some(given.clone()));
            self.at_most(&At { span, value }, most);
        }
    }

    fn at_most(&mut self, text: &At<String>, most: usize) {
        let len = text.get().map_or(0, String::len);
        if len > most {
            let message = format!("a control frame has no room for {len} byte{}", plural(len));
            self.note(&text.span, message, &format!("at most {most} bytes"));
        }
    }
}

/// So many letters, `a` to `z` over and over.
fn letters(count: usize) -> Content {
    let letters: String = ('a'..='z').cycle().take(count).collect();
    Content::Text(letters.into())
}
