/**
 * `npm run bench:waf`: the regression cases of OWASP CRS through a front end, at the levels `strong` and `complete`: how many of those that are meant for
 * the level's rules are refused. Ends with 5 if it is less than 97 % at `strong`, or 98.5 % at `complete`. The cases come from Debian's source of the
 * host's own package, from `FAIRHOST_DEBIAN_MIRROR`. Needs root.
 */
import { readFileSync } from "node:fs";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { execa } from "execa";
import { parse } from "yaml";
import { endings } from "../../cli/exit-status.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

numbersAsked({});
const bars = { strong: { paranoia: 1, share: 0.97 }, complete: { paranoia: 2, share: 0.985 } } as const;
const levels = Object.keys(bars) as (keyof typeof bars)[];
const mirror = process.env.FAIRHOST_DEBIAN_MIRROR ?? "http://deb.debian.org/debian";

await using host = await bootContainer({ name: "bench-waf" });
const sh = (command: string) => succeed(host, ["sh", "-c", command]);
const site = (level: keyof typeof bars) => programServer(level, ["/usr/bin/node", "answers.mjs"], { waf: { level } });
await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", servers: levels.map(site) }]), "web1"));
await host.writeFile(
  "/srv/accounts/1/home/answers.mjs",
  readFileSync(join(import.meta.dirname, "../../testing/programs/answers.mjs")),
);
await sh("until test -S /run/fairhost-waf/socket; do sleep 0.1; done");

/** Of each rule the least paranoia level at which it is asked. */
const paranoia = new Map<string, number>();
for (const rule of (await sh("cat /usr/share/modsecurity-crs/rules/REQUEST-9[1-4]*.conf")).split(/^SecRule /m)) {
  const [, id] = /\bid:(\d+)/.exec(rule) ?? [];
  const [, level] = /paranoia-level\/(\d)/.exec(rule) ?? [];
  if (id && level) paranoia.set(id, Number(level));
}

interface Input {
  readonly method?: string;
  readonly uri?: string;
  readonly version?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly data?: string | readonly string[];
  readonly stop_magic?: boolean;
  readonly encoded_request?: string;
}
interface Case {
  readonly title: string;
  readonly rule: string;
  /** Base64. */
  readonly request: string;
}

async function cases(): Promise<Case[]> {
  const installed = (await sh("dpkg-query -W modsecurity-crs")).trim().split("\t").at(-1)!;
  const version = installed.replace(/-[^-]*$/, "");
  const directory = await mkdtemp(join(tmpdir(), "fairhost-bench-waf-"));
  try {
    const source = `${mirror}/pool/main/m/modsecurity-crs/modsecurity-crs_${version}.orig.tar.gz`;
    await execa("curl", ["-sSf", "-o", join(directory, "source.tar.gz"), source]);
    await execa("tar", ["-xzf", "source.tar.gz", "--wildcards", "*/tests/regression/tests/*"], { cwd: directory });
    const found: Case[] = [];
    for await (const file of glob("*/tests/regression/tests/*/*.yaml", { cwd: directory })) {
      const { meta, tests } = parse(await readFile(join(directory, file), "utf8")) as {
        meta: { enabled?: boolean };
        tests: {
          test_title: string | number;
          stages: { stage: { input: Input; output: { log_contains?: string } } }[];
        }[];
      };
      if (meta.enabled === false) continue;
      for (const { test_title, stages } of tests) {
        const { input, output } = stages.at(-1)!.stage;
        const [, rule] = /id "(\d+)"/.exec(output.log_contains ?? "") ?? [];
        if (rule) found.push({ title: `${test_title}`, rule, request: requestOf(input) });
      }
    }
    return found;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A request as the tool that the cases are written for makes it: it adds lengths and types, and encodes forms. */
function requestOf(input: Input): string {
  if (input.encoded_request !== undefined) return input.encoded_request;
  const { method = "GET", uri = "/", version = "HTTP/1.1", headers = {}, data, stop_magic: asItIs = false } = input;
  const all = new Map(Object.entries(headers).map(([name, value]) => [name, `${value ?? ""}`]));
  const has = (name: string) => [...all.keys()].some((each) => each.toLowerCase() === name);
  let body = typeof data === "object" ? data.join("\r\n") : data === undefined ? "" : `${data}`;
  if (body !== "" && !asItIs) {
    if (!has("content-type")) all.set("Content-Type", "application/x-www-form-urlencoded");
    const isForm = /urlencoded/.test(all.get("Content-Type") ?? "");
    if (isForm && !body.includes("%") && body.includes("=")) body = new URLSearchParams(body).toString();
    if (!has("content-length")) all.set("Content-Length", `${Buffer.byteLength(body)}`);
  }
  if (!has("connection") && !asItIs) all.set("Connection", "close");
  const lines = [`${method} ${uri} ${version}`, ...[...all].map(([name, value]) => `${name}: ${value}`), "", ""];
  return Buffer.from(lines.join("\r\n") + body).toString("base64");
}

const send = `
import base64, concurrent.futures, json, re, socket, sys
def ask(case):
    raw = base64.b64decode(case["request"])
    # The name of the web site, unless the case is about the name.
    raw = re.sub(rb"(?im)^Host: *(localhost|127\\\\.0\\\\.0\\\\.1)(:80)?\\r$", b"Host: %s.alice.test\\r" % sys.argv[1].encode(), raw, count=1)
    try:
        one = socket.create_connection(("::1", 80), timeout=30)
        one.sendall(raw)
        answer = one.recv(65536)
        return case["title"], int(answer[9:12] or b"0") if answer.startswith(b"HTTP/1") else 0
    except OSError as error:
        return case["title"], 0
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(json.dumps(list(pool.map(ask, json.load(sys.stdin)))))
`;
await host.writeFile("/root/send.py", send);

/** One that is no attack, by which a way that refuses everything is noticed. */
const ordinary: Case = { title: "ordinary", rule: "", request: requestOf({ headers: { Host: "localhost" } }) };
const all = (await cases()).filter(({ rule }) => paranoia.has(rule));
const table = new Table({ head: ["level", "cases meant for it", "refused", "share", "at least"] });
let isEnough = true;
for (const level of levels) {
  const { paranoia: most, share: bar } = bars[level];
  const meant = all.filter(({ rule }) => paranoia.get(rule)! <= most);
  const { stdout } = await host.run(["python3", "/root/send.py", level], {
    stdin: JSON.stringify([ordinary, ...meant]),
  });
  const [[, control], ...answers] = JSON.parse(stdout) as [[string, number], ...[string, number][]];
  if (control !== 200) throw new Error(`an ordinary request got ${control} in place of 200`);
  const statuses = Object.entries(Object.groupBy(answers, ([, status]) => status));
  console.error(`At ${level}: ${statuses.map(([status, some]) => `${status}: ${some!.length}`).join(", ")}`);
  // Of another host's name: the front end has no such web site.
  const asked = answers.filter(([, status]) => status !== 421);
  const refused = asked.filter(([, status]) => [400, 403, 505].includes(status));
  const others = asked.filter((answer) => !refused.includes(answer)).map(([title]) => title);
  console.error(`Not refused at ${level}: ${others.join(" ")}`);
  const share = refused.length / asked.length;
  isEnough &&= share >= bar;
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  table.push([level, asked.length, refused.length, percent(share), percent(bar)]);
}
console.log(table.toString());
if (!isEnough) process.exitCode = endings.failed[0];
