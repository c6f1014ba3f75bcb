import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";

const logs = "/srv/accounts/1/admin/logs/front-end";
/** Of a line of what Apache and nginx call combined: address, user, time, request, status, bytes, referrer, agent. */
const combined =
  /^(\S+) - (\S+) \[(\d\d\/[A-Z][a-z]{2}\/\d{4}(?::\d\d){3} [+-]\d{4})\] "((?:[^"\\]|\\x[0-9A-F]{2})*)" (\d{3}) (\d+) "((?:[^"\\]|\\x[0-9A-F]{2})*)" "((?:[^"\\]|\\x[0-9A-F]{2})*)"$/;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const linesOf = async (file: string) => (await sh(`cat ${logs}/${file} 2>/dev/null || true`)).split("\n").slice(0, -1);
const bytes = (text: string) => [...Buffer.from(text, "latin1")].join(",");

/** Sends these bytes, whatever they are, and waits for the end of the answer. */
const send = (name: string, path: string, headers = "") =>
  sh(`python3 - <<'P'
import socket
with socket.create_connection(("::1", 80), 60) as front_end:
    front_end.sendall(bytes([${bytes(`GET ${path} HTTP/1.1\r\nHost: ${name}.alice.test\r\nConnection: close\r\n${headers}\r\n`)}]))
    while front_end.recv(65536): pass
P`);

/** Requests with what could end a line, a column or a string, each with a path that it is known by. */
const hostile: readonly [path: string, headers: string][] = [
  ["/quotes", 'User-Agent: a "b" \\ c\\"\r\nReferer: ", "status": 1, "\r\n'],
  ["/control", "User-Agent: a\x01\t\x1b[2J\x7f\r\n"],
  ["/not-utf8", "User-Agent: before\xff\xc0\xaf\xed\xa0\x80after\r\n"],
  ["/bytes\xff\xfe", "User-Agent: x\r\n"],
  ["/half", `User-Agent: ${"\xc3\xa9".repeat(120)}\xc3\r\n`],
  ["/long", `User-Agent: a${"\xf0\x9f\x98\x80".repeat(1000)}\r\n`],
  ["/user", `Authorization: Basic ${Buffer.from('a [b] "c\nd: e').toString("base64")}\r\n`],
  ["/other-user", `Authorization: Basic ${Buffer.from("\xff\n:x", "latin1").toString("base64")}\r\n`],
  [`/${"p".repeat(2000)}`, "User-Agent: x\r\n"],
  ["/missing?a=\"b'<script>", "User-Agent: x\r\n"],
];

beforeAll(async () => {
  host = await bootContainer({ name: "log-formats" });
  const servers = [
    staticServer("usual"),
    { ...staticServer("people"), logFormat: "combined" as const },
    { ...staticServer("machines"), logFormat: "json" as const },
  ];
  await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", servers }]), "web1"));
  await host.writeFile("/srv/accounts/1/home/www/index.html", "<p>Hello\n");
  for (const name of ["usual", "people", "machines"]) {
    await send(name, "/", "User-Agent: visitor/1.0\r\nReferer: https://example.org/\r\n");
    for (const [path, headers] of hostile) await send(name, path, headers);
    await send(name, "/large", "Content-Length: 2000000000\r\n");
  }
});
afterAll(() => host?.stop());

const requests = hostile.length + 2;

test("each web site has the files of its own form alone", async () => {
  await expect.poll(() => linesOf("access.log")).toHaveLength(requests);
  expect((await linesOf("access.log")).every((line) => line.includes(" usual.alice.test "))).toBe(true);
  await expect
    .poll(() => sh(`cd ${logs} && ls`))
    .toBe("access-machines-json.log\naccess-people-combined.log\naccess.log\nerror-machines-json.log\nerror.log\n");
  expect(await sh(`stat -c '%a %g' ${logs}/*.log | sort -u`)).toBe("644 1900000001\n");
});

test("combined: a line for each request, and no visitor ends a line or a column", async () => {
  await expect.poll(() => linesOf("access-people-combined.log")).toHaveLength(requests);
  const lines = (await linesOf("access-people-combined.log")).map((line) => combined.exec(line)?.slice(1) ?? line);
  expect(lines[0]).toEqual([
    ...["::1", "-", expect.any(String), "GET / HTTP/1.1", "200", "9"],
    ...["https://example.org/", "visitor/1.0"],
  ]);
  for (const line of lines) expect(line).toBeInstanceOf(Array);
});

describe("JSON", () => {
  const objects = async (file: string) =>
    (await linesOf(file)).map((line) => JSON.parse(line) as Record<string, string | number>);

  test("an object for each request, in UTF-8, whatever a visitor sends", async () => {
    await expect.poll(() => linesOf("access-machines-json.log")).toHaveLength(requests);
    await sh(`iconv -f UTF-8 -t UTF-32 ${logs}/access-machines-json.log >/dev/null`);
    const all = await objects("access-machines-json.log");
    expect(all[0]).toEqual({
      ...{ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+[+-]\d\d:\d\d$/), address: "::1", user: "-" },
      ...{ host: "machines.alice.test", request: "GET / HTTP/1.1", status: 200, bytes: 9, cache: "-" },
      ...{ seconds: expect.any(Number), referrer: "https://example.org/", agent: "visitor/1.0" },
    });
    const agentOf = (path: string) => all.find(({ request }) => `${request}`.startsWith(`GET ${path} `))?.agent;
    expect(agentOf("/quotes")).toBe('a "b" \\ c\\"');
    expect(agentOf("/control")).toBe("a\x01\t\x1b[2J\x7f");
    expect(agentOf("/not-utf8")).toBe("before…");
    expect(agentOf("/half")).toBe(`${"é".repeat(120)}…`);
    expect(agentOf("/long")).toBe(`a${"😀".repeat(74)}…`);
    expect(all.map(({ request }) => request)).toContain("GET /bytes…");
  });

  test("a failed request, with the cause in words", async () => {
    await expect.poll(() => linesOf("error-machines-json.log")).toHaveLength(1);
    expect((await objects("error-machines-json.log"))[0]).toMatchObject({
      ...{ request: "GET /large HTTP/1.1", status: 413, address: "::1", host: "machines.alice.test", server: "" },
      cause: "the request's body is larger than 1024 MiB",
    });
    // Whoever chose combined finds it where all others do.
    await expect
      .poll(async () => (await linesOf("error.log")).map((line) => /(\w+)\.alice\.test 413 /.exec(line)?.[1]))
      .toEqual(["usual", "people"]);
  });
});

test("requests are counted whatever the form of the logs", async () => {
  await expect
    .poll(() =>
      sh(
        "systemctl stop fairhost-web-sites.service; grep -o 'request_seconds_count{.*' /var/lib/fairhost-web-sites/web-sites.prom || true",
      ),
    )
    .toBe(
      ["machines", "people", "usual"]
        .map((name) => `request_seconds_count{account="1",web_site="${name}"} ${requests}\n`)
        .join(""),
    );
});
