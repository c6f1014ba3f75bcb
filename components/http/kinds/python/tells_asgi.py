"""As tells.cjs of the kind node, for ASGI."""

import hashlib
import json

WAYS = {
    "none": (204, [], b""),
    "fails": (500, [], b"own page"),
    "cookies": (200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")], b"cookies"),
}


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event.get("body", b""), event.get("more_body")
    uri = scope["raw_path"].decode() + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
    sent = {name.decode(): value.decode("latin1") for name, value in scope["headers"]}
    way = uri.split("?")[0].split("/")[1]
    if way == "same":
        status, headers, answer = (304 if "if-none-match" in sent else 200), [(b"etag", b'"x"')], b""
    elif way == "take":
        status, headers, answer = 200, [], f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
    elif way in WAYS:
        status, headers, answer = WAYS[way]
    else:
        told = {"method": scope["method"], "uri": uri, "body": body.decode(), "scheme": scope["scheme"], "headers": sent}
        status, headers, answer = 200, [], json.dumps(told).encode()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
