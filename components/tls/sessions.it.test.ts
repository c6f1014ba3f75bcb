import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** Sessions that visitors resume with tickets, and the keys of these: nginx makes and changes them in the memory of its workers. */
const owners = ["alice", "bob"];
const accounts = owners.map((name, index) => ({
  ...{ number: index + 1, name },
  servers: [{ ...staticServer("web"), https: true, hostnames: [`${name}.test`] }],
}));
const versions = ["tls1_2", "tls1_3"];

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

/**
 * A request over TLS.
 * @param more options of openssl: `-sess_out` keeps the session, `-sess_in` resumes it
 * @returns whether the session was resumed, the name of the key of the last ticket (RFC 5077, section 4: its first 16 bytes), and the page
 */
async function visit(version: string, more = "", name = "alice.test") {
  const request = `GET / HTTP/1.0\\r\\nHost: ${name}\\r\\n\\r\\n`;
  const client = `openssl s_client -connect [::1]:443 -servername ${name} -${version} -ign_eof ${more}`;
  const said = await sh(`printf '${request}' | ${client} 2>&1`);
  const [first] = said.match(/^(?:New|Reused), TLSv[\d.]+/m) ?? [];
  const keys = [...said.matchAll(/^ +0000 - ([0-9a-f -]{47})/gm)].map(([, key]) => key!);
  return { resumed: first?.startsWith("Reused"), key: keys.at(-1), page: /Hello from (\w+)/.exec(said)?.[1] };
}

beforeAll(async () => {
  host = await bootContainer({ name: "sessions" });
  await placeBundle(host, renderBundle(withCertificates(accounts), "web1"));
  for (const { number, name } of accounts)
    await host.writeFile(`/srv/accounts/${number}/home/www/index.html`, `Hello from ${name}\n`);
  await sh("until [ -e /var/lib/fairhost-certificates/bob.test.pem ]; do sleep 0.1; done");
});
afterAll(() => host?.stop());

describe.each(versions)("a session of %s", (version) => {
  const kept = `/root/${version}`;

  test("is resumed, by whichever worker, and after a reload", async () => {
    const first = await visit(version, `-sess_out ${kept}`);
    expect(first).toEqual({ resumed: false, key: expect.any(String), page: "alice" });
    for (let time = 0; time < 6; time++)
      expect(await visit(version, `-sess_in ${kept}`)).toEqual({ ...first, resumed: true });
    const workers = () => sh("pgrep -f 'nginx: worker process$' | sort | xargs");
    const before = await workers();
    await sh("systemctl reload nginx");
    await expect
      .poll(async () => (await workers()).split(" ").some((pid) => before.split(" ").includes(pid)))
      .toBe(false);
    expect(await visit(version, `-sess_in ${kept}`)).toEqual({ ...first, resumed: true });
  });

  test("of one account leads nobody to it who asks for another", async () => {
    expect(await visit(version, `-sess_in ${kept}`, "bob.test")).toMatchObject({ page: "bob" });
  });
});

test("keys are made by each front end, and by no host like another: a new one knows none of before", async () => {
  const before = await Promise.all(versions.map((version) => visit(version, `-sess_in /root/${version}`)));
  expect(before.map(({ resumed }) => resumed)).toEqual([true, true]);
  await sh("systemctl restart nginx");
  for (const [index, version] of versions.entries()) {
    const after = await visit(version, `-sess_in /root/${version}`);
    expect(after).toMatchObject({ resumed: false, page: "alice" });
    expect(after.key).not.toBe(before[index]!.key);
  }
});

test("keys change when the time of a session is over, and sessions of a key of before are refused", async () => {
  const configuration = `${currentGeneration}/nginx/nginx.conf`;
  // In force it is a day.
  await sh(`sed -i 's/ssl_session_timeout 1d;/ssl_session_timeout 2s;/' ${configuration} && systemctl restart nginx`);
  const first = await Promise.all(versions.map((version) => visit(version, `-sess_out /root/${version}`)));
  const keys = new Set(first.map(({ key }) => key));
  await expect
    .poll(async () => keys.add((await visit("tls1_3")).key).size, { timeout: 120_000, interval: 500 })
    .toBeGreaterThanOrEqual(4);
  for (const version of versions)
    expect(await visit(version, `-sess_in /root/${version}`)).toMatchObject({ resumed: false, page: "alice" });
});
