import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../../cli/password.ts";
import { certificates, fallback } from "../../../delivery/protocol/certificates.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, type FixtureAccount, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../../declaring.ts";

const password = "correct horse: battery";
const passwordHash = await hashPassword(password);
const other = "another long word";
const user = (name: string, directory: string, hash = passwordHash): NonNullable<FixtureAccount["users"]>[number] => ({
  name,
  directory,
  protocols: ["webdav"],
  keys: [],
  passwordHash: hash,
});
const accounts: readonly FixtureAccount[] = [
  {
    number: 1,
    name: "alice",
    servers: [staticServer("web")],
    users: [user("ada", "."), user("drop_in", "www/in"), user("late", "missing")],
  },
  { number: 2, name: "bob", servers: [staticServer("web")], users: [user("ada", ".", await hashPassword(other))] },
];

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const soon = { timeout: 20_000, interval: 200 };
const base = "https://web.alice.test/.webdav";
/** A request over HTTPS, to a front end whose certificate nobody knows yet. */
const curl = (path: string, words = "", who = "ada", given = password, at = base) =>
  sh(
    `curl -sS -k -g --max-time 60 --connect-to ::[::1]: --path-as-is ${words} -u '${who}:${given}' '${at}/${path}' </dev/null`,
  );
const status = (path: string, words = "", who = "ada", given = password, at = base) =>
  curl(path, `-o /dev/null -w '%{http_code}' ${words}`, who, given, at);
const home = "/srv/accounts/1/home";
const units = () =>
  sh("systemctl list-units --plain --no-legend 'account-*-webdav-*.service' 'fairhost-webdav-*.service'");

beforeAll(async () => {
  host = await bootContainer({ name: "webdav" });
  const declared = declarationOf(accounts);
  const frontEnds = declared.frontEnds.map((frontEnd) => ({ ...frontEnd, ports: [80, 443] }));
  await placeBundle(host, renderBundle({ ...declared, frontEnds }, "web1"));
  await sh(
    `install -d -o a1 -g a1 ${home}/www/in; echo out >${home}/www/secret; ln -s ../secret ${home}/www/in/link; echo bob >/srv/accounts/2/home/own`,
  );
  await host.writeFile("/root/hello", "hello\n");
  const certificate = `${certificates}/${fallback}.pem`;
  await sh(`mkdir -p ${certificates} && chmod 755 ${certificates} && cd ${certificates} &&
    openssl req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nobody -keyout key -out cert 2>/dev/null &&
    cat key cert >${certificate} && chmod 644 ${certificate}`);
}, 300_000);
afterAll(() => host?.stop());

describe("a user with WebDAV", () => {
  test("brings, lists, moves, copies, locks and removes files, as the account and in no process before", async () => {
    expect(await units()).toBe("");
    expect(await status("ada/new", "-X MKCOL")).toBe("201");
    expect(await status("ada/new/hello", "-T /root/hello")).toBe("201");
    expect(await sh(`stat -c %u ${home}/new/hello && cat ${home}/new/hello`)).toBe(`${defaultUidBase + 1}\nhello\n`);
    expect(await curl("ada/new/", "-X PROPFIND -H 'Depth: 1'")).toMatch(
      /<D:href>\/\.webdav\/ada\/new\/hello<\/D:href>/,
    );
    expect(await status("ada/new/hello", `-X MOVE -H 'Destination: ${base}/ada/new/moved'`)).toBe("201");
    expect(await status("ada/new/moved", `-X COPY -H 'Destination: ${base}/ada/copied'`)).toBe("201");
    expect(await curl("ada/copied")).toBe("hello\n");
    // To another host it goes nowhere.
    expect(await status("ada/copied", "-X MOVE -H 'Destination: https://web.bob.test/.webdav/ada/x'")).toBe("400");
    const lock = `<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`;
    const locked = await curl("ada/copied", `-X LOCK -H 'Content-Type: application/xml' -d '${lock}'`);
    const token = /<D:href>(urn:uuid:[^<]+)</.exec(locked)?.[1];
    expect(await status("ada/copied", "-T /root/hello")).toBe("423");
    expect(await status("ada/copied", `-T /root/hello -H 'If: (<${token}>)'`)).toBe("204");
    expect(await status("ada/copied", `-X UNLOCK -H 'Lock-Token: <${token}>'`)).toBe("204");
    expect(await status("ada/copied", "-X DELETE")).toBe("204");
    expect(await curl("ada/", "-i -X OPTIONS")).toMatch(/^dav: 1,2/im);
  });

  test.each(["--http1.1 -H 'Transfer-Encoding: chunked'", "--http2 -H 'Content-Length:'"])(
    "a file without a length arrives whole (%s)",
    async (words) => {
      await sh("yes body | head -c 1000000 >/root/large");
      expect(await status("ada/large", `${words} -T /root/large`)).toMatch(/^20[14]$/);
      await sh(`cmp /root/large ${home}/large`);
      expect(await status("ada/large", "-X DELETE")).toBe("204");
    },
  );

  test("may send 31 KiB of headers, as much as the front end lets through", async () => {
    const large = ["1", "2", "3", "4"].map((name) => `-H 'X-Own-${name}: ${"a".repeat(7600)}'`).join(" ");
    expect(await status("ada/", `-X OPTIONS ${large}`)).toBe("200");
  });

  test("uses an ordinary client", async () => {
    const remote = `:webdav,url='${base}/ada',vendor=other,user=ada,pass=$(rclone obscure '${password}'):`;
    const rclone = (words: string) => sh(`rclone --no-check-certificate --config '' ${words} </dev/null 2>&1`);
    await sh(
      "grep -q web.alice.test /etc/hosts || echo '::1 web.alice.test' >>/etc/hosts; mkdir -p /root/tree/a/b; echo 1 >'/root/tree/a/b/ü é'",
    );
    await rclone(`copy /root/tree "${remote}tree"`);
    await rclone(`moveto "${remote}tree/a" "${remote}tree/c"`);
    expect(await rclone(`lsf -R "${remote}tree"`)).toContain("c/b/ü é\n");
    expect(await sh(`cat '${home}/tree/c/b/ü é'`)).toBe("1\n");
  });

  test("sees its directory alone, and nothing through a symlink", async () => {
    expect(await status("drop_in/mine", "-T /root/hello", "drop_in")).toBe("201");
    expect(await sh(`cat ${home}/www/in/mine`)).toBe("hello\n");
    expect(await curl("drop_in/", "-X PROPFIND -H 'Depth: 1'", "drop_in")).not.toContain("secret");
    for (const way of ["../secret", "..%2fsecret", "link", "../../ada/www/secret"])
      expect(await curl(`drop_in/${way}`, "", "drop_in"), way).not.toMatch(/^out/);
    expect(await curl("ada/www/secret")).toBe("out\n");
    // Not a directory of the account's that a program of it links to either, by whatever method.
    await sh(`echo kept >/srv/accounts/1/lib/kept; ln -s /var/lib ${home}/www/in/lib`);
    expect(await curl("drop_in/lib/", "-X PROPFIND -H 'Depth: 1'", "drop_in")).not.toContain("kept");
    for (const words of ["-T /root/hello", "-X DELETE", "-X MKCOL", `-X COPY -H 'Destination: ${base}/drop_in/got'`])
      expect([words, await status("drop_in/lib/kept", words, "drop_in")]).not.toEqual([
        words,
        expect.stringMatching(/^2/),
      ]);
    expect(await sh("cat /srv/accounts/1/lib/kept")).toBe("kept\n");
    const move = `-X MOVE -H 'Destination: ${base}/ada/stolen'`;
    expect(await status("drop_in/mine", move, "drop_in")).not.toBe("201");
  });

  test("whose directory is missing gets an error, and as soon as it is there, its files", async () => {
    expect(await status("late/", "-X PROPFIND -H 'Depth: 0'", "late")).toBe("404");
    await sh(`install -d -o a1 -g a1 ${home}/missing`);
    await expect.poll(() => status("late/", "-X PROPFIND -H 'Depth: 0'", "late"), soon).toBe("207");
  });
});

describe("nobody else gets in", () => {
  test("with a wrong password, another user's or none: the answer comes late, is counted, and says nothing", async () => {
    const begun = Date.now();
    const tries = [
      ["ada", "wrong", base],
      ["drop_in", password, base],
      ["nobody", password, base],
      ["ada", other, base],
      ["ada", password, "https://web.bob.test/.webdav"],
    ] as const;
    const answers = await Promise.all(tries.map(([who, given, at]) => status("ada/", "-X PROPFIND", who, given, at)));
    expect(answers).toEqual(tries.map(() => "401"));
    expect(Date.now() - begun).toBeGreaterThan(2900);
    await expect
      .poll(() => sh("journalctl -t fairhost-webdav -o cat | sort"), soon)
      .toBe(
        [
          "wrong password: account=1 user=UNKNOWN from=::1",
          "wrong password: account=1 user=ada from=::1",
          "wrong password: account=1 user=ada from=::1",
          "wrong password: account=1 user=drop_in from=::1",
          "wrong password: account=2 user=ada from=::1",
          "",
        ].join("\n"),
      );
    const ask = await sh(`curl -sS -k -i --connect-to ::[::1]: ${base}/ada/`);
    expect(ask).toMatch(/^HTTP\/2 401[\s\S]*^www-authenticate: Basic realm="Files"/im);
    expect(await status("ada/own", "", "ada", other, "https://web.bob.test/.webdav")).toBe("200");
  });

  test("and 50 wrong ones ban", async () => {
    await sh(`python3 -c 'import socket
s = socket.socket(1, 2); s.connect("/run/fairhost-bans.sock")
for n in range(44): s.send(b"http: ::1")'`);
    await status("ada/", "", "ada", "wrong");
    await expect.poll(() => sh("nft list set inet fairhost_bans banned6"), soon).toContain('"http 44, webdav 6"');
  });

  test("also after who counts them was started anew", async () => {
    await sh("systemctl restart fairhost-bans.socket");
    await status("ada/", "", "ada", "wrong");
    await expect.poll(() => sh("systemctl is-active fairhost-bans.service || true"), soon).toBe("active\n");
  });

  test("over HTTP, by a name of the socket, or at a path that is nobody's", async () => {
    expect(await status("ada/", "", "ada", password, "http://web.alice.test/.webdav")).toBe("403");
    // It is the account's web site's, which shows nothing that begins with a dot.
    expect(await status("ada2/")).toBe("403");
    expect(await status(".webdav-password", "", "ada", password, "https://web.alice.test")).toMatch(/^40[34]$/);
    expect(await sh("stat -c '%a %U' /run/fairhost-webdav/1 /var/lib/fairhost/current/access/webdav/1")).toBe(
      "600 www-data\n400 root\n",
    );
  });
});

test("a web site of the account is what it was", async () => {
  expect(await sh("curl -sS -o /dev/null -w '%{http_code}' http://[::1]/secret -g -H 'Host: web.alice.test'")).toBe(
    "200",
  );
});
