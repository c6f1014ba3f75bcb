"""Says what the web application firewall found, in the logs of the accounts whose web sites it was about.

    say-hits HITS ACCOUNTS LOGS [shortened]

HITS has a line of JSON for each request with a hit. Every half second they are read, each becomes a line of ACCOUNTS/<number>/LOGS/waf.log, and HITS
is emptied when it is large. Nothing waits for this: what does not fit into HITS meanwhile is not said.
"""

import ipaddress
import json
import os
import re
import sys
import time

hits, accounts, logs = sys.argv[1:4]
shortened = "shortened" in sys.argv[4:]
most, largest = 8, 4 << 20
task = re.compile(r"(basic|strong|complete);(block|watch);(\d{1,8});([a-z][a-z0-9-]{0,23});[0-9a-f]{32}")
# The rule that only says what follows from the others.
adding = "9110"


def plain(text, length):
    """A visitor's text in one line."""
    short = text if len(text) <= length else text[:length] + "…"
    return "".join(each if each.isprintable() else "\\x%02x" % ord(each) for each in short).replace('"', "'")


def visitor(address):
    if not shortened:
        return address
    try:
        bits = 24 if ipaddress.ip_address(address).version == 4 else 48
        return str(ipaddress.ip_network(f"{address}/{bits}", strict=False).network_address)
    except ValueError:
        return "-"


def words(line):
    """The account that a hit is of, and the hit in words."""
    # Visitors send any bytes: what is not text must not keep a hit from being said.
    said = json.loads(line.decode(errors="replace"), strict=False)["transaction"]
    found = task.fullmatch(said["unique_id"])
    rules = []
    for message in said.get("messages", []):
        details = message["details"]
        if details["ruleId"] == adding:
            continue
        where = details.get("data") or details.get("match", "")
        rules.append(f'{details["ruleId"]} {plain(message["message"], 100)} ("{plain(where, 160)}")')
    if found is None or not rules:
        return None
    level, mode, account, site = found.groups()
    refused = said["response"]["http_code"] == 470
    request = said["request"]
    more = f"; and {len(rules) - most} more" if len(rules) > most else ""
    verdict = "refused" if refused else "watched" if mode == "watch" else "passed"
    return account, (
        f'{time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())} {site} ({level}) {verdict}: {visitor(said["client_ip"])} '
        f'"{plain(request["method"], 20)} {plain(request["uri"], 300)}": {"; ".join(rules[:most])}{more}\n'
    )


def append(account, lines):
    try:
        file = os.open(os.path.join(accounts, account, logs, "waf.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
    except OSError:
        # The account has gone, or its logs are full.
        return
    try:
        os.write(file, "".join(lines).encode())
    except OSError:
        pass
    finally:
        os.close(file)


rest = b""
with open(hits, "ab+") as file:
    # What is there already was said before this was started anew.
    file.seek(0, os.SEEK_END)
    while True:
        read = file.read(1 << 20)
        # Between the look and this a line may be lost, which is no more than when there is no room.
        if file.tell() > largest:
            file.truncate(0)
            file.seek(0)
        if not read:
            time.sleep(0.5)
            continue
        *whole, rest = (rest + read).split(b"\n")
        # No hit is as long.
        rest = rest[-largest:]
        said = {}
        for line in whole:
            try:
                one = words(line)
            except (ValueError, KeyError, TypeError):
                continue
            if one is not None:
                said.setdefault(one[0], []).append(one[1])
        for account, lines in said.items():
            append(account, lines)
