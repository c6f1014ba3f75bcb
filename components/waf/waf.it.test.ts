import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { neighbour } from "../../testing/neighbour.ts";
import { rawRequests } from "../../testing/requests/raw-requests.cases.ts";
import { accounts } from "./accounts.cases.ts";
import { attacks, sure } from "./attacks.cases.ts";

/** The firewall of a host with real rules: what it refuses, what it lets pass, whose log says so, and who does not notice it. */
const [program, dripUploads, latencies] = ["answers.mjs", "drip-uploads.py", "latencies.py"].map((name) =>
  readFileSync(join(import.meta.dirname, "../../testing/programs", name)),
);
let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

/** Asks a web site, `<server>.<account>/path`, with more words for curl. */
async function get(address: string, ...words: readonly string[]): Promise<{ status: number; body: string }> {
  const [name, path] = [address.split("/", 1)[0]!, address.slice(address.indexOf("/"))];
  const curl = ["curl", "-sS", "-g", "--path-as-is", "--max-time", "60", "-w", "\n%{http_code}"];
  const answer = await succeed(host, [...curl, "-H", `Host: ${name}.test`, `http://[::1]${path}`, ...words]);
  const end = answer.lastIndexOf("\n");
  return { status: Number(answer.slice(end + 1)), body: answer.slice(0, end) };
}
const status = async (address: string, ...words: readonly string[]) => (await get(address, ...words)).status;
const form = (text: string) => ["--data", text];
const log = (account: number) => sh(`cat /srv/accounts/${account}/admin/logs/front-end/waf.log 2>/dev/null || true`);

beforeAll(async () => {
  host = await bootContainer({ name: "waf" });
  await sh("for address in 2001:db8:5::7 2001:db8:6::7; do ip address add $address/128 dev lo nodad; done");
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  for (const { number } of accounts) await host.writeFile(`/srv/accounts/${number}/home/answers.mjs`, program!);
  await host.writeFile("/srv/accounts/1/home/www/index.html", "files");
  await sh("until test -S /run/fairhost-waf/socket; do sleep 0.1; done");
}, 120_000);
afterAll(() => host?.stop());

describe.each(["basic", "strong", "complete"])("at level %s", (level) => {
  test.each(Object.entries(attacks))("%s is refused, and its like is not", async (what, [attack, twin]) => {
    const at = ([path, ...words]: readonly string[]) => get(`${level}.alice${path}`, ...words);
    const { status, body } = await at(attack);
    if (level === "basic" && !sure.includes(what)) expect(status).toBe(200);
    else expect([status, body]).toEqual([403, expect.stringContaining("web application firewall")]);
    expect((await at(twin)).status).toBe(200);
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s, as programs with an API use it, passes", async (method) => {
    expect(await status(`${level}.alice/item`, "-X", method)).toBe(200);
  });
});

test("without a firewall everything reaches the program", async () => {
  for (const [[path, ...words]] of Object.values(attacks))
    expect(await status(`none.alice${path}`, ...words)).toBe(200);
});

test("a level refuses what the one below lets pass", async () => {
  const one = "/?q=%3Ciframe%3E";
  const seen = await Promise.all(["basic", "strong", "complete"].map((level) => status(`${level}.alice${one}`)));
  expect(seen).toEqual([200, 403, 403]);
});

test("who only watches lets pass, and writes down", async () => {
  expect(await status("watched.alice/watch?id=1%27%20OR%20%271%27=%271")).toBe(200);
  await expect.poll(() => log(1)).toMatch(/ watched \(complete\) watched: ::1 "GET \/watch\?id=[^"]+": 942\d+ SQL /);
});

test("the account's log says who was refused, where and why; nobody else's does", async () => {
  await get("app.bob/why?id=1%27%20OR%20%271%27=%271%22%0a2026%20forged");
  await expect
    .poll(() => log(2))
    .toMatch(/^\S+Z app \(strong\) refused: ::1 "GET \/why\?id=[^"]+": 942100 SQL [^\n]+\n$/);
  expect(await log(1)).not.toContain("/why");
  expect(await sh("stat -c '%a %U %g' /srv/accounts/2/admin/logs/front-end/waf.log")).toBe("640 www-data 1900000002\n");
  await expect
    .poll(() => sh("cat /srv/accounts/2/admin/logs/front-end/error.log"))
    .toMatch(/\/why\S+ \S+ \S+ 403 in .*: the web application firewall refused the request/);
});

test("refusals are counted for the administrator's Prometheus, by web site", async () => {
  const refused = async () => {
    await sh("systemctl stop fairhost-web-sites.service");
    const text = await sh("cat /var/lib/fairhost-web-sites/web-sites.prom");
    return Number(/_waf_refusals_total\{account="1",web_site="strong"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const before = await refused();
  const more = async () => {
    expect(await status("strong.alice/?q=%3Ciframe%3E")).toBe(403);
    return refused();
  };
  await expect.poll(more).toBeGreaterThan(before);
});

test("a hit with bytes that are no text is said too", async () => {
  expect(await status("app.bob/bytes", ...form("text=%3Cscript%3Ealert(%fc)%3C/script%3E%FF"))).toBe(403);
  await expect.poll(() => log(2)).toMatch(/"POST \/bytes": 941\d+ /);
});

describe("exclusions", () => {
  const sql = "?id=1%27%20OR%20%271%27=%271";
  const script = "?text=%3Cscript%3Ealert(1)%3C/script%3E";
  const shell = "?run=/bin/bash";
  const from = (address: string) => ["--interface", address];

  test("a rule that does not count, for this web site alone", async () => {
    expect(await status(`but.alice/${sql}`)).toBe(200);
    expect(await status(`strong.alice/${sql}`)).toBe(403);
  });

  test("rules that do not count below a path", async () => {
    expect(await status(`but.alice/pages/edit${script}`)).toBe(200);
    const others = [
      "/pages/../edit",
      "/pages/..%2fedit",
      "/pages%3f/../edit",
      "/pages/%2e%2e/edit",
      "/pages%5c..%5cedit",
    ];
    for (const path of ["/", "/pagesx/edit", "/PAGES/edit", ...others])
      expect([path, await status(`but.alice${path}${script}`)]).toEqual([path, 403]);
  });

  test("all rules between two do not count below a path, and the others do", async () => {
    expect(await status(`but.alice/rich${script}`)).toBe(200);
    expect(await status("but.alice/rich?file=../../../../etc/passwd")).toBe(403);
  });

  test("a rule that does not count for visitors from some addresses", async () => {
    expect(await status(`but.alice/${shell}`, ...from("2001:db8:5::7"))).toBe(200);
    expect(await status(`but.alice/${shell}`, ...from("2001:db8:6::7"))).toBe(403);
    expect(await status(`but.alice/${shell}`, ...from("2001:db8:6::7"), "-H", "X-Real-IP: 2001:db8:5::7")).toBe(403);
  });
});

test("no name of a web site is taken for a mode", async () => {
  expect(await status("watch.alice/?id=1%27%20OR%20%271%27=%271")).toBe(403);
});

test("no visitor chooses the level, the web site or the server", async () => {
  const task = `basic;watch;1;watched;${"0".repeat(32)}`;
  const backend = "unix:/run/fairhost-http/account-2-http-plain";
  const own = ["-H", `X-Fairhost-Waf: ${task}`, "-H", `X-Fairhost-Backend: ${backend}`];
  expect(await status("strong.alice/?id=1%27%20OR%20%271%27=%271", ...own)).toBe(403);
  for (const name of ["strong", "none"]) {
    const { body } = await get(`${name}.alice/`, ...own);
    expect(body).not.toMatch(/fairhost/i);
    expect(JSON.parse(body).headers).toContain(`${name}.alice.test`);
  }
});

test("no header leads past it: to a server whose connections are kept, or over a connection that becomes another", async () => {
  expect((await get("files.alice/")).body).toBe("files");
  const attack = "files.alice/?id=1%27%20OR%20%271%27=%271";
  for (const upgrade of ["] unix:", "1 GET |", "websocket", "h2c"])
    expect([upgrade, (await get(attack, "-H", `Upgrade: ${upgrade}`)).body]).toEqual([
      upgrade,
      expect.stringContaining("web application firewall"),
    ]);
  const { body } = await get("strong.alice/", "-H", "Upgrade: h2c");
  expect(body).not.toContain("h2c");
});

test("a program's own answers stay as they are, and its end is told apart from a refusal", async () => {
  expect(await get("strong.alice/status/403")).toEqual({ status: 403, body: "my own status" });
  expect(await get("strong.alice/status/502")).toEqual({ status: 502, body: "my own status" });
  expect((await get("strong.alice/says/x-fairhost-waf/refused")).status).toBe(200);
  expect((await get("strong.alice/closes")).status).toBe(502);
  await expect
    .poll(() => sh("cat /srv/accounts/1/admin/logs/front-end/error.log"))
    .toMatch(/\/closes \S+ \S+ 502 in .*: the server's socket takes no connections, or its answer is not HTTP/);
});

test("an answer arrives as it is sent, and one upload of 30 MB is looked at", async () => {
  const times = await sh(
    `curl -sSgN http://[::1]/drip/0 -H 'Host: strong.alice.test' | while read -r line; do test -z "$line" || date +%s%N; done`,
  );
  const [first, last] = [times.trim().split("\n")[0], times.trim().split("\n").at(-1)].map(Number);
  expect(last! - first!).toBeGreaterThan(1e9);
  await sh("head -c 30000000 /dev/zero > /tmp/large");
  const upload = ["-F", "file=@/tmp/large"];
  expect((await get("strong.alice/count", ...upload)).body).toMatch(/^300\d+ bytes$/);
  expect(
    await status("strong.alice/count", ...upload, "--form-string", "text=<script>alert(document.cookie)</script>"),
  ).toBe(403);
});

test.each(["plain", "app"])("forms of 30 MB, one after the other: a neighbour, %s, does not notice", async (site) => {
  await host.writeFile("/root/latencies.py", latencies!);
  expect(await status(`${site}.bob/`)).toBe(200);
  const upload = `curl -sS -g -o /dev/null -w '%{http_code}\\n' -F file=@/tmp/large -H 'Host: strong.alice.test' http://[::1]/count`;
  await sh(
    `systemd-run --quiet --unit=visitor-form --slice=visitors.slice -p StandardOutput=truncate:/run/forms sh -c "while :; do ${upload}; done"`,
  );
  const looked = async () => (await sh("cat /run/forms")).split("\n").filter((line) => line !== "");
  await expect.poll(looked).toContain("200");
  await neighbour(sh, `${site}.bob.test`).expectUnharmed(`forms of 30 MB, ${site}`);
  expect(new Set(await looked())).toEqual(new Set(["200"]));
  await sh("systemctl stop visitor-form");
});

test("a larger body is refused, however its length is said", async () => {
  await sh("head -c 36000000 /dev/zero > /tmp/larger");
  const upload = ["-F", "file=@/tmp/larger"];
  const { status: said, body } = await get("strong.alice/count", ...upload);
  expect([said, body]).toEqual([413, expect.stringContaining("32 MiB")]);
  expect(await status("strong.alice/count", ...upload, "-H", "Transfer-Encoding: chunked")).toBe(413);
  expect((await get("none.alice/count", ...upload)).body).toMatch(/^360\d+ bytes$/);
});

test("a form that would be looked at for long is refused, and takes nobody else's room", async () => {
  await sh("yes '<script>alert(1)</script>' | head -c 20000000 > /tmp/form");
  expect(await status("strong.alice/", "--data-urlencode", "text@/tmp/form")).toBe(403);
  await sh("head -c 1000000 /dev/zero > /tmp/other");
  expect((await get("app.bob/count", "-F", "file=@/tmp/other")).body).toMatch(/^100\d+ bytes$/);
  expect(await sh("systemctl show -P NRestarts fairhost-waf.service")).toBe("0\n");
});

test("web sites of seven accounts, attacked at once, leave room for an eighth's upload, and a body that drips ends", async () => {
  const main = (await sh("systemctl show -P MainPID fairhost-waf.service")).trim();
  const spool = (size: string) => sh(`nsenter -m -t ${main} mount -o remount,size=${size} /var/lib/nginx`);
  const addresses = [1, 2, 3, 4].map((n) => `2001:db8:7:${n}::7`);
  for (const address of addresses) await sh(`ip address add ${address}/128 dev lo nodad`);
  await spool("320M");
  await host.writeFile("/tmp/attack.py", dripUploads!);
  await sh(
    `systemd-run -q --unit attack sh -c 'exec python3 /tmp/attack.py ${addresses.join(" ")} > /tmp/attack.out 2>&1'`,
  );
  const said = () => sh("cat /tmp/attack.out");
  await expect.poll(said, { timeout: 60_000 }).toContain("sent");
  await sh("head -c 30000000 /dev/zero > /tmp/thirty");
  expect((await get("app.bob/count", "-F", "file=@/tmp/thirty")).body).toMatch(/^300\d+ bytes$/);
  const more = await get("files.attacked3/", "-i", "-F", "file=@/tmp/thirty");
  expect([more.status, more.body]).toEqual([503, expect.stringMatching(/Retry-After: 60[\s\S]*Too many uploads/)]);
  await expect.poll(said, { timeout: 120_000, interval: 1000 }).toContain("HTTP/1.1 408");
  // What a process held that dies counts no longer, and its files go; neither does a body after its request.
  await sh(`pkill -KILL -P ${main} nginx; systemctl stop attack`);
  // The new workers let go of what the attack sent them last.
  await expect.poll(() => spool("40M").catch(String), { timeout: 180_000, interval: 1000 }).toBe("");
  for (let time = 0; time < 2; time++)
    await expect
      .poll(async () => (await get("app.bob/count", "-F", "file=@/tmp/thirty")).body)
      .toMatch(/^300\d+ bytes$/);
  await spool("10%");
});

describe("in front of a cache", () => {
  const kept = "/says/Cache-Control/max-age=600";
  const cacheStatus = async (path: string, ...words: readonly string[]) => {
    const { body } = await get(`cached.alice${path}`, "-o", "/dev/null", "-D", "-", ...words);
    return [/^HTTP\S+ (\d+)/.exec(body)?.[1], /^cache-status: (.*)\r$/im.exec(body)?.[1]?.replace(/ttl=\d+/, "ttl")];
  };

  test("a second visitor has the answer of the cache, and an attack has none, kept or not", async () => {
    await sh("until test -S /run/fairhost-caches/1/socket; do sleep 0.1; done");
    await expect
      .poll(() => cacheStatus(`${kept}/one`))
      .toEqual(["200", expect.stringMatching(/^fairhost; (?:fwd=miss; stored|hit)/)]);
    expect(await cacheStatus(`${kept}/one`)).toEqual(["200", "fairhost; hit; ttl"]);
    const attack = `${kept}/one?id=1%27%20OR%20%271%27=%271`;
    for (let time = 0; time < 2; time++) expect(await cacheStatus(attack)).toEqual(["403", undefined]);
    // Neither did the refusal take the place of what is kept, nor is an attack answered from there in a header.
    expect(await cacheStatus(`${kept}/one`)).toEqual(["200", "fairhost; hit; ttl"]);
    expect(await cacheStatus(`${kept}/one`, "-H", "Referer: /?x=<script>alert(1)</script>")).toEqual([
      "403",
      undefined,
    ]);
  });

  test("each request is looked at once, and one that the cache answers counts as a hit", async () => {
    const attack = "?id=1%27%20OR%20%271%27=%271";
    await cacheStatus(`${kept}/two${attack}`);
    // Lines come in order: with the second one there, all of the first are.
    await cacheStatus(`${kept}/after-two${attack}`);
    await expect.poll(() => log(1)).toContain("/after-two?");
    expect((await log(1)).split("\n").filter((line) => line.includes("/two?"))).toHaveLength(1);
    await cacheStatus(`${kept}/three`);
    await cacheStatus(`${kept}/three`);
    await expect
      .poll(() => sh("cat /srv/accounts/1/admin/logs/front-end/access.log"))
      .toMatch(/\/three HTTP[^\n]* hit\n/);
  });

  test("while the cache is away the program answers, and is still protected", async () => {
    await sh("systemctl stop account-1-cache.service");
    expect(await cacheStatus(`${kept}/one`)).toEqual(["200", undefined]);
    expect((await cacheStatus(`${kept}/one?id=1%27%20OR%20%271%27=%271`))[0]).toBe("403");
    await sh("systemctl start account-1-cache.service");
  });
});

test("malformed requests are refused as without it", async () => {
  const python = `
import json, socket, sys
for name, statuses, request in json.load(sys.stdin):
    one = socket.create_connection(("::1", 80)); one.settimeout(20)
    one.sendall(request.replace("app.bob.test", "app.bob.test").encode("latin1"))
    answer = b""
    while part := one.recv(65536): answer += part
    found = [int(line.split()[1]) for line in answer.decode("latin1").split("\\r\\n") if line.startswith("HTTP/1.")]
    if 200 in found and 200 not in statuses: print(name, statuses, found)
    if b"smuggled" in answer: print("smuggled", name)
`;
  await host.writeFile("/tmp/raw.py", python);
  const { stdout, stderr } = await host.run(["python3", "/tmp/raw.py"], { stdin: JSON.stringify(rawRequests) });
  expect([stdout, stderr]).toEqual(["", ""]);
});

test("while it does not run, its web sites answer 502 and say why, and others do not notice", async () => {
  await sh("systemctl stop fairhost-waf.service");
  expect(await status("strong.alice/?id=1%27%20OR%20%271%27=%271")).toBe(502);
  expect(await status("none.alice/")).toBe(200);
  expect(await status("plain.bob/")).toBe(200);
  await expect
    .poll(() => sh("cat /srv/accounts/1/admin/logs/front-end/error.log"))
    .toContain("the web application firewall of the host does not run");
  await sh("systemctl start fairhost-waf.service");
  await expect.poll(() => status("strong.alice/")).toBe(200);
});

test("it is nobody, and sees only what it needs", async () => {
  const main = await sh("systemctl show -P MainPID fairhost-waf.service");
  const inside = (command: string) => host.run(["nsenter", "-m", "-t", main.trim(), "sh", "-c", command]);
  // A worker that was forked this moment is still root's.
  await expect
    .poll(() => sh(`ps -o user=,comm= --ppid ${main.trim()} | sort -u`))
    .toMatch(/^root +run-waf\nwww-data +nginx\n$/);
  expect((await inside("ls /root /home /var/lib/fairhost/generations 2>&1; ls /srv")).stdout).toMatch(/accounts/);
  const score = await sh("systemd-analyze security --no-pager fairhost-waf.service | tail -1");
  expect(Number(/: ([\d.]+)/.exec(score)?.[1])).toBeLessThanOrEqual(2.5);
});
