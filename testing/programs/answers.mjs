// Answers in the ways that a front end must pass on: dripping, with large headers, large, slow to read, or not at all.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const ways = {
  async drip(_request, response, length) {
    // 0: in chunks; more: with its length; none: until the connection ends.
    if (length > 0) response.setHeader("Content-Length", length);
    else if (length !== 0) response.removeHeader("Transfer-Encoding");
    for (let chunk = 0; chunk < 4; chunk++) {
      response.write(`data: ${chunk}\n\n`);
      await sleep(500);
    }
    response.end();
  },
  headers(_request, response, size) {
    response.setHeader("X-Large", "a".repeat(size)).end("large headers");
  },
  async large(_request, response, size) {
    const chunk = Buffer.alloc(1 << 16);
    for (let left = size; left > 0 && !response.destroyed; left -= chunk.length) {
      if (!response.write(chunk)) await Promise.race([new Promise((go) => response.once("drain", go)), sleep(100)]);
    }
    response.end();
  },
  async count(request, response) {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    response.end(`${bytes} bytes`);
  },
  async progress(request, response) {
    for await (const chunk of request) response.write(`${chunk.length}\n`);
    response.end();
  },
  // Reads on after its answer, as RFC 9112, 9.6 asks a server to; one that closes at once may be unheard.
  refuse(request, response) {
    response.writeHead(403, { "Content-Length": 11 }).write("not for you");
    request.on("close", () => response.end()).resume();
  },
  status(_request, response, code) {
    response.writeHead(code).end("my own status");
  },
  headersOf(request, response) {
    response.end(`${JSON.stringify({ server: process.env.SERVER, url: request.url, headers: request.rawHeaders })}\n`);
  },
  says(request, response) {
    const [, , name, value] = request.url.split("/");
    response.setHeader(name, value).end();
  },
  silent() {},
  closes: (request) => request.socket.destroy(),
  truncated: (request) => request.socket.end("HTTP/1.1 200 OK\r\nContent-Ty"),
  garbage: (request) => request.socket.end("HTTP/1.1 200 OK\r\n{no header}\r\n\r\n"),
};

createServer({ maxHeaderSize: 1 << 20 }, async (request, response) => {
  const [, way, argument] = request.url.split("/");
  try {
    await (ways[way] ?? ways.headersOf)(request, response, Number(argument));
  } catch (error) {
    // An upload that breaks off is no reason to end: the next visitor would get 502.
    if (!request.destroyed) throw error;
  }
}).listen(process.env.PORT, "127.0.0.1");
