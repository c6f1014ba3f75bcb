// Read by Node.js before an account's program: its first listen() takes the socket that systemd handed over (descriptor 3), whatever port
// it names. $FAIRHOST_READY exists while it listens. After FAIRHOST_IDLE_SECONDS without a connection the process ends (0: never); a
// stream is a connection. Other processes and threads of the program are left alone.
const { rmSync, writeFileSync } = require("node:fs");
const net = require("node:net");
const { isMainThread } = require("node:worker_threads");

const { LISTEN_PID, FAIRHOST_IDLE_SECONDS, FAIRHOST_READY, FAIRHOST_RESTING } = process.env;
const mine = isMainThread && LISTEN_PID === `${process.pid}`;
for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NODE_CHANNEL_FD"])
  if (mine) delete process.env[name];
const idle = Number(FAIRHOST_IDLE_SECONDS) * 1000;
const listen = net.Server.prototype.listen;

function rest() {
  writeFileSync(FAIRHOST_RESTING, "");
  // It may have something to finish; without a handler SIGTERM would end it in the same way.
  if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  setTimeout(() => process.exit(0), 8000).unref();
  process.emit("SIGTERM", "SIGTERM");
}

function takeOver(server, given) {
  // The front end would take an interim answer (103, 102) for the answer itself: nobody gets one.
  const { ServerResponse } = require("node:http");
  for (const name of ["writeEarlyHints", "writeProcessing"])
    ServerResponse.prototype[name] = (...words) => words.findLast((word) => typeof word === "function")?.();
  const [first] = given;
  const port = Number(typeof first === "object" && first !== null ? first.port : first) || 0;
  // Programs print it, and take it apart.
  server.address = () => (server.listening ? { address: "::", family: "IPv6", port } : null);
  let open = 0;
  let timer;
  const wait = () => {
    clearTimeout(timer);
    if (idle > 0 && open === 0) timer = setTimeout(rest, idle).unref();
  };
  server.on("listening", () => {
    writeFileSync(FAIRHOST_READY, "");
    wait();
  });
  server.on("close", () => rmSync(FAIRHOST_READY, { force: true }));
  server.prependListener("connection", (socket) => {
    // A Unix socket's peer has no address; Express' `trust proxy` knows this one as `loopback`.
    Object.defineProperties(socket, { remoteAddress: { value: "::1" }, remoteFamily: { value: "IPv6" } });
    open++;
    clearTimeout(timer);
    socket.once("close", () => {
      open--;
      wait();
    });
  });
}

if (mine) {
  net.Server.prototype.listen = function (...given) {
    net.Server.prototype.listen = listen;
    takeOver(this, given);
    const callback = given.findLast((argument) => typeof argument === "function");
    // Node.js would make the socket's queue shorter than it is.
    const queue = {
      fd: 3,
      backlog: 1088,
    };
    return listen.call(this, queue, ...(callback ? [callback] : []));
  };
}
