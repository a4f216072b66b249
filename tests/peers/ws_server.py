"""The server of Python's `websockets`, at a free port of the loopback interface: it sends back what it gets.
Its first line tells the port. It ends with its standard input."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(websocket):
    async for message in websocket:
        await websocket.send(message)


async def main():
    compression = "deflate" if sys.argv[1:] == ["deflate"] else None
    async with serve(echo, "127.0.0.1", 0, compression=compression) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
