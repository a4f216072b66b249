"""PyPI's python-socketio against a server of tests/peers/served.toml. Says "done" when all went as it must.

    python client.py URL polling|websocket|upgrade
"""
import queue
import sys

import engineio.payload
import socketio

URL, WAY = sys.argv[1:]
# it takes no more than 16 packets of a poll unless it is told to, and no server is told of that
engineio.payload.Payload.max_decode_packets = 10_000
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}[WAY]
PATIENCE = 20


class Client:
    """A client, and what came to it, event by event."""

    def __init__(self, namespaces=("/",), reconnection=False):
        self.io = socketio.Client(reconnection=reconnection)
        self.came = {}
        for namespace in namespaces:
            for event in ("hello", "echo", "said", "answered", "unanswered", "left", "connect_error", "disconnect"):
                self.listen(event, namespace)
            self.io.on("question", lambda *args: self.answer(*args), namespace=namespace)
        self.answer = lambda *args: None

    def listen(self, event, namespace):
        self.io.on(event, lambda *args: self.queue(event, namespace).put(args), namespace=namespace)

    def queue(self, event, namespace="/"):
        return self.came.setdefault((event, namespace), queue.Queue())

    def next(self, event, namespace="/"):
        return self.queue(event, namespace).get(timeout=PATIENCE)

    def none(self, event, namespace="/"):
        assert self.queue(event, namespace).empty(), self.queue(event, namespace).queue

    def connect(self, namespaces=("/",)):
        self.io.connect(URL, transports=TRANSPORTS, auth={"name": "Ada"}, namespaces=list(namespaces), wait_timeout=PATIENCE)
        for namespace in namespaces:
            assert self.next("hello", namespace) == ({"name": "Ada"}, self.io.get_sid(namespace), namespace)
        assert self.io.transport() == ("polling" if WAY == "polling" else "websocket"), self.io.transport()
        return self

    def ask(self, event, data=None, namespace="/"):
        return self.io.call(event, data, namespace=namespace, timeout=PATIENCE)


VALUES = [
    ("hi",),
    (1, -2.5, True, None, "ä€😀 \x00 \x1e \" \\"),
    ({"a": [1, {"b": "c"}], "e": {}}, []),
    ("a" * 200_000,),
    (b"\x01\x02\x03",),
    (b"\x07" * 70_000, {"deep": [b"", "text", b"x"]}, 5),
]


def events(client, namespace="/"):
    for value in VALUES:
        client.io.emit("echo", value, namespace=namespace)
        assert client.next("echo", namespace) == value
        answer = client.ask("ask", value, namespace)
        assert answer == (value[0] if len(value) == 1 else value), answer
    for i in range(200):
        client.io.emit("echo", (i, "x"), namespace=namespace)
    # this client handles each event in a thread of its own, in whatever order
    assert sorted(client.next("echo", namespace)[0] for _ in range(200)) == list(range(200))


def questions(client):
    client.answer = lambda value: (value, b"\x01")
    client.io.emit("question me", {"a": 1})
    assert client.next("answered") == ({"a": 1}, b"\x01")


def rooms():
    a, b, c = [Client().connect() for _ in range(3)]
    everyone = [a, b, c]

    def check(sender, event, args, expected):
        sender.io.emit(event, args)
        sender.ask("ask", "barrier")
        for client, hears in zip(everyone, expected):
            if hears:
                assert client.next("said") == hears, event
            client.ask("ask", "barrier")
            client.none("said")

    for client in (a, b):
        assert client.ask("join", "red") == "red"
    check(c, "to room", ("red", "x"), [("x",), ("x",), None])
    check(a, "to others in room", ("red", "x"), [None, ("x",), None])
    check(b, "to all but room", ("red", "x"), [None, None, ("x",)])
    check(a, "to all", (1, b"\x01"), [(1, b"\x01")] * 3)
    check(a, "to others", (1, b"\x01"), [None, (1, b"\x01"), (1, b"\x01")])
    b.ask("leave", "red")
    check(c, "to room", ("red", "y"), [("y",), None, None])
    gone = b.io.get_sid()
    b.io.disconnect()
    while (left := a.next("left"))[0] != gone:
        pass
    # over WebSocket this client does not wait until its DISCONNECT is sent
    assert left[1] in ("client namespace disconnect", "transport close"), left
    c.io.disconnect()
    a.io.disconnect()


def namespaces():
    client = Client(("/", "/chat")).connect(("/", "/chat"))
    client.io.emit("to all", "only here", namespace="/chat")
    assert client.next("said", "/chat") == ("only here",)
    events(client, "/chat")
    client.ask("ask", "barrier")
    client.none("said")
    client.io.disconnect()
    for namespace, error in (
        ("/closed", {"message": "not for Ada", "data": {"code": 7}}),
        ("/nowhere", {"message": "Invalid namespace"}),
    ):
        client = Client((namespace,))
        try:
            client.connect((namespace,))
            raise AssertionError("it came in")
        except socketio.exceptions.ConnectionError:
            came = client.next("connect_error", namespace)[0]
            assert came == error, came


def disconnection():
    for event in ("send me away", "end my session"):
        client = Client().connect()
        client.io.emit(event)
        reason = client.next("disconnect")
        assert reason == ("server disconnect",), reason
        client.io.disconnect()


client = Client().connect()
events(client)
print("events", flush=True)
questions(client)
print("questions", flush=True)
client.io.disconnect()
rooms()
print("rooms", flush=True)
namespaces()
print("namespaces", flush=True)
disconnection()
print("done", flush=True)
