# gunicorn's settings for an account's Python application, inside its sandbox. gunicorn finds the listening socket by itself (LISTEN_FDS).
# The file $FAIRHOST_READY says that a worker serves; gunicorn ends itself after FAIRHOST_IDLE_SECONDS without an open request (0: never).
import multiprocessing
import os
import threading
import time

from gunicorn.workers.gthread import TConn, ThreadWorker

idle = float(os.environ["FAIRHOST_IDLE_SECONDS"])
# A request may take as long as the front end waits for it; a worker whose threads all hang is replaced.
timeout = 300
graceful_timeout = 8
# The front end opens a connection for each request, and nobody else connects.
keepalive = 0
# The front end has the limits. As many headers as gunicorn can be told to take.
limit_request_line = 0
limit_request_fields = 32768
# Cookies that browsers send in parts over HTTP/2 arrive as one header.
limit_request_field_size = 0
forwarded_allow_ips = "*"
backlog = 1088
# Heartbeats: home and disk may be slow.
worker_tmp_dir = "/dev/shm"


class Threads(ThreadWorker):
    """
    gunicorn's own takes a connection, reads from it later, and forgets those between when it is told to end: each reload cost a
    request. This one takes as many connections as it has threads, and none when it is to end; the others wait for whoever comes.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.worker_connections = self.cfg.threads

    def accept(self, server, listener):
        if not self.alive or self.nr_conns >= self.worker_connections:
            return
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self.enqueue_req(TConn(self.cfg, sock, client, server))


asynchronous = os.environ["FAIRHOST_INTERFACE"] == "asgi"
worker_class = "uvicorn.workers.UvicornWorker" if asynchronous else Threads


def pre_fork(server, worker):
    # Open requests, and when the last one ended: of this worker, so that one that is killed takes its count with it.
    worker.activity = multiprocessing.Array("d", [0, time.monotonic()])


def count(worker, change):
    with worker.activity.get_lock():
        worker.activity[0] += change
        worker.activity[1] = time.monotonic()


class Counted:
    """Ends a WSGI request when its answer has been sent, which can be a stream."""

    def __init__(self, answer, worker):
        self.answer, self.worker = answer, worker

    def __iter__(self):
        return iter(self.answer)

    def close(self):
        count(self.worker, -1)
        if hasattr(self.answer, "close"):
            self.answer.close()


def counted_wsgi(application, worker):
    def call(environ, start_response):
        # Only the front end connects; the socket itself has no address.
        environ["REMOTE_ADDR"] = environ.get("HTTP_X_REAL_IP", "")
        count(worker, 1)
        try:
            answer = application(environ, start_response)
        except BaseException:
            count(worker, -1)
            raise
        # A file is sent by the kernel, if it is handed on as it is: it would end uncounted.
        return Counted(answer, worker)

    return call


def counted_asgi(application, worker):
    async def call(scope, receive, send):
        if scope["type"] == "lifespan":
            return await application(scope, receive, send)
        count(worker, 1)
        try:
            return await application(scope, receive, send)
        finally:
            count(worker, -1)

    return call


def post_worker_init(worker):
    worker.wsgi = (counted_asgi if asynchronous else counted_wsgi)(worker.wsgi, worker)
    open(os.environ["FAIRHOST_READY"], "w").close()


def when_ready(server):
    def watch():
        while True:
            time.sleep(1)
            counts = [worker.activity[:] for worker in list(server.WORKERS.values())]
            if counts and all(n == 0 and time.monotonic() - last > idle for n, last in counts):
                open(os.environ["FAIRHOST_RESTING"], "w").close()
                os.kill(os.getpid(), 15)
                return

    if idle:
        threading.Thread(target=watch, daemon=True).start()
