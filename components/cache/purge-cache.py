"""Takes answers out of an account's HTTP cache: those of an address (with its query), of all addresses that begin so, or all.

    purge-cache [--socket PATH] ADDRESS... | --start ADDRESS... | --all

An address is as visitors see it: http or https, which makes no difference, name and path. The next visitor's answer comes from the program.
"""

import argparse
import http.client
import os
import re
import socket
import sys
from urllib.parse import urlsplit


class Cache(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def expression(address, start):
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"[^!-~]", address):
        raise ValueError(f"{address!r} is not an address such as https://www.example.org/page; write other characters as browsers send them (%C3%A4)")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # Words of ban(7) end at a space, which no address has.
    of_name = f"obj.http.fh-host == {parts.netloc.lower()} && obj.http.fh-url"
    return f"{of_name} ~ ^{re.escape(path)}" if start else f"{of_name} == {path}"


def main():
    parser = argparse.ArgumentParser(prog="purge-cache", description=__doc__.split("\n", 1)[0])
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "purge")
    parser.add_argument("--socket", default=own, help="the cache's socket; default: beside this command")
    parser.add_argument("--all", action="store_true", help="all answers")
    parser.add_argument("--start", action="store_true", help="all addresses that begin with ADDRESS")
    parser.add_argument("address", nargs="*")
    given = parser.parse_args()
    if given.all == bool(given.address):
        parser.error("give addresses, or --all")
    try:
        wanted = ["obj.http.fh-url ~ ."] if given.all else [expression(each, given.start) for each in given.address]
        for each in wanted:
            cache = Cache(given.socket, timeout=10)
            cache.request("BAN", "/", headers={"Fairhost-Ban": each})
            answer = cache.getresponse()
            if answer.status != 200:
                raise ValueError(f"the cache refuses {each}: {answer.read().decode().strip()}")
    except (OSError, ValueError) as error:
        sys.exit(f"purge-cache: {error}")


main()
