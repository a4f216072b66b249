"""PyPI's websockets as a peer; the arguments are those of message_talk.js."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

SIZES = [0, 1, 124, 125, 126, 127, 1023, 1024, 65534, 65535, 65536, 65537, 300000]
CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]


def compression(factory, mode):
    small = {
        "server_no_context_takeover": True,
        "client_no_context_takeover": True,
        "server_max_window_bits": 9,
        "client_max_window_bits": 9,
    }
    if mode == "plain":
        return {"compression": None}
    return {"compression": None, "extensions": [factory(**(small if mode == "small" else {}))]}


def opened(port, mode):
    extra = compression(ClientPerMessageDeflateFactory, mode)
    return connect(f"ws://127.0.0.1:{port}/", max_size=None, **extra)


async def talk(port, mode):
    async with opened(port, mode) as ws:
        agreed = ws.response.headers.get("Sec-WebSocket-Extensions", "")
        assert agreed.startswith("permessage-deflate") == (mode != "plain"), agreed
        for size in SIZES:
            text = ("layerwalk ✓ " * size)[:size]
            data = bytes((i * i >> 3) & 0xFF for i in range(size))
            for message in (text, data):
                await ws.send(message)
                assert await ws.recv() == message, size
                half = size // 2
                await ws.send([message[:half], message[half:]])
                assert await ws.recv() == message, size
        await asyncio.wait_for(await ws.ping(b"now"), 10)
    for code in CODES:
        async with opened(port, mode) as ws:
            await ws.close(code, "why ✓")
            assert ws.close_code == code, (code, ws.close_code)
    print("done")


async def echo(ws):
    try:
        async for message in ws:
            if isinstance(message, str) and message.startswith("close "):
                await ws.close(int(message[6:]), "as you wish")
            else:
                await ws.send(message)
    except ConnectionClosed:
        pass


async def host(mode):
    extra = compression(ServerPerMessageDeflateFactory, mode)
    async with serve(echo, "127.0.0.1", 0, max_size=None, **extra) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


role, *rest = sys.argv[1:]
asyncio.run(asyncio.wait_for((host if role == "server" else talk)(*rest), 120))
