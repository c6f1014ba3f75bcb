"""Takes over the certificates that accounts bring: key, certificate and chain as PEM in one file of the account's home.

    own-certificates STATE NAMES ACCOUNTS

NAMES/<account>.own says which file is for which name. A file is read as the account, and no symlink is followed; what is in it is judged by a process of
the account. A certificate of its own comes before the CA's, an exact name before a wildcard. The modification time of a certificate in STATE is when the
CA is asked for the next one: a day before this one ends, so the CA's takes its place in time if no newer one comes.
"""

import datetime
import hashlib
import json
import os
import re
import ssl
import stat
import subprocess
import sys
import time

# Bytes of a file, certificates in it, seconds before its end from which a certificate is no longer used.
most, longest, margin = 64 << 10, 10, 86400
host_name = re.compile(r"(\*\.)?[a-z0-9][a-z0-9.-]*")


class Wrong(Exception):
    """Why a file is not used, in words that follow its path."""


class Later(Wrong):
    """Why a file is not used yet."""


def read(accounts, number, path):
    """The content of a file in an account's home, and the account's uid and gid; nothing if it is missing."""
    opened, group = [], os.getegid()
    try:
        opened.append(os.open(os.path.join(accounts, number), os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW))
        owner = os.stat("home", dir_fd=opened[0], follow_symlinks=False)
        if owner.st_uid < 1000 or owner.st_gid < 1000:
            raise Wrong("is not read: the home does not belong to the account")
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)
        *folders, name = ["home", *path.split("/")]
        for folder in folders:
            opened.append(os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened[-1]))
        # Neither a pipe nor a lease of a file makes this wait.
        opened.append(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=opened[-1]))
        found = os.fstat(opened[-1])
        if not stat.S_ISREG(found.st_mode):
            raise Wrong("is not a file")
        if found.st_size > most:
            raise Wrong(f"has more than {most >> 10} KiB")
        return os.read(opened[-1], most), owner.st_uid, owner.st_gid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Wrong(f"cannot be read ({error.strerror}): it must be a file, not a symlink") from error
    finally:
        os.seteuid(0)
        os.setegid(group)
        for descriptor in opened:
            os.close(descriptor)


def judge(pem):
    """Names and times of a certificate that the front end can use, as JSON. Runs as the account: the parser reads what somebody else has written."""
    certificates = pem.count(b"-----BEGIN CERTIFICATE-----")
    if not 1 <= certificates <= longest:
        raise Wrong(f"has {certificates} certificates: 1 to {longest} are needed, the web site's own first")
    if b"PRIVATE KEY-----" not in pem:
        raise Wrong("has no private key: put key and certificates into one file")
    if re.search(b"BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED", pem):
        raise Wrong("has a key with a password: take the password away, nobody could type it in")
    with os.fdopen(os.memfd_create("pem"), "wb", buffering=0) as file:
        file.write(pem)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(f"/proc/self/fd/{file.fileno()}", password=lambda: "")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise Wrong("has a key that does not belong to its first certificate") from error
            raise Wrong(f"cannot be used: {(error.reason or 'not PEM').lower().replace('_', ' ')}") from error
    asked = ["openssl", "x509", "-noout", "-dates", "-dateopt", "iso_8601", "-ext", "subjectAltName"]
    said = subprocess.run(asked, input=pem, capture_output=True, check=False).stdout.decode("ascii", "replace")
    # The front end computes with it for each visitor, while others wait.
    key = subprocess.run(
        ["openssl", "x509", "-noout", "-text"], input=pem, capture_output=True, check=False
    ).stdout.decode("ascii", "replace")
    bits, curve = re.search(r"Public-Key: \((\d+) bit\)", key), re.search(r"ASN1 OID: (\S+)", key)
    rsa = "Public Key Algorithm: rsaEncryption" in key and bits is not None and 2048 <= int(bits[1]) <= 4096
    if not rsa and (curve is None or curve[1] not in ("prime256v1", "secp384r1")):
        raise Wrong("has a key that is not used here: RSA of 2048 to 4096 bits, or EC P-256 or P-384")
    times = [
        datetime.datetime.fromisoformat(found).timestamp()
        for found in re.findall(r"^not(?:Before|After)=(\S+ \S+)$", said, re.M)
    ]
    names = [name.lower() for name in re.findall(r"DNS:([^,\s]+)", said)]
    names = [name for name in names if host_name.fullmatch(name)][:1000]
    if len(times) != 2 or not names:
        raise Wrong("has no host names (subjectAltName)")
    return {"from": times[0], "end": times[1], "names": names}


def judged(pem, uid, gid):
    with open(__file__, encoding="utf8") as file:
        # The account cannot read this file where it is.
        command = [sys.executable, "-I", "-c", file.read(), "--judge"]
    try:
        done = subprocess.run(
            command, input=pem, capture_output=True, timeout=5, check=True, user=uid, group=gid, extra_groups=[]
        )
        said = json.loads(done.stdout)
        wrong = said.get("wrong")
        entry = {"from": float(said["from"]), "end": float(said["end"])} if wrong is None else {}
        if not all(abs(moment) < 1e11 for moment in entry.values()):
            raise ValueError("no time")
        if wrong is None:
            entry["names"] = [name for name in said["names"] if host_name.fullmatch(name)]
    except subprocess.TimeoutExpired as error:
        raise Later("took too long to look at, and is looked at again") from error
    except (subprocess.SubprocessError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Wrong("cannot be used: it cannot be read as PEM") from error
    if wrong is not None:
        raise Wrong("".join(letter for letter in str(wrong)[:300] if letter.isprintable()))
    return entry


def rank(name, names):
    """2: the certificate has this very name, 1: one that stands for it, 0: none."""
    if name in names:
        return 2
    return int(not name.startswith("*.") and f"*.{name.partition('.')[2]}" in names)


def day(seconds):
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


class Account:
    """One account's own certificates. What is known of them is kept from run to run, with the last good content of each file."""

    def __init__(self, number, names, accounts, now):
        self.number, self.accounts, self.now = number, accounts, now
        self.wanted = {}
        try:
            with open(os.path.join(names, f"{number}.own"), encoding="ascii") as file:
                for name, path in (line.rstrip(";\n").split(" ") for line in file):
                    self.wanted.setdefault(path, []).append(name)
        except FileNotFoundError:
            pass
        self.kept = f"own-files/{number}.json"
        try:
            with open(self.kept, encoding="ascii") as file:
                self.known = json.load(file)
        except (FileNotFoundError, ValueError):
            self.known = {}
        self.before = json.dumps(self.known)

    def say(self, text):
        print(f"account {self.number}: {text}", file=sys.stderr)
        log = os.path.join(self.accounts, self.number, "admin/logs/certificates.log")
        try:
            file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        except OSError:
            return
        try:
            os.write(file, f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n".encode())
        except OSError:
            # The account's logs are full.
            pass
        finally:
            os.close(file)

    def look(self, path, names):
        """Brings what is known of a file up to date, and says what is new."""
        entry = self.known.setdefault(path, {})
        try:
            found = read(self.accounts, self.number, path)
            if found is None:
                # The way in which an account takes its certificate back.
                for key in ("seen", "pem"):
                    entry.pop(key, None)
                raise Wrong("is missing: the host uses certificates of its CA")
            pem, uid, gid = found
            seen = hashlib.sha256(pem + " ".join(names).encode()).hexdigest()
            if entry.get("seen") != seen or time.time() >= entry.get("again", 0) > 0:
                entry.update(seen=seen, wrong=None, again=0)
                try:
                    good = judged(pem, uid, gid)
                    if good["from"] > self.now:
                        entry["again"] = good["from"]
                        raise Wrong(f"is not valid before {day(good['from'])}")
                    if good["end"] <= self.now + margin:
                        raise Wrong(f"has a certificate that ends on {day(good['end'])}: too early to use it")
                    if not any(rank(name, good["names"]) for name in names):
                        raise Wrong(f"is for {', '.join(good['names'][:5])}, not for {', '.join(names[:5])}")
                    entry.update(good, pem=pem.decode("latin-1"))
                except Wrong as wrong:
                    entry["wrong"] = str(wrong)
                    if isinstance(wrong, Later):
                        entry["again"] = time.time() + 60
            if entry["wrong"]:
                raise Wrong(entry["wrong"])
            fitting = [name for name in names if rank(name, entry["names"])]
            text = f"is used for {', '.join(fitting[:20])} until {day(entry['end'])}"
            if entry["end"] <= self.now + margin:
                text = f"ends on {day(entry['end'])}: the host uses certificates of its CA"
        except Wrong as wrong:
            old = "" if self.now >= entry.get("end", 0) - margin or "pem" not in entry else "; the old one stays in use"
            text = f"{wrong}{old}"
        if entry.get("said") != text:
            entry["said"] = text
            self.say(f"{path} {text}")

    def chosen(self):
        """The best certificate for each name."""
        best = {}
        for path, names in self.wanted.items():
            entry = self.known[path]
            if "pem" not in entry or entry["end"] <= self.now + margin:
                continue
            for name in names:
                order = (rank(name, entry["names"]), entry["end"])
                if order[0] and (name not in best or order > best[name][0]):
                    best[name] = order, entry
        return {re.sub(r"^\*", "_", name): entry for name, (_, entry) in best.items()}

    def update(self):
        for path in [path for path in self.known if path not in self.wanted]:
            del self.known[path]
        for path, names in self.wanted.items():
            self.look(path, names)
        after = json.dumps(self.known)
        if not self.wanted:
            os.unlink(self.kept)
        elif after != self.before:
            replace(self.kept, after.encode(), 0o600)
        return self.chosen()


def replace(path, content, mode, due=None):
    new = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.own")
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
        os.fsync(file.fileno())
    if due is not None:
        os.utime(new, (due, due))
    os.rename(new, path)


def put(name, entry):
    content, file = entry["pem"].encode("latin-1"), f"{name}.pem"
    try:
        with open(file, "rb") as now:
            same = not os.path.islink(file) and now.read() == content
    except FileNotFoundError:
        same = False
    if same and os.path.exists(f"own/{name}"):
        return
    # Who gets certificates from the CA leaves a name alone that is in here.
    replace(f"own/{name}", b"", 0o640)
    replace(file, content, 0o640, entry["end"] - margin)
    replace(f"issued/{name}", f"{int(entry['end'])}\n".encode(), 0o640)


def main(state, names, accounts, of_ca=""):
    os.setgroups([])
    os.chdir(state)
    for folder in ("own", "own-files", "issued"):
        os.makedirs(folder, mode=0o750, exist_ok=True)
    # Without a generation nobody knows what is declared; in one without the folder nobody has a certificate.
    folder = os.open(os.path.dirname(names), os.O_PATH | os.O_DIRECTORY)
    # All of one generation, also if another one takes its place meanwhile.
    names = f"/proc/self/fd/{folder}/{os.path.basename(names)}"
    declared = [file[:-4] for file in (os.listdir(names) if os.path.isdir(names) else []) if re.fullmatch(r"\d+\.own", file)]
    kept = [file[:-5] for file in os.listdir("own-files") if re.fullmatch(r"\d+\.json", file)]
    used, failed = set(), False
    for number in sorted({*declared, *kept}, key=int):
        try:
            certificates = Account(number, names, accounts, time.time()).update()
            for name, entry in certificates.items():
                put(name, entry)
            used.update(certificates)
        except OSError as error:
            print(f"account {number}: {error}", file=sys.stderr)
            failed = True
    for name in () if failed else set(os.listdir("own")) - used:
        if name.startswith("_.") and of_ca != "wildcards":
            # The CA gives none for it.
            replace(f".{name}.link", b"", 0o640)
            os.unlink(f".{name}.link")
            os.symlink("default.pem", f".{name}.link")
            os.rename(f".{name}.link", f"{name}.pem")
            if os.path.exists(f"issued/{name}"):
                os.unlink(f"issued/{name}")
        # It stays in use until the CA's is there, which is due now.
        elif os.path.isfile(f"{name}.pem") and not os.path.islink(f"{name}.pem"):
            os.utime(f"{name}.pem", (time.time() - 60,) * 2)
        os.unlink(f"own/{name}")
    return int(failed)


if sys.argv[1:] == ["--judge"]:
    try:
        print(json.dumps(judge(sys.stdin.buffer.read(most))))
    except Wrong as found:
        print(json.dumps({"wrong": str(found)}))
else:
    os.umask(0o027)
    sys.exit(main(*sys.argv[1:]))
