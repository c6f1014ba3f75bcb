"""As tells.cjs of the kind node, for WSGI."""

import hashlib
import json

WAYS = {
    "none": ("204 No Content", [], b""),
    "fails": ("500 Internal Server Error", [], b"own page"),
    "cookies": ("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"cookies"),
}


def app(environ, start_response):
    uri = environ["RAW_URI"]
    way = uri.split("?")[0].split("/")[1]
    if way == "same":
        known = "HTTP_IF_NONE_MATCH" in environ
        start_response("304 Not Modified" if known else "200 OK", [("ETag", '"x"')])
        return []
    if way in WAYS:
        status, headers, body = WAYS[way]
        start_response(status, headers)
        return [body]
    if way == "take":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return [f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()]
    headers = {name[5:].lower().replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    told = {"method": environ["REQUEST_METHOD"], "uri": uri, "body": environ["wsgi.input"].read().decode()}
    start_response("200 OK", [])
    return [json.dumps({**told, "scheme": environ["wsgi.url_scheme"], "headers": headers}).encode()]
