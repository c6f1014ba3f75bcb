// Answers as each request itself says, in its header X-Answer (JSON as base64url): status, headers, body, `valid` (what it answers to a condition), `cut` (ends before its
// end). Counts how often it was asked for each path: in X-Asked, and as the body's beginning.
import { createServer } from "node:http";

const asked = new Map();

/** `<10>` in a header is the time ten seconds after the answer. */
const dated = (text) =>
  text.replace(/^<(-?\d+)>$/, (_, seconds) => new Date(Date.now() + seconds * 1000).toUTCString());

createServer((request, response) => {
  const path = request.url.split("?", 1)[0];
  const number = (asked.get(path) ?? 0) + 1;
  asked.set(path, number);
  const said = JSON.parse(Buffer.from(request.headers["x-answer"] ?? "e30", "base64url").toString());
  const isCondition = request.headers["if-none-match"] ?? request.headers["if-modified-since"];
  const {
    status = 200,
    headers = {},
    body = `${number}`,
    cut,
  } = isCondition && said.valid ? { body: "", ...said.valid } : said;
  if ("Date" in headers) response.sendDate = false;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers))
    response.setHeader(name, typeof value === "string" ? dated(value) : value);
  response.setHeader("X-Asked", `${number}`);
  if (cut === "chunks") return void response.write(body, () => setTimeout(() => response.destroy(), 50));
  if (cut === "length") {
    response.setHeader("Content-Length", Buffer.byteLength(body) + 10);
    return void response.write(body, () => setTimeout(() => response.destroy(), 50));
  }
  response.end(status === 204 || status === 304 ? "" : body);
}).listen(process.env.PORT, "127.0.0.1");
