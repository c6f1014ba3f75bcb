import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import {
  declarationOf,
  type FixtureServer,
  programServer,
  staticServer,
} from "../../testing/fixtures/bundle-fixture.ts";

const state = "/var/lib/fairhost-web-sites";
const unit = "fairhost-web-sites.service";

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const visit = (name: string, path = "/", more = "") =>
  sh(`curl -sS -g -o /dev/null --max-time 60 ${more} http://[::1]${path} -H 'Host: ${name}'`);

/** Values of all series, by name and labels. They are written at the latest when the service ends. */
async function counts(): Promise<Record<string, number>> {
  await sh(`systemctl stop ${unit}`);
  const text = await sh(`cat ${state}/web-sites.prom 2>/dev/null || true`);
  return Object.fromEntries(
    [...text.matchAll(/^fairhost_web_site_(\S+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
}
const requests = (account: number, site: string, status: string) =>
  `requests_total{account="${account}",web_site="${site}",status="${status}xx"}`;
const of = (name: string, account: number, site: string) => `${name}{account="${account}",web_site="${site}"}`;

beforeAll(async () => {
  host = await bootContainer({ name: "metrics" });
  // Where it leads to looks like the socket of bob's web site.
  const lure: FixtureServer = {
    ...{ kind: "redirect", name: "lure", to: "http://unix:80/account-2-http-web" },
    ...{ status: 308, keepPath: false, idleSeconds: 300 },
  };
  const servers = [staticServer("web"), programServer("app", ["/usr/bin/node", "answers.mjs"]), lure];
  const declared = declarationOf([
    { number: 1, name: "alice", servers },
    { number: 2, name: "bob", servers: [staticServer("web")] },
  ]);
  const declaration = {
    ...declared,
    networks: declared.networks.map((network) => ({ ...network, shortenAddresses: true })),
    frontEnds: declared.frontEnds.map((frontEnd) => ({ ...frontEnd, address4: "192.0.2.1" })),
  };
  await placeBundle(host, renderBundle(declaration, "web1"));
  await host.writeFile("/srv/accounts/1/home/www/index.html", "x".repeat(1000));
  const program = join(import.meta.dirname, "../../testing/programs/answers.mjs");
  await host.writeFile("/srv/accounts/1/home/answers.mjs", readFileSync(program));
});
afterAll(() => host?.stop());

describe("what the administrator's Prometheus gets", () => {
  test("requests by web site, errors, bytes and times, told apart by who answered", async () => {
    await visit("web.alice.test");
    await visit("web.alice.test", "/missing");
    await visit("app.alice.test", "/status/503");
    await visit("app.alice.test", "/closes");
    await visit("app.alice.test", "/", "-H 'Content-Length: 2000000000'");
    await expect.poll(counts, { timeout: 30_000 }).toMatchObject({
      [requests(1, "web", "2")]: 1,
      [requests(1, "web", "4")]: 1,
      [requests(1, "app", "5")]: 2,
      [requests(1, "app", "4")]: 1,
      [of("front_end_answers_total", 1, "app")]: 1,
      [of("front_end_answers_total", 1, "web")]: 0,
      // It sleeps no more at its second request. Static servers start without a turn, which alone is counted.
      [of("starts_total", 1, "app")]: 1,
      [of("starts_total", 1, "web")]: 0,
      [of("request_seconds_count", 1, "web")]: 2,
      'request_seconds_bucket{account="1",web_site="web",le="+Inf"}': 2,
    });
    const { [of("sent_bytes_total", 1, "web")]: sent } = await counts();
    expect(sent).toBeGreaterThan(1000);
    expect(
      await sh(
        `python3 - <<'P'\nimport re\nfor line in open("${state}/web-sites.prom"): assert re.match(r'# (HELP|TYPE) \\w+ |\\w+\\{[^{}]*\\} [\\d.e+-]+$', line), line\nP`,
      ),
    ).toBe("");
  });

  test("no label comes from a visitor, and an account without visitors has none", async () => {
    await visit("unknown.test");
    await visit("lure.alice.test");
    await visit("web.alice.test", "/", "-H 'X-Forwarded-Host: evil.test'");
    await expect.poll(counts, { timeout: 30_000 }).toMatchObject({ [requests(1, "web", "2")]: 2 });
    const all = Object.keys(await counts()).join("\n");
    expect(all).not.toMatch(/unknown|evil|account="2"/);
  });

  test("goes on where it was, and nobody but root reads it or says what is counted", async () => {
    expect(await sh(`stat -c '%A %U' ${state} /run/fairhost-web-sites.sock`)).toBe(
      "drwxr-x--- root\nsrw-rw---- root\n",
    );
    await visit("web.bob.test");
    await expect
      .poll(counts, { timeout: 30_000 })
      .toMatchObject({ [requests(1, "web", "2")]: 2, [requests(2, "web", "4")]: 1 });
  });
});

test("each account finds a line and a row of a page a day for each of its web sites, and no other's", async () => {
  await sh(`systemctl stop ${unit} && sed -i -E 's/"day": "[0-9-]+"/"day": "2026-01-02"/' ${state}/web-sites.json`);
  await visit("web.bob.test");
  const log = (account: number) => sh(`cat /srv/accounts/${account}/admin/logs/web-sites.log 2>/dev/null || true`);
  await expect
    .poll(() => log(1), { timeout: 30_000 })
    .toMatch(
      /^2026-01-02 app: 3 requests, 1 with a status of 400 to 499, 2 of 500 or more, 1 answered by the front end, /m,
    );
  expect(await log(1)).toMatch(/^2026-01-02 web: 3 requests, 1 with/m);
  expect(await log(1)).not.toContain("bob");
  expect(await log(2)).toMatch(/^2026-01-02 web: 1 requests/);
  const page = (account: number) => sh(`cat /srv/accounts/${account}/admin/logs/web-sites.html`);
  await expect.poll(() => page(2), { timeout: 30_000 }).toMatch(/<td>2026-01-02<\/td><td>web<\/td><td>1<\/td>/);
  expect(await page(1)).toMatch(/<td>2026-01-02<\/td><td>app<\/td><td>3<\/td><td>1<\/td><td>2<\/td><td>1<\/td>/);
  for (const file of ["web-sites.log", "web-sites.html"])
    expect(await sh(`stat -c '%a %g' /srv/accounts/2/admin/logs/${file}`)).toBe("640 1900000002\n");
  expect(await sh("ls /srv/accounts/2/admin/logs | grep web-sites")).toBe("web-sites.html\nweb-sites.log\n");
});

test.each([
  ["127.9.8.7", "127.9.8.0"],
  ["2001:db8:1:2::7", "2001:db8:1::"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1::"],
  ["2001:db8:1::7", "2001:db8:1::"],
  ["2001:db8::7", "2001:db8::"],
  ["2001:db8::3:0:0:7", "2001:db8::"],
  ["2001::3:0:0:7", "2001::"],
  ["::1", "::"],
])("with shortenAddresses, logs have of %s only %s", async (address, logged) => {
  const six = address.includes(":");
  if (six && address !== "::1") await sh(`ip address add ${address}/128 dev lo nodad`);
  const name = `${address.replaceAll(/[.:]/g, "-")}.test`;
  for (const host of [name, "web.bob.test"]) {
    const to = `http://${six ? "[::1]" : "127.0.0.1"}/${name}`;
    await sh(`curl -sS -g -o /dev/null --max-time 60 --interface ${address} ${to} -H 'Host: ${host}'`);
  }
  // Of an account, and of the host's own for names that nobody has.
  for (const log of ["/srv/accounts/2/admin/logs/front-end/access.log", "/var/log/nginx/access.log"])
    await expect.poll(() => sh(`grep -F '/${name} ' ${log} | cut -d' ' -f1`)).toBe(`${logged}\n`);
  if (!six) return;
  await visit("web.bob.test", `/${name}`, `-H 'Content-Length: 2000000000' --interface ${address}`);
  const errors = `grep -F '/${name} ' /srv/accounts/2/admin/logs/front-end/error.log | cut -d' ' -f1`;
  await expect.poll(() => sh(errors)).toBe(`${logged}\n`);
});
