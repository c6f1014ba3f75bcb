"""FTP (RFC 959, 2428, 3659) of one account with TLS (RFC 4217), for one connection: standard input, of which only this process knows the key.

    serve-ftps ACCOUNT HOME ADDRESS FIRST-LAST FILES

It runs outside of the account, with the hashes of its users and the keys of its names: programs of the account see neither. Files come from the
socket FILES, behind which a program in the account's sandbox has the user's directory as HOME (components/ftps/sftp_files.py). Nothing is said
or carried without TLS but the wish for it, no address is called, and no word of a client is repeated to it.
"""

import contextlib
import ctypes
import hmac
import os
import random
import re
import signal
import socket
import ssl
import sys
import time

from sftp_files import APPEND, CREATE, READ, TRUNCATE, WRITE, Broken, Files, Refused

# Seconds: to log in; without a word or an octet; for a data connection; before a no.
to_log_in, quiet, to_connect, delay = 60, 300, 30, 3
# Wrong passwords, other mistakes, octets of a line, commands that wait while a file is on its way.
tries, mistakes, longest, waiting = 3, 20, 4096, 20
# Connections of one visitor to the account.
of_visitor = int("@VISITOR@")
ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"


class No(Exception):
    """A reply that refuses."""


class Over(Exception):
    """The end of the session, and what is said of it."""


def log(user, peer, text):
    print(time.strftime("%FT%T%z"), user, f"from {peer}:", text, flush=True)


class Passwords:
    def __init__(self, account, peer):
        self.account, self.peer = account, peer
        self.crypt = ctypes.CDLL("libcrypt.so.1").crypt
        self.crypt.restype = ctypes.c_char_p
        with open(f"{os.environ['CREDENTIALS_DIRECTORY']}/passwords", "rb") as file:
            self.hashes = dict(line.rstrip(b"\n").split(b":", 1) for line in file)

    def right(self, user, password):
        # Who has no password waits as long as others.
        wanted = self.hashes.get(user, b"$y$j9T$......................")
        got = self.crypt(password, wanted) or b""
        if hmac.compare_digest(got, wanted):
            return True
        # A name that is not known is not written down: people type their password there.
        name = user.decode() if user in self.hashes else "UNKNOWN"
        print(f"<4>wrong password: account={self.account} user={name} from={self.peer}", file=sys.stderr, flush=True)
        # Who bans is told on the last descriptor (OpenFile=). If nobody listens, the answer is the same.
        if count := int(os.environ.get("LISTEN_FDS", 0)):
            with contextlib.suppress(OSError):
                os.write(2 + count, b"ftps: " + self.peer.encode())
        time.sleep(delay)
        return False


def contexts():
    """For each name that has a certificate its context, and one for clients that say no name; a real certificate if there is one."""
    folder, found, default = os.environ["CREDENTIALS_DIRECTORY"], {}, None
    with open(f"{folder}/default.pem", "rb") as file:
        nobodys = file.read()
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if not name.endswith(".pem"):
            continue
        with open(path, "rb") as file:
            real = (octets := file.read()) != nobodys
        if b"PRIVATE KEY" not in octets:
            continue
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        context.load_cert_chain(path)
        found[name.removesuffix(".pem")] = context
        if default is None or (real and not default[1]):
            default = context, real
    if default is None:
        return None

    def choose(connection, name, _context):
        name = (name or "").lower()
        context = found.get(name) or found.get("*." + name.partition(".")[2])
        if context:
            connection.context = context

    default[0].sni_callback = choose
    return default[0]


def has_too_many():
    """
    Whether this visitor has too many connections to the same address. Whoever has one address of a /64 has them all, but systemd counts each for
    itself. Of those that come at the same time the last ones leave, and the others stay if that is enough. The table is that of the whole host: it is
    read twice, and only this visitor's rows are kept.
    """
    own = os.fstat(0).st_ino

    def open_ones():
        with open("/proc/self/net/tcp6") as table:
            for line in table:
                _, local, peer, state, _, _, _, _, _, inode, *_ = line.split(None, 10)
                if state == "01" and inode != "0":
                    yield int(inode), (local, peer[:16])

    for _ in range(10):
        mine = next((pair for inode, pair in open_ones() if inode == own), None)
        same = {inode for inode, pair in open_ones() if pair == mine}
        if len(same) <= of_visitor:
            return False
        if sum(inode < own for inode in same) >= of_visitor:
            break
        time.sleep(0.3)
    return True


class Session:
    def __init__(self, account, home, address, ports, files):
        self.control = socket.socket(fileno=0)
        self.peer = os.environ["REMOTE_ADDR"]
        self.passwords = Passwords(account, self.peer)
        self.home, self.address, self.files_at = home.encode(), address, files
        first, last = ports.split("-")
        self.ports = range(int(first), int(last) + 1)
        self.tls = self.files = self.user = self.name = self.listener = self.renamed = None
        self.protected, self.cwd, self.offset, self.wrong = False, b"/", 0, 0
        self.buffer, self.later = b"", []

    # What is said.

    def say(self, text):
        self.control.sendall(text.encode("utf-8", "surrogateescape") + b"\r\n")

    def line(self, wait=True):
        """The next line; nothing if there is none yet and nobody waits."""
        while b"\n" not in self.buffer:
            if len(self.buffer) > longest:
                raise Over("500 A line is too long.")
            self.control.settimeout(None if wait else 0)
            try:
                got = self.control.recv(longest)
            except (ssl.SSLWantReadError, BlockingIOError):
                return None
            finally:
                self.control.settimeout(None)
            if not got:
                raise EOFError
            self.buffer += got
        line, _, self.buffer = self.buffer.partition(b"\n")
        # Telnet's signs before an ABOR (RFC 959, section 4.1.3).
        return line.rstrip(b"\r").lstrip(b"\xff\xf2\xf4")

    def run(self):
        wrong = 0
        signal.alarm(to_log_in)
        self.say("220 FTP with TLS.")
        while True:
            line = self.later.pop(0) if self.later else self.line()
            if self.files:
                signal.alarm(quiet)
            word, _, text = line.partition(b" ")
            word = word.upper().decode("ascii", "replace")
            if re.fullmatch("GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|PATCH|HOST:", word):
                raise Over("500 This is FTP.")
            command = commands.get(word)
            try:
                if command is None:
                    raise No("502 Not here.")
                if re.search(rb"[\0-\x1f\x7f]", text):
                    raise No("501 No control characters.")
                method, state, needs = command
                if state != "any" and not self.tls:
                    raise No("530 TLS first: AUTH TLS.")
                if state == "user" and not self.files:
                    raise No("530 Log in first.")
                if needs and not text:
                    raise No("501 Something is missing.")
                getattr(self, method)(text)
            except No as no:
                self.say(str(no))
                wrong += not self.files or command is None
            except Refused as refused:
                self.say(f"550 {refused}")
            if word not in ("REST", "EPSV", "TYPE", "SIZE"):
                self.offset = 0
            if wrong > mistakes:
                raise Over("421 Too many mistakes.")

    # TLS and names.

    def auth(self, text):
        if self.tls:
            raise No("503 There is TLS already.")
        if text.upper() not in (b"TLS", b"TLS-C", b"SSL"):
            raise No("504 TLS alone.")
        self.tls = contexts()
        if self.tls is None:
            raise No("431 There is no certificate.")
        # What came before TLS must not be taken for what came within it.
        if self.buffer:
            raise Over("503 Something follows AUTH too early.")
        self.say("234 TLS.")
        self.control = self.tls.wrap_socket(self.control, server_side=True, suppress_ragged_eofs=True)

    def pbsz(self, _text):
        self.say("200 PBSZ=0")

    def prot(self, text):
        if text.upper() != b"P":
            raise No("536 Private alone: PROT P.")
        self.protected = True
        self.say("200 Private.")

    def ask_user(self, text):
        if self.files:
            raise No("503 There is a user already.")
        self.name = text
        self.say("331 The password?")

    def ask_password(self, text):
        name, self.name = self.name, None
        if name is None:
            raise No("503 USER first.")
        if not self.passwords.right(name, text):
            self.wrong += 1
            if self.wrong >= tries:
                raise Over("421 Too many wrong passwords.")
            raise No("530 Wrong user or password.")
        signal.alarm(quiet)
        self.user = name.decode()
        try:
            self.files = Files(self.files_at, f"/tmp/{self.user}.{os.getpid()}")
        except (Broken, OSError) as error:
            log(self.user, self.peer, f"no files ({error}): is the directory there?")
            raise Over("421 The directory cannot be had: is it there?") from None
        log(self.user, self.peer, "logged in")
        self.say("230 Logged in.")

    # Answers that are always the same.

    def features(self, _text):
        words = "AUTH TLS|EPSV|MDTM|MFMT|MLST type*;size*;modify*;UNIX.mode*;|PBSZ|PROT|REST STREAM|SIZE|TVFS|UTF8"
        self.say("211-Features:\r\n " + words.replace("|", "\r\n ") + "\r\n211 End")

    def system(self, _text):
        self.say("215 UNIX Type: L8")

    def done(self, _text):
        self.say("200 OK.")

    def kind(self, text):
        if not re.fullmatch(rb"[AI]( N)?|L ?8", text.upper()):
            raise No("504 A or I.")
        self.say("200 Octets as they are.")

    def structure(self, text):
        if text.upper() not in (b"F", b"S"):
            raise No("504 Not here.")
        self.done(text)

    def options(self, text):
        if not re.fullmatch(rb"UTF8( ON)?|MLST.*", text.upper()):
            raise No("501 Not here.")
        self.done(text)

    def only_passive(self, _text):
        raise No("502 The server calls nobody: EPSV alone.")

    def nothing_runs(self, _text):
        self.say("226 Nothing is on its way.")

    def end(self, _text):
        raise Over("221 Goodbye.")

    # Paths: `..` is taken away here, so a path never leaves the directory; beyond that, the sandbox keeps order.

    def virtual(self, text):
        parts = []
        for part in (text if text.startswith(b"/") else self.cwd + b"/" + text).split(b"/"):
            if part == b"..":
                del parts[-1:]
            elif part not in (b"", b"."):
                parts.append(part)
        return b"/" + b"/".join(parts)

    def path(self, text):
        virtual = self.virtual(text)
        return self.home if virtual == b"/" else self.home + virtual

    def own(self, text):
        """A path that can be changed or removed: all but the directory itself."""
        if self.virtual(text) == b"/":
            raise No("550 Not the directory itself.")
        return self.path(text)

    def quoted(self, path):
        return '"' + path.decode("utf-8", "surrogateescape").replace('"', '""') + '"'

    def where(self, _text):
        self.say(f"257 {self.quoted(self.cwd)}")

    def go(self, text):
        if self.files.stat(self.path(text)).mode & 0o170000 != 0o040000:
            raise No("550 Not a directory.")
        self.cwd = self.virtual(text)
        self.say("250 OK.")

    def go_up(self, _text):
        self.go(b"..")

    def make_directory(self, text):
        self.files.make_directory(self.own(text))
        self.say(f"257 {self.quoted(self.virtual(text))}")

    def remove_directory(self, text):
        self.files.remove_directory(self.own(text))
        self.say("250 OK.")

    def remove(self, text):
        self.files.remove(self.own(text))
        self.say("250 OK.")

    def rename_from(self, text):
        self.files.stat(self.own(text), follow=False)
        self.renamed = self.own(text)
        self.say("350 To what?")

    def rename_to(self, text):
        renamed, self.renamed = self.renamed, None
        if renamed is None:
            raise No("503 RNFR first.")
        self.files.rename(renamed, self.own(text))
        self.say("250 OK.")

    def site(self, text):
        match = re.fullmatch(rb"CHMOD ([0-7]{3,4}) (.+)", text, re.IGNORECASE)
        if not match:
            raise No("504 CHMOD alone.")
        self.files.set_mode(self.own(match[2]), int(match[1], 8) & 0o777)
        self.say("200 OK.")

    def size(self, text):
        found = self.files.stat(self.path(text))
        if found.mode & 0o170000 != 0o100000:
            raise No("550 Not a file.")
        self.say(f"213 {found.size}")

    def modified(self, text):
        self.say("213 " + moment(self.files.stat(self.path(text)).time))

    def set_modified(self, text):
        match = re.fullmatch(rb"(\d{14}) (.+)", text)
        try:
            seconds = int(time.mktime(time.strptime(match[1].decode() + " UTC", "%Y%m%d%H%M%S %Z"))) - time.timezone if match else -1
        except (ValueError, OverflowError):
            seconds = -1
        if not 0 <= seconds < 1 << 32:
            raise No("501 A time as 20261231235959, and a name.")
        self.files.set_time(self.own(match[2]), seconds)
        self.say(f"213 Modify={match[1].decode()}; done")

    def restart(self, text):
        if not re.fullmatch(rb"\d{1,18}", text):
            raise No("501 A number.")
        self.offset = int(text)
        self.say("350 From there.")

    # Data connections: the client calls, from the address that it has.

    def passive(self, text):
        if text.upper() == b"ALL":
            return self.say("200 OK.")
        if text not in (b"", b"2"):
            raise No("522 Only IPv6 (2).")
        self.close_listener()
        for port in random.SystemRandom().sample(self.ports, len(self.ports)):
            listener = socket.socket(socket.AF_INET6)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # The account's whole /64 is on `lo`, without each of its addresses (IPV6_FREEBIND, ip(7)).
            listener.setsockopt(socket.IPPROTO_IPV6, 78, 1)
            try:
                listener.bind((self.address, port))
                listener.listen(1)
            except OSError:
                listener.close()
                continue
            self.listener = listener
            return self.say(f"229 Entering Extended Passive Mode (|||{port}|)")
        raise No("425 No port is free.")

    def close_listener(self):
        if self.listener:
            self.listener.close()
        self.listener = None

    def needs_data(self):
        if not self.protected:
            raise No("521 PROT P first.")
        if self.listener is None:
            raise No("425 EPSV first.")

    def data(self):
        """The data connection, encrypted. Others than the client are sent away."""
        end = time.monotonic() + to_connect
        try:
            while True:
                self.listener.settimeout(max(0.01, end - time.monotonic()))
                connection, (peer, *_) = self.listener.accept()
                if peer == self.peer:
                    break
                connection.close()
        finally:
            self.close_listener()
        connection.settimeout(None)
        return self.tls.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)

    def look(self):
        """While something is on its way: whether the client wants it to end. Other commands wait."""
        signal.alarm(quiet)
        while (line := self.line(wait=False)) is not None:
            if line.upper() == b"ABOR":
                raise No("426 Ended.")
            self.later.append(line)
            if len(self.later) > waiting:
                raise Over("421 Too many commands.")

    def carry(self, carries):
        """Opens the data connection, has something carried over it, and says how it went."""
        self.say("150 Now.")
        try:
            with self.data() as connection:
                carries(connection)
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    connection.unwrap()
        except No as no:
            self.say(str(no))
            return self.say("226 Ended.")
        except ssl.SSLEOFError:
            raise No("426 The data connection ended without TLS's own end: something may be missing.") from None
        except TimeoutError:
            raise No("425 Nobody has called.") from None
        except OSError:
            raise No("426 The data connection is broken.") from None
        except Refused:
            raise No("552 Not written: perhaps the account's disk is full.") from None
        self.say("226 Done.")

    def send(self, connection, pieces):
        for octets in pieces:
            connection.sendall(octets)
            self.look()

    def received(self, connection):
        octets = bytearray()
        while got := connection.recv(1 << 16):
            signal.alarm(quiet)
            octets += got
            if len(octets) >= 1 << 16:
                yield bytes(octets)
                octets.clear()
                self.look()
        if octets:
            yield bytes(octets)

    def retrieve(self, text):
        self.needs_data()
        if self.files.stat(self.path(text)).mode & 0o170000 != 0o100000:
            raise No("550 Not a file.")
        with self.files.opened(self.path(text), READ) as handle:
            with contextlib.closing(self.files.read(handle, self.offset)) as pieces:
                self.carry(lambda connection: self.send(connection, pieces))

    def store(self, text):
        self.put(text, WRITE | CREATE | (0 if self.offset else TRUNCATE))

    def append(self, text):
        self.put(text, WRITE | CREATE | APPEND)

    def put(self, text, flags):
        self.needs_data()
        with self.files.opened(self.own(text), flags) as handle:
            self.carry(lambda connection: self.files.write(handle, self.offset, self.received(connection)))

    def listing(self, text, form):
        """Of a directory what is in it, of anything else that alone."""
        self.needs_data()
        # Options of ls(1), as many clients send them.
        path = self.path(re.sub(rb"^(-[A-Za-z]+ *)+", b"", text))
        found = self.files.stat(path)
        if found.mode & 0o170000 != 0o040000:
            folder, _, name = path.rpartition(b"/")
            return self.carry(lambda connection: self.send(connection, [form(folder, name, found)]))
        with self.files.opened_directory(path) as handle, contextlib.closing(self.files.list(handle)) as entries:
            # Whatever a name has, a line has one.
            lines = (form(path, *entry) for entry in entries if not re.search(rb"^\.\.?$|[\0\r\n/]", entry[0]))
            self.carry(lambda connection: self.send(connection, together(lines)))

    def list_names(self, text):
        self.listing(text, lambda _path, name, _found: name + b"\r\n")

    def list_long(self, text):
        self.listing(text, lambda _path, name, found: long_line(found) + name + b"\r\n")

    def list_facts(self, text):
        self.listing(text, lambda path, name, found: self.facts(path, name, found) + b"\r\n")

    def one_fact(self, text):
        path = self.path(text)
        facts = self.facts(path.rpartition(b"/")[0], self.virtual(text), self.files.stat(path))
        self.say("250-Facts:\r\n " + facts.decode("utf-8", "surrogateescape") + "\r\n250 End")

    def facts(self, path, name, found):
        if found.mode & 0o170000 == 0o120000:
            try:
                found = self.files.stat(path + b"/" + name)
            except Refused:
                pass
        kind = {0o040000: "dir", 0o100000: "file"}.get(found.mode & 0o170000, "OS.unix=other")
        size = f"size={found.size};" if kind == "file" else ""
        return f"type={kind};{size}modify={moment(found.time)};UNIX.mode=0{found.mode & 0o777:o}; ".encode() + name


def together(lines):
    """Some thousand octets at a time."""
    octets = bytearray()
    for line in lines:
        octets += line
        if len(octets) > 1 << 14:
            yield bytes(octets)
            octets.clear()
    yield bytes(octets)


def moment(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def long_line(found):
    kind = {0o040000: "d", 0o120000: "l"}.get(found.mode & 0o170000, "-")
    rights = "".join(letter if found.mode >> 8 - at & 1 else "-" for at, letter in enumerate("rwxrwxrwx"))
    recent = abs(time.time() - found.time) < 180 * 86400
    when = time.strftime("%b %d %H:%M" if recent else "%b %d  %Y", time.gmtime(found.time))
    return f"{kind}{rights} 1 account account {found.size:12} {when} ".encode()


# What each command does, from when on it may (any time, after TLS, as a user), and whether it needs something behind it.
commands = {
    **{word: (method, "any", needs) for word, method, needs in [("AUTH", "auth", True), ("FEAT", "features", False), ("SYST", "system", False), ("NOOP", "done", False), ("QUIT", "end", False)]},
    **{word: (method, "tls", True) for word, method in [("PBSZ", "pbsz"), ("PROT", "prot"), ("USER", "ask_user"), ("PASS", "ask_password"), ("OPTS", "options"), ("CLNT", "done")]},
    **{word: (method, "user", True) for word, method in [("CWD", "go"), ("MKD", "make_directory"), ("RMD", "remove_directory"), ("DELE", "remove"), ("RNFR", "rename_from"), ("RNTO", "rename_to"), ("SITE", "site"), ("SIZE", "size"), ("MDTM", "modified"), ("MFMT", "set_modified"), ("REST", "restart"), ("RETR", "retrieve"), ("STOR", "store"), ("APPE", "append"), ("TYPE", "kind"), ("MODE", "structure"), ("STRU", "structure")]},
    **{word: (method, "user", False) for word, method in [("PWD", "where"), ("CDUP", "go_up"), ("ALLO", "done"), ("ABOR", "nothing_runs"), ("EPSV", "passive"), ("PASV", "only_passive"), ("PORT", "only_passive"), ("EPRT", "only_passive"), ("LPRT", "only_passive"), ("LIST", "list_long"), ("NLST", "list_names"), ("MLSD", "list_facts"), ("MLST", "one_fact")]},
}


class Quiet(BaseException):
    """Nothing has moved for too long, whatever was waited for."""


def alarm(_number, _frame):
    # Once more, if the farewell takes too long as well.
    signal.alarm(5)
    raise Quiet


def main():
    signal.signal(signal.SIGALRM, alarm)
    session = Session(*sys.argv[1:])
    try:
        if has_too_many():
            raise Over("421 Too many connections from your address or its network.")
        session.run()
    except Over as over:
        session.say(str(over))
    except Quiet:
        session.say("421 Too long without a word.")
    except Broken as broken:
        log(session.user, session.peer, f"ended: {broken}")
        session.say("421 The files cannot be had any longer.")


try:
    main()
except (EOFError, OSError, Quiet):
    pass
