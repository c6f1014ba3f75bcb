import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../../../testing/fixtures/bundle-fixture.ts";

/** What web sites choose for themselves, beside one that chooses nothing. */
const checkout = join(import.meta.dirname, "../../..");
const node = ["/usr/bin/node", "answers.mjs"];
const policy = `default-src 'self'; report-to "x"`;

/** A hash as people make it. */
async function hashOf(password: string): Promise<string> {
  const { stdout } = await execa(process.execPath, [join(checkout, "cli/visitor-password.ts"), "kim", "--stdin"], {
    input: `${password}\n`,
  });
  return /^kim: (\S+)$/.exec(stdout)![1]!;
}

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const curl = (site: string, words: string) =>
  sh(`curl -sS -g --max-time 60 -H 'Host: ${site}.alice.test' ${words.replace(/^\//, "http://[::1]/")}`);
const status = (site: string, words: string) => curl(site, `${words} -o /dev/null -w '%{http_code}'`);
/** nginx writes a line after the answer that it is about. */
const lastError = () =>
  expect.poll(async () =>
    (await sh("tail -n 1 /srv/accounts/1/admin/logs/front-end/error.log")).trim().replace(/^.* s: /, ""),
  );

beforeAll(async () => {
  host = await bootContainer({ name: "web-site" });
  const passwords = { kim: await hashOf("correct horse"), "jo@x": await hashOf("battery") };
  const servers = [
    programServer("plain", node),
    programServer("small", node, { bodyMaxMb: 8, answerSeconds: 10 }),
    programServer("framed", node, {
      headers: { "X-Frame-Options": "DENY", "Content-Security-Policy": policy, "Cache-Control": "max-age=5" },
    }),
    programServer("closed", node, { passwords, headers: { "X-Frame-Options": "DENY" }, bodyMaxMb: 1 }),
  ];
  await placeBundle(host, renderBundle(declarationOf([{ number: 1, name: "alice", servers }]), "web1"));
  const program = readFileSync(join(checkout, "testing/programs/answers.mjs"));
  await host.writeFile("/srv/accounts/1/home/answers.mjs", program);
});
afterAll(() => host?.stop());

describe("limits that a web site chooses", () => {
  test.each([
    ["with its length", "-H 'Expect:' --data-binary @-"],
    ["in chunks", "-H 'Expect:' -T -"],
  ])(
    "a body above the site's own, sent %s, gets a page that says what to do, and a line in the log",
    async (_how, way) => {
      const sent = `head -c 9000000 /dev/zero | curl -sS -g -i --max-time 60 ${way} http://[::1]/count -H 'Host: small.alice.test'`;
      const answer = await sh(sent);
      expect(answer).toMatch(/^HTTP\/1.1 413 /m);
      expect(answer).toContain("This site takes at most 8 MiB at once. Send a smaller file");
      await lastError().toBe("the request's body is larger than 8 MiB");
      expect(await sh(sent.replace("9000000", "8388608"))).toContain("8388608 bytes");
      // Another site's limit is another one.
      expect(await sh(sent.replace("small", "plain"))).toContain("9000000 bytes");
    },
  );

  test("an answer that takes longer than the site allows", async () => {
    expect(await curl("small", "/silent -i")).toMatch(/504 [\s\S]*This site's program did not answer within 10 s/);
    await lastError().toBe("the server took no data for 60 s, or sent none for 10 s");
  });

  test("headers that are larger than every site may have", async () => {
    const large = "-H \"X-Large: $(head -c 17000 /dev/zero | tr '\\0' a)\"";
    expect(await curl("plain", `/ -i ${large}`)).toMatch(/400 [\s\S]*larger than 16 KiB[\s\S]*delete the cookies/);
  });
});

describe("headers that a web site chooses", () => {
  const headers = async (site: string, path: string) =>
    [...(await curl(site, `${path} -D - -o /dev/null`)).matchAll(/^(X-Frame|Content-Sec|Cache)[^:]*: (.*)\r$/gim)].map(
      ([, , value]) => value,
    );

  test("are on its answers, errors too, and on no other's", async () => {
    expect(await headers("framed", "/")).toEqual(["max-age=5", policy, "DENY"]);
    expect(await headers("framed", "/status/404")).toEqual(["max-age=5", policy, "DENY"]);
    expect(await headers("plain", "/")).toEqual([]);
  });

  test("do not double what the program says itself", async () => {
    expect(await headers("framed", "/says/cache-control/no-store")).toEqual(["no-store", policy, "DENY"]);
  });
});

describe("passwords of a web site", () => {
  test("let in who has one, and nobody else", async () => {
    expect(await curl("closed", "/ -i")).toMatch(
      /^HTTP\/1.1 401 [\s\S]*^WWW-Authenticate: Basic realm="[\s\S]*ask the site's owner/m,
    );
    await lastError().toBe("the request has no password of this web site, or a wrong one");
    expect(await status("closed", "/ -u 'kim:correct horse'")).toBe("200");
    expect(await status("closed", "/ -u 'jo@x:battery'")).toBe("200");
    expect(await status("closed", "/ -u 'kim:battery'")).toBe("401");
    expect(await status("closed", "/ -u 'root:'")).toBe("401");
    expect(await status("plain", "/")).toBe("200");
  });

  test("do not reach the program, which gets those of other sites", async () => {
    expect(await curl("closed", "/ -u 'kim:correct horse'")).not.toContain("Authorization");
    expect(await curl("plain", "/ -u kim:own")).toContain("Authorization");
  });

  test("stay beside limits and headers", async () => {
    expect(await curl("closed", "/ -i -u 'kim:correct horse'")).toContain("X-Frame-Options: DENY");
    const post = "-X POST -H 'Content-Length: 1048577' -H 'Expect:'";
    expect(await status("closed", `/count ${post} -u 'kim:correct horse'`)).toBe("413");
    expect(await status("closed", `/count ${post}`)).toBe("401");
  });

  test("tried without end are not checked without end, and other sites notice nothing", async () => {
    // As few as a test can use up, whatever the speed of its machine.
    await sh(
      "sed -i -E 's/rate=20r/rate=1r/; s#(rate=1r)/s#\\1/m#; s/burst=500 delay=100/burst=1 nodelay/' /var/lib/fairhost/current/nginx/nginx.conf && systemctl reload nginx",
    );
    await expect.poll(() => status("closed", "/ -u kim:wrong"), { timeout: 20_000 }).toBe("429");
    expect(await curl("closed", "/ -i -u kim:wrong")).toMatch(/^Retry-After: 5\r$[\s\S]*Try again in a few seconds/m);
    await lastError().toBe("more requests with passwords came than the front end checks");
    expect(await status("plain", "/ -u kim:own")).toBe("200");
  });
});
