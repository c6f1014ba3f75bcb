"""A user's files, by OpenSSH's sftp-server (draft-ietf-secsh-filexfer-02), which runs in the account's sandbox and sees nothing but the user's directory.

What it says is the account's word: nothing here trusts a length, and a listing or a file is never held as a whole.
"""

import collections
import contextlib
import socket
import struct

READ, WRITE, APPEND, CREATE, TRUNCATE = 1, 2, 4, 8, 16
(OPEN, CLOSE, READ_FILE, WRITE_FILE, LSTAT, SETSTAT, OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, STAT) = (3, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 17)
VERSION, STATUS, HANDLE, DATA, NAME, ATTRS, EXTENDED = 2, 101, 102, 103, 104, 105, 200
SIZE, OWNER, MODE, TIMES = 1, 2, 4, 8
# Octets of a piece of a file, pieces that are asked for at a time, octets of the longest answer.
piece, ahead, longest = 1 << 16, 16, 1 << 18

Attributes = collections.namedtuple("Attributes", "size mode time")


class Refused(Exception):
    """Why a file cannot be had."""


class Broken(Exception):
    """The program with the files is gone, or says what it must not say."""


def string(octets):
    return struct.pack(">I", len(octets)) + octets


class Answer:
    """Takes an answer apart."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        self.at += count
        if self.at > len(self.octets):
            raise Broken("an answer ends too early")
        return self.octets[self.at - count : self.at]

    def number(self):
        return int.from_bytes(self.take(4))

    def string(self):
        return self.take(self.number())

    def attributes(self):
        flags = self.number()
        size = int.from_bytes(self.take(8)) if flags & SIZE else 0
        if flags & OWNER:
            self.take(8)
        mode = self.number() if flags & MODE else 0
        time = (self.number(), self.number())[1] if flags & TIMES else 0
        return Attributes(size, mode, time)


class Files:
    """@param path the socket of sftp-server; name says whose files they are"""

    def __init__(self, path, name):
        self.last = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(name)
        self.socket.connect(path)
        self.socket.sendall(string(struct.pack(">BI", 1, 3)))
        if self.receive()[0] != VERSION:
            raise Broken("it has another protocol")

    def receive(self):
        length = int.from_bytes(self.exactly(4))
        if not 1 <= length <= longest:
            raise Broken("an answer is too long")
        octets = self.exactly(length)
        return octets[0], Answer(octets[1:])

    def exactly(self, count):
        octets = bytearray()
        while len(octets) < count:
            got = self.socket.recv(count - len(octets))
            if not got:
                raise Broken("it has ended")
            octets += got
        return bytes(octets)

    def send(self, kind, *parts):
        self.last = (self.last + 1) & 0xFFFFFFFF
        self.socket.sendall(string(struct.pack(">BI", kind, self.last) + b"".join(parts)))
        return self.last

    def answer(self, number, kind):
        """What was asked for; None at the end of a file or of a list."""
        got, answer = self.receive()
        if answer.number() != number:
            raise Broken("answers come in another order")
        if got == STATUS:
            code = answer.number()
            if code <= 1:
                return None
            raise Refused({2: "No such file or directory.", 3: "Permission denied."}.get(code, "Refused."))
        if got != kind:
            raise Broken("another answer was asked for")
        return answer

    def ask(self, kind, *parts, gives=STATUS):
        answer = self.answer(self.send(kind, *parts), gives)
        if gives != STATUS and answer is None:
            raise Broken("an answer is missing")
        return answer

    def stat(self, path, follow=True):
        return self.ask(STAT if follow else LSTAT, string(path), gives=ATTRS).attributes()

    def set_mode(self, path, mode):
        self.ask(SETSTAT, string(path), struct.pack(">II", MODE, mode))

    def set_time(self, path, time):
        self.ask(SETSTAT, string(path), struct.pack(">III", TIMES, time, time))

    def remove(self, path):
        self.ask(REMOVE, string(path))

    def make_directory(self, path):
        self.ask(MKDIR, string(path), struct.pack(">I", 0))

    def remove_directory(self, path):
        self.ask(RMDIR, string(path))

    def rename(self, path, to):
        self.ask(EXTENDED, string(b"posix-rename@openssh.com"), string(path), string(to))

    @contextlib.contextmanager
    def opened(self, path, flags):
        """A handle, as long as it is used."""
        yield from self.closing(self.ask(OPEN, string(path), struct.pack(">II", flags, 0), gives=HANDLE).string())

    @contextlib.contextmanager
    def opened_directory(self, path):
        yield from self.closing(self.ask(OPENDIR, string(path), gives=HANDLE).string())

    def closing(self, handle):
        try:
            yield handle
        finally:
            self.ask(CLOSE, string(handle))

    def list(self, handle):
        """Names and attributes; a symlink's are its own."""
        while answer := self.answer(self.send(READDIR, string(handle)), NAME):
            for _ in range(answer.number()):
                name, _long = answer.string(), answer.string()
                yield name, answer.attributes()

    def read(self, handle, offset):
        """The octets of a file from there on."""
        asked = collections.deque()
        try:
            while True:
                while len(asked) < ahead:
                    asked.append(self.send(READ_FILE, string(handle), struct.pack(">QI", offset + len(asked) * piece, piece)))
                answer = self.answer(asked.popleft(), DATA)
                if answer is None:
                    return
                octets = answer.string()
                yield octets
                offset += len(octets)
                if len(octets) != piece:
                    self.drain(asked)
        finally:
            self.drain(asked)

    def write(self, handle, offset, pieces):
        asked = collections.deque()
        try:
            for octets in pieces:
                asked.append(self.send(WRITE_FILE, string(handle), struct.pack(">Q", offset), string(octets)))
                offset += len(octets)
                if len(asked) >= ahead:
                    self.answer(asked.popleft(), STATUS)
            while asked:
                self.answer(asked.popleft(), STATUS)
        finally:
            self.drain(asked)

    def drain(self, asked):
        while asked:
            number = asked.popleft()
            try:
                self.answer(number, DATA)
            except Refused:
                pass
