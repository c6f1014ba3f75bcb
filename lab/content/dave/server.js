// A web site that takes over the listening socket (sd_listen_fds(3): descriptor 3) and ends itself when idle;
// the next request starts it again. Runs with Debian's own nodejs.
// `/probe?address=A&port=P&path=F` tries, from inside the account, to connect to a neighbour and to read a file.
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

if (process.env.LISTEN_FDS !== "1") {
  console.error("expected exactly one listening socket, LISTEN_FDS=1: start this from a socket unit");
  process.exit(1);
}
const idleMilliseconds = Number(process.env.FAIRHOST_IDLE_SECONDS || 0) * 1000;

function connect(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 2000 });
    const done = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => done("ok"));
    socket.on("timeout", () => done("ETIMEDOUT"));
    socket.on("error", (error) => done(error.code));
  });
}

function read(path) {
  try {
    fs.statSync(path);
    return "ok";
  } catch (error) {
    return error.code;
  }
}

async function answer(url) {
  if (url.pathname !== "/probe") return "Hello from dave";
  const query = url.searchParams;
  return JSON.stringify({
    connect: await connect(query.get("address"), Number(query.get("port"))),
    read: read(query.get("path")),
  });
}

let running = 0;
let timer;

const server = http.createServer(async (request, response) => {
  running += 1;
  clearTimeout(timer);
  response.on("close", () => {
    running -= 1;
    if (running === 0) wait();
  });
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${await answer(new URL(request.url, "http://site"))}\n`);
});

function wait() {
  clearTimeout(timer);
  if (idleMilliseconds > 0) timer = setTimeout(end, idleMilliseconds);
}
// Closing only stops listening here: the socket itself stays with systemd, so no request is lost in between.
function end() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
process.on("SIGTERM", end);

server.listen({ fd: 3 }, wait);
