/** A request as bytes (latin1), and the statuses it must be answered with, in their order; none: the connection is closed. */
export type RawRequest = readonly [name: string, statuses: readonly number[], request: string];

const host = "Host: app.bob.test";
const hidden = "GET /smuggled HTTP/1.1\r\nHost: app.bob.test\r\n\r\n";

/** A request that ends the connection. */
const get = (line: string, ...headers: string[]) => [line, ...headers, "Connection: close", "", ""].join("\r\n");
/** A request with a body, whatever its headers say of it. */
const post = (body: string, ...headers: string[]) =>
  `${["POST /count HTTP/1.1", host, ...headers, "Connection: close", "", ""].join("\r\n")}${body}`;

/** Requests by which servers are confused or attacked: RFC 9112, sections 3 (targets, Host), 5 (headers), 6 and 7 (length of a body). */
export const rawRequests: readonly RawRequest[] = [
  // The name
  ["HTTP/1.0 without Host", [421], "GET /x HTTP/1.0\r\n\r\n"],
  ["HTTP/1.0 with Host", [200], `GET /x HTTP/1.0\r\n${host}\r\n\r\n`],
  ["HTTP/1.1 without Host", [400], "GET /x HTTP/1.1\r\n\r\n"],
  ["an empty Host", [400], "GET /x HTTP/1.1\r\nHost:\r\n\r\n"],
  ["two Hosts", [400], get("GET /x HTTP/1.1", host, "Host: app.alice.test")],
  ["two dots in Host", [400], get("GET /x HTTP/1.1", "Host: app..bob.test")],
  ["Host with a path", [400], get("GET /x HTTP/1.1", "Host: app.bob.test/x")],
  ["Host with a user", [421], get("GET /x HTTP/1.1", "Host: user@app.bob.test")],
  ["Host localhost", [421], get("GET /x HTTP/1.1", "Host: localhost")],
  ["Host with an IPv4 address", [421], get("GET /x HTTP/1.1", "Host: 127.0.0.1")],
  ["Host with the IPv6 address of no account", [421], get("GET /x HTTP/1.1", "Host: [::1]")],
  ["Host with a broken address", [421], get("GET /x HTTP/1.1", "Host: [::1")],
  ["an absolute target without Host", [200], "GET http://app.bob.test/x HTTP/1.0\r\n\r\n"],
  ["an absolute target over https", [200], get("GET https://app.bob.test/x HTTP/1.1", host)],
  ["an absolute target with a port that is none", [400], get("GET http://app.bob.test:8x/x HTTP/1.1", host)],
  ["HTTP/0.9", [], "GET /x\r\n"],
  // The target
  ["dots and encoded slashes", [200], get("GET /a%2Fb//c/./d/../e?x=%20&y=a+b HTTP/1.1", host)],
  ["all allowed signs", [200], get("GET /a;b=c/@:!$&'()*+,=~%E2%82%AC HTTP/1.1", host)],
  // The account's program refuses it: Node.js takes encoded bytes only.
  ["bytes above ASCII", [400], get("GET /\xc3\xa9 HTTP/1.1", host)],
  ["out of the root", [400], get("GET /../../etc/passwd HTTP/1.1", host)],
  ["a zero byte", [400], get("GET /a\0b HTTP/1.1", host)],
  ["an encoded zero byte", [400], get("GET /a%00b HTTP/1.1", host)],
  ["7 kB", [200], get(`GET /${"a".repeat(7000)} HTTP/1.1`, host)],
  ["17 kB", [414], get(`GET /${"a".repeat(17_000)} HTTP/1.1`, host)],
  ["OPTIONS *", [400], get("OPTIONS * HTTP/1.1", host)],
  // Methods
  ["HEAD", [200], get("HEAD /x HTTP/1.1", host)],
  ["PROPFIND", [200], get("PROPFIND /x HTTP/1.1", host)],
  ["TRACE", [405], get("TRACE /x HTTP/1.1", host)],
  ["CONNECT", [400], get("CONNECT app.bob.test:80 HTTP/1.1", host)],
  ["HTTP/2 without agreement", [400], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  [
    "an upgrade to h2c",
    [200],
    get("GET /x HTTP/1.1", host, "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
  ],
  // Headers
  ["an underscore in a header's name", [200], get("GET /x HTTP/1.1", host, "X_Real_IP: 9.9.9.9")],
  [
    "forged addresses",
    [200],
    get("GET /x HTTP/1.1", host, "X-Real-IP: 9.9.9.9", "X-Forwarded-For: 9.9.9.9", "Forwarded: for=9.9.9.9"),
  ],
  ["headers to strip on the way", [200], get("GET /x HTTP/1.1", host, "Connection: X-Real-IP, X-Forwarded-For")],
  ["space before the colon", [400], get("GET /x HTTP/1.1", host, "X-Ok : 1")],
  ["a folded header", [400], get("GET /x HTTP/1.1", host, "X: a\r\n b")],
  ["a header without a name", [400], get("GET /x HTTP/1.1", host, ": x")],
  ["CR alone inside a header", [400], get("GET /x HTTP/1.1", host, "X: a\rb: c")],
  ["LF alone at the ends of lines", [200], `GET /x HTTP/1.1\n${host}\nConnection: close\n\n`],
  ["a cookie of 7 kB", [200], get("GET /x HTTP/1.1", host, `Cookie: ${"a".repeat(7000)}`)],
  ["a cookie of 17 kB", [400], get("GET /x HTTP/1.1", host, `Cookie: ${"a".repeat(17_000)}`)],
  ["300 headers", [200], get("GET /x HTTP/1.1", host, ...Array.from({ length: 300 }, (_, index) => `X-${index}: y`))],
  ["an unknown expectation", [200], get("POST /count HTTP/1.1", host, "Expect: 200-maybe", "Content-Length: 0")],
  ["the expectation of 100 Continue", [100, 200], post("hello", "Expect: 100-continue", "Content-Length: 5")],
  // The length of the body
  [
    "Transfer-Encoding and Content-Length",
    [400],
    post(`0\r\n\r\n${hidden}`, "Content-Length: 6", "Transfer-Encoding: chunked"),
  ],
  ["an unknown transfer coding", [501], post(`0\r\n\r\n${hidden}`, "Transfer-Encoding: xchunked")],
  ["two transfer codings", [501], post(`0\r\n\r\n${hidden}`, "Transfer-Encoding: chunked, identity")],
  [
    "Transfer-Encoding twice",
    [400],
    post(`0\r\n\r\n${hidden}`, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
  ],
  ["space before Transfer-Encoding's colon", [400], post(`0\r\n\r\n${hidden}`, "Transfer-Encoding : chunked")],
  ["a vertical tab before the coding", [501], post(`0\r\n\r\n${hidden}`, "Transfer-Encoding:\x0bchunked")],
  [
    "chunks in HTTP/1.0",
    [400],
    `POST /count HTTP/1.0\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  ],
  ["two lengths", [400], post("ab", "Content-Length: 1", "Content-Length: 2")],
  ["the same length twice", [400], post("ab", "Content-Length: 2", "Content-Length: 2")],
  ["a length with a sign", [400], post("abcde", "Content-Length: +5")],
  ["a list of lengths", [400], post("abcde", "Content-Length: 5, 5")],
  ["a negative length", [400], post("", "Content-Length: -1")],
  [
    "chunks with extension and trailer",
    [200],
    post("5;ext=1\r\nhello\r\n3\r\nabc\r\n0\r\nX-Real-IP: 9.9.9.9\r\n\r\n", "Transfer-Encoding: chunked"),
  ],
  ["LF alone after a chunk's size", [200], post("5\nhello\n0\n\n", "Transfer-Encoding: chunked")],
  ["a chunk's size with 0x", [400], post(`0x1\r\na\r\n0\r\n\r\n${hidden}`, "Transfer-Encoding: chunked")],
  ["a chunk's size of 68 bits", [400], post("fffffffffffffffff\r\na\r\n0\r\n\r\n", "Transfer-Encoding: chunked")],
  [
    "GET with a body",
    [200],
    `GET /count HTTP/1.1\r\n${host}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab${hidden}`,
  ],
  ["two requests at once", [200, 200], `GET /1 HTTP/1.1\r\n${host}\r\n\r\n${get("GET /2 HTTP/1.1", host)}`],
];
