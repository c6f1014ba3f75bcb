// Answers as its query says, and counts how often it was asked for each address: what a cache gives again has an old number.
// ?NAME=VALUE: a header. status=CODE: from the second request on. bytes=N or chunked=N: a body of that size. echo=NAME: a request's header.
import { createServer } from "node:http";

const asked = new Map();

createServer({ maxHeaderSize: 1 << 20 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const number = (asked.get(pathname) ?? 0) + 1;
  asked.set(pathname, number);
  let body = `${process.env.SERVER ?? ""}${request.method} ${number}`;
  for (const [name, value] of searchParams) {
    if (name === "status") response.statusCode = number > 1 ? Number(value) : 200;
    else if (name === "echo") body += ` ${request.headers[value.toLowerCase()]}`;
    else if (name === "bytes") body = Buffer.alloc(Number(value), `${number}`);
    else if (name === "chunked") body = Number(value);
    else if (name !== "q") response.setHeader(name, value);
  }
  if (typeof body !== "number") return void response.setHeader("Content-Length", Buffer.byteLength(body)).end(body);
  let left = body;
  const more = () => {
    while (left > 0) {
      left -= 65_536;
      if (!response.write(Buffer.alloc(65_536, `${number}`))) return void response.once("drain", more);
    }
    response.end();
  };
  more();
}).listen(process.env.PORT, "127.0.0.1");
