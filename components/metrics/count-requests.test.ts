import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** Starts the counter with datagrams on descriptor 3, and ends it once the one behind them is read: then it has counted them. */
const start = `
import fcntl, os, socket, struct, subprocess, sys, termios, time
theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for line in sys.argv.pop(1).split("\\n"): ours.send(line.encode())
ours.send(b"nothing to count")
os.dup2(theirs.fileno(), 3)
counter = subprocess.Popen([sys.executable, *sys.argv[1:]], pass_fds=[3])
while counter.poll() is None and struct.unpack("i", fcntl.ioctl(ours, termios.TIOCOUTQ, b"0000"))[0]:
    time.sleep(0.02)
counter.terminate()
sys.exit(counter.wait())
`;

const counter = join(import.meta.dirname, "count-requests.py");

const counts = {
  statuses: [0, 4, 0, 0, 0],
  own: 0,
  sent: 1,
  received: 1,
  seconds: 0.5,
  within: [0, 0, 0, 0],
  slowest: 0,
};
const day = new Date().toISOString().slice(0, 10);
const whole = (of: object) =>
  JSON.stringify({ day, sites: { "1 www": { total: counts, day: counts, last: 1, ...of } } });

test.each<readonly [what: string, text: string | undefined, requests: number]>([
  ["none yet", undefined, 1],
  ["a whole one, of a release without hits", whole({}), 5],
  ["an empty one", "", 1],
  ["one that is cut", whole({}).slice(0, 60), 1],
  ...[
    "null",
    "7",
    "[]",
    "{}",
    '{"day":1,"sites":{}}',
    '{"day":"2026-11-27","sites":[]}',
    '{"day":"2026-11-27","sites":{"x":{}}}',
  ].map((text) => [text, text, 1] as const),
  ["a site without its counts", whole({ total: null }), 1],
  ["counts of another shape", whole({ day: { ...counts, statuses: [1] } }), 1],
  ["a count that is none", whole({ total: { ...counts, sent: "x" } }), 1],
])("requests are counted on, or anew from a damaged file: %s", (_what, text, requests) => {
  const state = mkdtempSync(join(tmpdir(), "fairhost-requests-"));
  try {
    const kept = join(state, "web-sites.json");
    if (text !== undefined) writeFileSync(kept, text);
    execFileSync("python3", [
      "-c",
      start,
      "seen: 1 www 200 10 20 0.1 -,- 0.1",
      ...[counter, state, state, mkdtempSync(join(state, "woken-"))],
    ]);
    const read = JSON.parse(readFileSync(kept, "utf8")) as { sites: Record<string, { total: typeof counts }> };
    expect(read.sites["1 www"]!.total.statuses).toEqual([0, requests, 0, 0, 0]);
    expect(readFileSync(join(state, "web-sites.prom"), "utf8")).toContain(`status="2xx"} ${requests}\n`);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test("an answer of the cache and a refusal of the firewall are counted, also as an older front end says it", () => {
  const state = mkdtempSync(join(tmpdir(), "fairhost-requests-"));
  try {
    const said = ["200 10 20 0.1 hit,- 0.1", "403 10 20 0.1 -,refused 0.1", "200 10 20 0.1 hit 0.1", "403 1 2 0.1 - -"];
    const lines = said.map((each) => `seen: 1 www ${each}`).join("\n");
    execFileSync("python3", ["-c", start, lines, counter, state, state, mkdtempSync(join(state, "woken-"))]);
    const text = readFileSync(join(state, "web-sites.prom"), "utf8");
    const of = (name: string) => Number(new RegExp(`_${name}\\{[^}]*\\} (\\d+)`).exec(text)![1]);
    expect([of("cache_hits_total"), of("waf_refusals_total"), of("front_end_answers_total")]).toEqual([2, 1, 1]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test("starts of programs are counted once, and nothing else that lies there", () => {
  const state = mkdtempSync(join(tmpdir(), "fairhost-requests-"));
  try {
    const woken = mkdtempSync(join(state, "woken-"));
    const left = { "account-1-http-www": "...", "account-2-http-my-app": ".", "account-1-service-worker": "." };
    for (const [unit, starts] of Object.entries(left)) writeFileSync(join(woken, unit), starts);
    const once = () => execFileSync("python3", ["-c", start, "nothing", counter, state, state, woken]);
    once();
    once();
    const text = readFileSync(join(state, "web-sites.prom"), "utf8");
    expect(text.match(/_starts_total\{.*/g)).toEqual([
      '_starts_total{account="1",web_site="www"} 3',
      '_starts_total{account="2",web_site="my-app"} 1',
    ]);
    expect(readdirSync(woken)).toEqual([]);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

describe("the page of an account", () => {
  /** Lets a day end, whose counts of web sites are these, by `<account> <server>`, and gives the logs of account 1 to look at. */
  function endOfDay<T>(
    days: readonly (readonly [day: string, sites: object])[],
    look: (logs: string) => T,
    before = (_logs: string) => {},
  ): T {
    const state = mkdtempSync(join(tmpdir(), "fairhost-requests-"));
    try {
      const logs = join(state, "1", "admin", "logs");
      mkdirSync(logs, { recursive: true });
      before(logs);
      for (const [of, sites] of days) {
        const each = Object.entries(sites).map(([key, counted]) => [
          key,
          { total: counts, day: { ...counts, ...counted }, last: Date.now() / 1000 },
        ]);
        writeFileSync(join(state, "web-sites.json"), JSON.stringify({ day: of, sites: Object.fromEntries(each) }));
        execFileSync("python3", ["-c", start, "nothing", counter, state, state, mkdtempSync(join(state, "woken-"))], {
          stdio: ["ignore", "pipe", "ignore"],
        });
      }
      return look(logs);
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  }
  const read = (logs: string) => readFileSync(join(logs, "web-sites.html"), "utf8");
  const rows = (text: string) =>
    [...text.matchAll(/<tr>(<td>.*)<\/tr>/g)].map(([, row]) =>
      [...row!.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell),
    );

  test("has a row for each day and web site, the newest first, with the figures of the line", () => {
    const www = {
      statuses: [0, 10, 0, 3, 1],
      own: 2,
      hits: 4,
      refused: 1,
      woken: 5,
      sent: 51_202_113,
      received: 523_004,
      seconds: 1.4,
      slowest: 0.25,
    };
    const [text, log] = endOfDay(
      [
        ["2026-01-01", { "1 www": {}, "1 app": { statuses: [0, 0, 0, 0, 0] }, "2 other": {} }],
        ["2026-01-02", { "1 www": www, "1 shop": {} }],
      ],
      (logs) => [read(logs), readFileSync(join(logs, "web-sites.log"), "utf8")],
    );
    expect(rows(text)).toEqual([
      ["2026-01-02", "shop", "4", "0", "0", "0", "0", "0", "0", "0.00 MB", "0.00 MB", "0.125 s", "0.000 s"],
      ["2026-01-02", "www", "14", "3", "1", "2", "4", "1", "5", "51.20 MB", "0.52 MB", "0.100 s", "0.250 s"],
      ["2026-01-01", "www", "4", "0", "0", "0", "0", "0", "0", "0.00 MB", "0.00 MB", "0.125 s", "0.000 s"],
    ]);
    expect(log).toContain(
      "2026-01-02 www: 14 requests, 3 with a status of 400 to 499, 1 of 500 or more, 2 answered by the front end, 4 by its cache, 1 refused by its firewall, 5 starts, 51202113 bytes sent, 523004 received, 0.100 s on average, 0.250 s at most\n",
    );
    expect(text.match(/<th>/g)).toHaveLength(rows(text)[0]!.length);
  });

  test("needs nothing from elsewhere, runs nothing, and lets nothing in", () => {
    const text = endOfDay([["2026-01-01", { "1 www": {}, '1 <script>alert("x")</script>': {} }]], read);
    expect(text).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(text).not.toMatch(/<script|src=|href=|url\(|@import|\son\w+=/i);
    expect(text).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
  });

  test("is as large as its bound, whatever it was before", () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [`1 a-name-as-long-as-may-${at}`, { sent: 1e15 }]),
    );
    const [text, names] = endOfDay(
      [
        ["2026-01-01", many],
        ["2026-01-02", many],
        ["2026-01-03", { "1 www": {} }],
      ],
      (logs) => [read(logs), readdirSync(logs)],
      (logs) =>
        writeFileSync(
          join(logs, "web-sites.html"),
          `<tr><td>2026-01-01</td><td onclick=x>www</td></tr>${"x".repeat(2_000_000)}`,
        ),
    );
    expect(rows(text).map(([of]) => of)).toEqual([
      "2026-01-03",
      ...Array(300).fill("2026-01-02"),
      ...Array(99).fill("2026-01-01"),
    ]);
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toMatch(/onclick|xxx/);
    expect(names.sort()).toEqual(["web-sites.html", "web-sites.log"]);
  });

  test("a day that is reported twice is there once, and a link is not followed", () => {
    const twice = ["2026-01-01", { "1 www": {} }] as const;
    expect(rows(endOfDay([twice, twice], read))).toHaveLength(1);
    const text = endOfDay(
      [twice],
      (logs) => readFileSync(join(logs, "elsewhere"), "utf8"),
      (logs) => {
        writeFileSync(join(logs, "elsewhere"), "as it was");
        symlinkSync("elsewhere", join(logs, "web-sites.html.new"));
      },
    );
    expect(text).toBe("as it was");
  });
});
