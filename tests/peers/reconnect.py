"""A client of PyPI's python-socketio whose server goes and comes back. Says "connected" each time it is.

    python reconnect.py URL polling|websocket|upgrade
"""
import sys

import socketio

URL, WAY = sys.argv[1:3]
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}[WAY]

client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2)


@client.on("disconnect")
def disconnect(reason):
    print(f"disconnected: {reason}", flush=True)


@client.on("hello")
def hello(*_):
    def answered(data):
        print(f"connected, answered {len(data)}", flush=True)

    client.emit("ask", "x", callback=answered)


client.connect(URL, transports=TRANSPORTS, auth={"name": "Ada"})
client.wait()
