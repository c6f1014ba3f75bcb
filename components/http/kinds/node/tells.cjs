// Says what it was asked for, as those of other kinds do in their languages (`tells.php`, `tells_wsgi.py`), and answers in ways that a front end must pass on.
const { createHash } = require("node:crypto");
const { createServer } = require("node:http");

/** Answers by the path's first part. */
const ways = {
  none: (_, answer) => answer.writeHead(204).end(),
  same: (asked, answer) => answer.writeHead(asked.headers["if-none-match"] ? 304 : 200, { ETag: '"x"' }).end(),
  fails: (_, answer) => answer.writeHead(500).end("own page"),
  cookies: (_, answer) => answer.setHeader("Set-Cookie", ["a=1", "b=2"]).end("cookies"),
  kept: (_, answer) => answer.setHeader("Cache-Control", "public, max-age=60").end("kept"),
  early(_, answer) {
    answer.writeEarlyHints({ link: "</style.css>; rel=preload" });
    answer.end("late");
  },
  take(asked, answer) {
    const sum = createHash("sha256");
    let got = 0;
    asked.on("data", (data) => {
      got += data.length;
      sum.update(data);
    });
    asked.on("end", () => answer.end(`${got} ${sum.digest("hex")}`));
  },
  trailers(_, answer) {
    answer.writeHead(200, { Trailer: "X-Sum" }).write("body");
    answer.addTrailers({ "X-Sum": "1" });
    answer.end();
  },
};

const server = createServer({ maxHeaderSize: 1 << 17 }, (asked, answer) => {
  const way = ways[asked.url.split(/[/?]/)[1]];
  if (way) return way(asked, answer);
  let body = "";
  asked
    .on("data", (data) => (body += data))
    .on("end", () => {
      const { method, url: uri, headers } = asked;
      answer.end(JSON.stringify({ method, uri, body, scheme: headers["x-forwarded-proto"], headers }));
    });
});
server.on("upgrade", (_, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  socket.pipe(socket);
});
server.listen(Number(process.env.PORT));
