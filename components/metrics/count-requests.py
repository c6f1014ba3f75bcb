"""Counts the requests of web sites: a datagram of the front end for each, on descriptor 3.

    count-requests STATE ACCOUNTS WOKEN

STATE/web-sites.prom has the counts for Prometheus, STATE/web-sites.json the same to go on from. After each day (UTC) every account finds a line
a web site in ACCOUNTS/<number>/admin/logs/web-sites.log, and a row in web-sites.html. Behind the front end and not in its way: what cannot be read in time is not counted.
Of starts of a web site's program, WOKEN/<unit> has a byte each.
"""

import html
import json
import os
import re
import signal
import socket
import sys
import time

state, accounts, woken = sys.argv[1:]
kept = os.path.join(state, "web-sites.json")
# Seconds between two writings; days after which a web site without requests is forgotten.
pause, forgotten = 15, 35
limits = [0.05, 0.25, 1, 5]
line = re.compile(rb"seen: (\d+) ([a-z0-9-]+) ([1-5])\d\d (\d+) (\d+) ([\d.]+) (\S+) (.+)$")

# Of a page: rows, of which the oldest go, and bytes that so many have at most.
most_rows, most_bytes = 400, 400 * 1024
newline = "\n"
titles = ["Day", "Web site", "Requests", "Status 400 to 499", "500 or more", "By the front end", "By the cache", "Refused by the firewall", "Starts", "Sent", "Received", "On average", "At most"]
known_row = re.compile(rf"<tr><td>\d{{4}}-\d\d-\d\d</td><td>[a-z0-9-]+</td>(?:<td>[\d.]+(?: MB| s)?</td>){{{len(titles) - 2}}}</tr>")


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def empty():
    return {"statuses": [0] * 5, "own": 0, "hits": 0, "refused": 0, "woken": 0, "sent": 0, "received": 0, "seconds": 0.0, "within": [0] * len(limits), "slowest": 0.0}


def count(counts, status, own, hit, refused, sent, received, seconds):
    counts["statuses"][status - 1] += 1
    counts["own"] += own
    # Counts of an older release have none.
    counts["hits"] = counts.get("hits", 0) + hit
    counts["refused"] = counts.get("refused", 0) + refused
    counts["sent"] += sent
    counts["received"] += received
    counts["seconds"] += seconds
    counts["slowest"] = max(counts["slowest"], seconds)
    for at, limit in enumerate(limits):
        counts["within"][at] += seconds <= limit


def site_of(data, account, server):
    site = data["sites"].setdefault(f"{account} {server}", {"total": empty(), "day": empty()})
    site["last"] = time.time()
    return site


def count_starts(data):
    """Only once they are taken away: what cannot be would be counted again and again."""
    for unit in os.listdir(woken):
        path = os.path.join(woken, unit)
        found = re.fullmatch(r"account-(\d+)-http-([a-z0-9-]+)", unit)
        starts = os.stat(path).st_size
        os.unlink(path)
        if found:
            site = site_of(data, *found.groups())
            for counts in (site["total"], site["day"]):
                counts["woken"] = counts.get("woken", 0) + starts


def replace(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def prometheus(sites):
    series = {}

    def add(name, kind, words, labels, value):
        series.setdefault(name, [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]).append(labels and f"{labels} {value}")

    prefix = "fairhost_web_site_"
    for key, site in sorted(sites.items()):
        account, server = key.split(" ")
        of = f'account="{account}",web_site="{server}"'
        total = site["total"]
        requests = sum(total["statuses"])
        for at, number in enumerate(total["statuses"]):
            name = f"{prefix}requests_total"
            add(name, "counter", "Requests, by the class of the status.", f'{name}{{{of},status="{at + 1}xx"}}', number)
        for name, words, value in [
            ("front_end_answers_total", "Answers of the front end in the program's place.", total["own"]),
            ("cache_hits_total", "Answers of the HTTP cache, for which the program was not asked.", total.get("hits", 0)),
            ("waf_refusals_total", "Requests that the web application firewall refused.", total.get("refused", 0)),
            ("starts_total", "Starts of the program: it slept, had failed or was started anew.", total.get("woken", 0)),
            ("sent_bytes_total", "Bytes of answers' bodies.", total["sent"]),
            ("received_bytes_total", "Bytes of requests, with their headers.", total["received"]),
        ]:
            add(prefix + name, "counter", words, f"{prefix}{name}{{{of}}}", value)
        name = f"{prefix}request_seconds"
        words = "Seconds from the first byte of a request to the last of its answer."
        for limit, number in [*zip(limits, total["within"]), ("+Inf", requests)]:
            add(name, "histogram", words, f'{name}_bucket{{{of},le="{limit}"}}', number)
        add(name, "histogram", words, f"{name}_sum{{{of}}}", round(total["seconds"], 3))
        add(name, "histogram", words, f"{name}_count{{{of}}}", requests)
    return "".join(f"{each}\n" for lines in series.values() for each in lines)


def opened(path, flags):
    """A file of an account's logs: root's own directories, in which no account can write or place a symlink."""
    return os.open(path, flags | os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)


def words_of(day, server, counts):
    requests = sum(counts["statuses"])
    return (
        f"{day} {server}: {requests} requests, {counts['statuses'][3]} with a status of 400 to 499, {counts['statuses'][4]} of 500 or more, "
        f"{counts['own']} answered by the front end, {counts.get('hits', 0)} by its cache, {counts.get('refused', 0)} refused by its firewall, {counts.get('woken', 0)} starts, {counts['sent']} bytes sent, {counts['received']} received, "
        f"{counts['seconds'] / requests:.3f} s on average, {counts['slowest']:.3f} s at most\n"
    )


def row_of(day, server, counts):
    """The same as a row of the page: of nothing else is it made, and none of it comes from a visitor."""
    requests = sum(counts["statuses"])
    cells = [day, server, requests, counts["statuses"][3], counts["statuses"][4], counts["own"], counts.get("hits", 0), counts.get("refused", 0), counts.get("woken", 0)]
    cells += [f"{counts[name] / 1e6:.2f} MB" for name in ("sent", "received")]
    cells += [f"{seconds:.3f} s" for seconds in (counts["seconds"] / requests, counts["slowest"])]
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"


def page(account, rows):
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Web sites of account {html.escape(account)}</title>
<style>
body {{ font-family: sans-serif; margin: 2em }}
table {{ border-collapse: collapse }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3em .6em; text-align: right }}
th:nth-child(-n+2), td:nth-child(-n+2) {{ text-align: left }}
</style>
<h1>Web sites of account {html.escape(account)}</h1>
<p>A row for each web site and day (UTC) with requests, the newest first, {most_rows} at most.</p>
<table>
<thead><tr>{"".join(f"<th>{title}</th>" for title in titles)}</tr></thead>
<tbody>
{newline.join(rows)}
</tbody>
</table>
"""


def write_page(path, account, day, rows):
    """The rows of this day before those of the page as it is: it remembers the days itself, and what is no row of its own is left out."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as file:
            old = [each for each in known_row.findall(file.read(most_bytes)) if not each.startswith(f"<tr><td>{day}</td>")]
    except FileNotFoundError:
        old = []
    new = path + ".new"
    file = open(opened(new, os.O_TRUNC), "w")
    try:
        with file:
            file.write(page(account, (rows + old)[:most_rows]))
        os.replace(new, path)
    except OSError:
        os.unlink(new)
        raise


def report(day, sites):
    """For the owners: lines, and a page with the same."""
    of_accounts = {}
    for key, site in sorted(sites.items()):
        account, server = key.split(" ")
        if sum(site["day"]["statuses"]):
            of_accounts.setdefault(account, []).append((server, site["day"]))
    for account, days in of_accounts.items():
        logs = os.path.join(accounts, account, "admin/logs")
        if not os.path.isdir(logs):
            continue
        try:
            with open(opened(os.path.join(logs, "web-sites.log"), os.O_APPEND), "w") as file:
                file.writelines(words_of(day, server, counts) for server, counts in days)
            write_page(os.path.join(logs, "web-sites.html"), account, day, [row_of(day, server, counts) for server, counts in days])
        except OSError as error:
            print(f"account {account}: no report of {day}: {error}", file=sys.stderr)


def write(data):
    replace(kept, json.dumps(data))
    replace(os.path.join(state, "web-sites.prom"), prometheus(data["sites"]))


def write_beside(data):
    """In a child, since the queue of datagrams is short. One at a time; the next one has the same and more."""
    try:
        if os.waitpid(-1, os.WNOHANG) == (0, 0):
            return
    except ChildProcessError:
        pass
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            write(data)
        finally:
            os._exit(0)


def load():
    try:
        with open(kept) as file:
            data = json.load(file)
        if is_whole(data):
            return data
    except (OSError, ValueError):
        pass
    return {"day": today(), "sites": {}}


def is_whole(data):
    """Whether this is what is written here: of another shape, all would end again and again."""
    try:
        for key, site in data["sites"].items():
            _, _ = key.split(" ")
            site["last"] + 0
            for counts in (site["total"], site["day"]):
                whole = {**empty(), **counts}
                numbers = [value for value in whole.values() if not isinstance(value, list)] + whole["statuses"] + whole["within"]
                if counts.keys() | {"hits", "refused", "woken"} != empty().keys() or any(type(number) not in (int, float) for number in numbers):
                    return False
                if len(whole["statuses"]) != 5 or len(whole["within"]) != len(limits):
                    return False
        return isinstance(data["day"], str)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def main():
    data = load()
    requests = socket.socket(fileno=3)
    requests.settimeout(pause)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    written = time.monotonic()
    try:
        while True:
            try:
                found = line.search(requests.recv(4096))
            except TimeoutError:
                found = None
            if data["day"] != today():
                report(data["day"], data["sites"])
                old = time.time() - forgotten * 86400
                data["sites"] = {key: {**site, "day": empty()} for key, site in data["sites"].items() if site["last"] > old}
                data["day"] = today()
            if found:
                account, server, status, sent, received, seconds, seen, upstream = found.groups()
                cache, _, firewall = seen.partition(b",")
                site = site_of(data, account.decode(), server.decode())
                for counts in (site["total"], site["day"]):
                    count(counts, int(status), upstream == b"-", cache == b"hit", firewall == b"refused", int(sent), int(received), float(seconds))
            if time.monotonic() - written >= pause:
                count_starts(data)
                write_beside(data)
                written = time.monotonic()
    finally:
        try:
            os.wait()
        except ChildProcessError:
            pass
        count_starts(data)
        write(data)


main()
