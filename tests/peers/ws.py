"""Python's websockets against a WebSocket echo with the subprotocol "chat". Says "done" when all went as it must.

    python ws.py URL [deflate]
"""
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

URL, *DEFLATE = sys.argv[1:]
compression = "deflate" if DEFLATE else None

with connect(URL, subprotocols=["chat"], compression=compression, max_size=None, proxy=None) as socket:
    assert socket.subprotocol == "chat"
    assert bool(socket.protocol.extensions) == bool(DEFLATE)
    for message in ("hi", "", "ä€😀", "x" * 300_000, b"", b"\x01" * 70_000):
        socket.send(message)
        assert socket.recv(timeout=20) == message
    socket.send(["in ", "frag", "ments"])
    assert socket.recv(timeout=20) == "in fragments"
    assert socket.ping().wait(20)
    socket.send("ä".encode()[:1], text=True)
    try:
        socket.recv(timeout=20)
        raise AssertionError("it took half of a letter")
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 1007, closed
print("done")
