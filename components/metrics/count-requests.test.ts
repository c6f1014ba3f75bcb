import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

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
