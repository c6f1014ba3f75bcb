"""Asks a web site of this host, `ask-all.py NAME`, all requests of its input, a list in JSON, and says which of them have another status than 200."""

import concurrent.futures
import http.client
import json
import sys


def ask(request):
    one = http.client.HTTPConnection("::1", 80, timeout=60)
    headers = {name: value.encode() for name, value in request["headers"].items()} | {"Host": sys.argv[1]}
    one.request(request["method"], request["path"], (request.get("body") or "").encode() or None, headers)
    return one.getresponse().status, request["name"]


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(json.dumps([found for found in pool.map(ask, json.load(sys.stdin)) if found[0] != 200]))
