"""PyPI's python-socketio against a server of tests/peers/served.toml. Says "done" when all went as it must.

    python client.py URL polling|websocket|upgrade

It is the asynchronous client: the other one takes each message in a thread of its own, and an attachment may overtake
the packet that it belongs to.
"""
import asyncio
import sys

import engineio.payload
import socketio

URL, WAY = sys.argv[1:]
# it takes no more than 16 packets of a poll unless it is told to, and no server is told of that
engineio.payload.Payload.max_decode_packets = 10_000
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}[WAY]
PATIENCE = 20
EVENTS = ("hello", "echo", "said", "answered", "unanswered", "left", "connect_error", "disconnect")


class Client:
    """A client, and what came to it, event by event."""

    def __init__(self, namespaces=("/",)):
        self.io = socketio.AsyncClient(reconnection=False)
        self.came = {}
        self.answer = lambda *args: None
        for namespace in namespaces:
            for event in EVENTS:
                self.listen(event, namespace)
            self.io.on("question", lambda *args: self.answer(*args), namespace=namespace)

    def listen(self, event, namespace):
        self.io.on(event, lambda *args: self.queue(event, namespace).put_nowait(args), namespace=namespace)

    def queue(self, event, namespace="/"):
        return self.came.setdefault((event, namespace), asyncio.Queue())

    async def next(self, event, namespace="/"):
        return await asyncio.wait_for(self.queue(event, namespace).get(), PATIENCE)

    def none(self, event, namespace="/"):
        assert self.queue(event, namespace).empty(), f"{event} came"

    async def connect(self, namespaces=("/",)):
        auth = {"name": "Ada"}
        await self.io.connect(
            URL, transports=TRANSPORTS, auth=auth, namespaces=list(namespaces), wait_timeout=PATIENCE
        )
        for namespace in namespaces:
            hello = await self.next("hello", namespace)
            assert hello == (auth, self.io.get_sid(namespace), namespace), hello
        assert self.io.transport() == ("polling" if WAY == "polling" else "websocket"), self.io.transport()
        return self

    async def ask(self, event, data=None, namespace="/"):
        return await self.io.call(event, data, namespace=namespace, timeout=PATIENCE)


VALUES = [
    ("hi",),
    (1, -2.5, True, None, "ä€😀 \x00 \x1e \" \\"),
    ({"a": [1, {"b": "c"}], "e": {}}, []),
    ("a" * 200_000,),
    (b"\x01\x02\x03",),
    (b"\x07" * 70_000, {"deep": [b"", "text", b"x"]}, 5),
]


async def events(client, namespace="/"):
    for value in VALUES:
        await client.io.emit("echo", value, namespace=namespace)
        came = await client.next("echo", namespace)
        assert came == value, came
        answer = await client.ask("ask", value, namespace)
        assert answer == (value[0] if len(value) == 1 else value), answer
    for i in range(200):
        await client.io.emit("echo", (i, b"x" if i % 7 == 0 else "x"), namespace=namespace)
    came = [(await client.next("echo", namespace))[0] for _ in range(200)]
    assert came == list(range(200)), came


async def questions(client):
    client.answer = lambda value: (value, b"\x01")
    await client.io.emit("question me", {"a": 1})
    answered = await client.next("answered")
    assert answered == ({"a": 1}, b"\x01"), answered


async def rooms():
    everyone = [await Client().connect() for _ in range(3)]
    a, b, c = everyone

    async def check(sender, event, args, expected):
        await sender.io.emit(event, args)
        await sender.ask("ask", "barrier")
        for client, hears in zip(everyone, expected):
            if hears:
                assert await client.next("said") == hears, event
            await client.ask("ask", "barrier")
            client.none("said")

    for client in (a, b):
        assert await client.ask("join", "red") == "red"
    await check(c, "to room", ("red", "x"), [("x",), ("x",), None])
    await check(a, "to others in room", ("red", "x"), [None, ("x",), None])
    await check(b, "to all but room", ("red", "x"), [None, None, ("x",)])
    await check(a, "to all", (1, b"\x01"), [(1, b"\x01")] * 3)
    await check(a, "to others", (1, b"\x01"), [None, (1, b"\x01"), (1, b"\x01")])
    await b.ask("leave", "red")
    await check(c, "to room", ("red", "y"), [("y",), None, None])
    gone = b.io.get_sid()
    await b.io.disconnect()
    while (left := await a.next("left"))[0] != gone:
        pass
    # it does not always wait until its DISCONNECT is sent
    assert left[1] in ("client namespace disconnect", "transport close"), left
    await c.io.disconnect()
    await a.io.disconnect()


async def namespaces():
    client = await Client(("/", "/chat")).connect(("/", "/chat"))
    await client.io.emit("to all", "only here", namespace="/chat")
    assert await client.next("said", "/chat") == ("only here",)
    await events(client, "/chat")
    await client.ask("ask", "barrier")
    client.none("said")
    await client.io.disconnect()
    for namespace, error in (
        ("/closed", {"message": "not for Ada", "data": {"code": 7}}),
        ("/nowhere", {"message": "Invalid namespace"}),
    ):
        client = Client((namespace,))
        try:
            await client.connect((namespace,))
            raise AssertionError("it came in")
        except socketio.exceptions.ConnectionError:
            came = (await client.next("connect_error", namespace))[0]
            assert came == error, came


async def disconnection():
    for event in ("send me away", "end my session"):
        client = await Client().connect()
        await client.io.emit(event)
        reason = await client.next("disconnect")
        assert reason == ("server disconnect",), reason
        await client.io.disconnect()


async def main():
    client = await Client().connect()
    await events(client)
    print("events", flush=True)
    await questions(client)
    print("questions", flush=True)
    await client.io.disconnect()
    await rooms()
    print("rooms", flush=True)
    await namespaces()
    print("namespaces", flush=True)
    await disconnection()
    print("done", flush=True)


asyncio.run(main())
