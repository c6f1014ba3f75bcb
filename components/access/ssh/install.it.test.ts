import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sshHostKey } from "../../../host/store/secrets.ts";
import { bootWithOutside } from "../../../testing/fakes/outside.ts";
import { placeNpm, registry, serveRegistry } from "../../../testing/fakes/registry.ts";
import { keygen } from "../../../testing/fakes/ssh/sshd.ts";
import type { FixtureAccount, FixtureServer } from "../../../testing/fixtures/bundle-fixture.ts";

/** A customer logs in from outside, installs applications by npm, pip and Composer from registries outside, and visitors see them: no step needs root. */
const directory = mkdtempSync(join(tmpdir(), "fairhost-install-"));
const key = keygen(directory, "ada");
const servers: FixtureServer[] = [
  {
    ...{ kind: "node", name: "chat", directory: "chat", main: "node_modules/greeter/server.js", arguments: [] },
    ...{ nodeOptions: [], environment: {}, idleSeconds: 300 },
  },
  {
    ...{ kind: "python", name: "shop", directory: ".", application: "greeter:application", interface: "wsgi" },
    ...{ virtualenv: "venv", workers: 1, threads: 2, environment: {}, idleSeconds: 300 },
  },
  {
    ...{ kind: "php", name: "wiki", root: "wiki/public", fallback: "index.php", workers: 2, ini: {} },
    ...{ environment: {}, idleSeconds: 300 },
  },
];
const account: FixtureAccount = {
  ...{ number: 1, name: "alice", servers },
  users: [{ name: "ada", directory: ".", protocols: ["ssh"], keys: [key.publicKey.trim()] }],
};
const address = "fd00:8000:0:1::1";

let here: Awaited<ReturnType<typeof bootWithOutside>>;
/** From outside. @returns what it printed */
async function ssh(words: string, stdin = ""): Promise<string> {
  const options = "-F none -o UserKnownHostsFile=/root/known_hosts -o BatchMode=yes -o ConnectTimeout=30 -i /root/ada";
  const { stdout, stderr, exitCode } = await here.host.run(
    ["ip", "netns", "exec", "beyond", "sh", "-c", `TERM=xterm-256color exec ssh ${options} ${words}`],
    { timeout: 240_000, stdin },
  );
  if (exitCode !== 0) throw new Error(`status ${exitCode}: ${stdout}\n${stderr}`);
  return stdout.trim();
}
/** Runs a script as a command of the customer. */
const login = (script: string) => ssh(`ada@${address} '${`set -e\n${script}`.replaceAll("'", "'\\''")}' </dev/null`);
/** Types lines into a login shell with a terminal. */
const terminal = (lines: string) => ssh(`-tt ada@${address}`, `stty -echo\n${lines}\nexit 0\n`);
const soon = { timeout: 60_000, interval: 500 };
const get = (server: string) =>
  here.outside(`curl -sS -g --max-time 60 -H 'Host: ${server}.alice.test' -w ' %{http_code}' 'http://[${address}]/'`);

beforeAll(async () => {
  here = await bootWithOutside("install", [], [account]);
  await here.host.writeFile("/root/ada", key.privateKey, 0o600);
  const hostKey = "/var/lib/fairhost/secrets/ssh/1";
  await here.host.writeFile(hostKey, sshHostKey(Buffer.alloc(32, 7), 1, 1), 0o400);
  await here.sh(`echo '${address} '"$(ssh-keygen -y -f ${hostKey})" >>/root/known_hosts`);
  await serveRegistry(here.host);
  await placeNpm(here.host);
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await here?.host.stop();
});

test("npm: packages with a dependency, a command and a script of one's own; the site serves it", async () => {
  const log = () => login("cat ~/admin/logs/http-chat.log");
  expect((await get("chat")).stdout).toMatch(/ 502$/);
  expect(await log()).toMatch(/chat/);
  expect(
    await login(`mkdir chat
cd chat
npm init -y >/dev/null
npm pkg set scripts.build='node -e "require(\\"words\\")" && printf built >built'
npm install --registry ${registry}/npm/ greeter
npm run --silent build
npx greet
npm ls --all --parseable | wc -l`),
  ).toMatch(/^added 2 packages[\s\S]*\nhello shell\n3$/);
  await login('touch "$HOME/restart-chat"');
  await expect.poll(async () => (await get("chat")).stdout, soon).toBe("hello from node, built 200");
}, 300_000);

test("what is broken says why in its log, and is there again once it is installed anew", async () => {
  await login(`cd chat
echo 'throw new Error("broken by hand")' >node_modules/greeter/server.js
touch ~/restart-chat`);
  await expect.poll(async () => (await get("chat")).stdout, soon).toMatch(/ 502$/);
  expect(await login("tail -n 20 ~/admin/logs/http-chat.log")).toContain("Error: broken by hand");
  await login(`cd chat
rm -r node_modules
npm ci --registry ${registry}/npm/
touch ~/restart-chat`);
  await expect.poll(async () => (await get("chat")).stdout, soon).toBe("hello from node, built 200");
}, 300_000);

test("pip: into a virtual environment, and for the user; the site serves it", async () => {
  const pip = `install --no-cache-dir --index-url ${registry}/simple/ --trusted-host www.example.com`;
  expect(
    await login(`python3 -m venv venv && venv/bin/pip ${pip} greeter && venv/bin/greet
. venv/bin/activate && pip list --format=freeze | grep greeter && greet`),
  ).toMatch(/Successfully installed greeter-1.0 words-1.0\nhello shell\ngreeter==1.0\nhello shell$/);
  await expect.poll(async () => (await get("shop")).stdout, soon).toBe("hello from python 200");
}, 300_000);

test("Composer: a project with its autoloader; the site serves it", async () => {
  const settings = JSON.stringify({
    config: { "secure-http": false },
    repositories: [{ type: "composer", url: `${registry}/composer` }, { "packagist.org": false }],
  });
  const page = "<?php require __DIR__ . '/../vendor/autoload.php'; echo Acme\\Greeter::greet();";
  expect(
    await login(`mkdir -p wiki/public && cd wiki && cat >composer.json <<'END'
${settings}
END
cat >public/index.php <<'END'
${page}
END
composer require --no-interaction acme/greeter 2>&1 && vendor/bin/greet`),
  ).toMatch(/Generating autoload files[\s\S]*hello from php$/);
  await expect.poll(async () => (await get("wiki")).stdout, soon).toBe("hello from php 200");
}, 300_000);

/** Each installs a command `greet` for the user, removes it, and says what that prints. */
const pip = `PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) python3 -m pip`;
const composer = [
  "composer --quiet global config secure-http false",
  `composer --quiet global config repositories.own composer ${registry}/composer`,
  "composer --quiet global config repositories.packagist.org false",
];
const installers = {
  npm: {
    install: `npm install --global --registry ${registry}/npm/ greeter`,
    remove: "npm uninstall --global greeter",
    says: "hello shell",
  },
  pip: {
    install: `${pip} install --user --no-cache-dir --index-url ${registry}/simple/ --trusted-host www.example.com greeter`,
    remove: `${pip} uninstall --yes greeter`,
    says: "hello shell",
  },
  composer: {
    install: `${composer.join("\n")}\ncomposer --no-interaction global require acme/greeter 2>&1`,
    remove: "composer --no-interaction global remove acme/greeter 2>&1",
    says: "hello from php",
  },
} as const;

test.each(Object.entries(installers))(
  "%s: a command that is installed for the user is there by its name in the next login",
  async (_, { install, remove, says }) => {
    await login(install);
    expect(await login("cd /; greet")).toBe(says);
    expect(await terminal("echo; greet")).toContain(`\n${says}\r\n`);
    await login(remove);
    await expect(login("greet")).rejects.toThrow("status 127");
  },
  300_000,
);

test("a command, a login shell and its children find the same: one's own commands first, and what a terminal needs", async () => {
  await login(`mkdir bin; printf '#!/bin/sh\\necho mine\\n' >bin/composer; chmod +x bin/composer`);
  const home = "/home/alice";
  const own = ["bin", ".local/bin", ".config/composer/vendor/bin", ".composer/vendor/bin"].map((at) => `${home}/${at}`);
  const said = 'echo "<$HOME $LANG $(umask) $(composer) $PWD $USER>"; echo "<$PATH>"; echo "<$TERM $SHELL>"';
  const command = await login(said);
  expect(command).toContain(`<${home} C.UTF-8 0027 mine ${home} ada>`);
  const path = `<${own.join(":")}:/usr/local/bin:/usr/bin:/bin:/usr/games>`;
  expect(command).toContain(path);
  const shell = await terminal(`${said}\nbash -lc 'echo "<<$PATH>>"'; locale 2>&1 | grep -c "cannot set"`);
  expect(shell).toContain(`<${home} C.UTF-8 0027 mine ${home} ada>`);
  expect(shell).toContain(path);
  expect(shell).toContain("<xterm-256color /bin/bash>");
  expect(shell).toContain(`<${path}>`);
  // Its prompt says where it is, and no locale is missing.
  expect(shell).toMatch(/@\S+:~\$ /);
  expect(shell).toMatch(/^0\r$/m);
  await login("rm -r bin");
}, 60_000);

test("what installers do beside it works in a login", async () => {
  // Programs in /tmp, hard links and symlinks, watched files, caches below the home. Set-group-id is refused, as docs/reference/inside-the-sandbox.md says.
  expect(
    await login(`printf '#!/bin/sh\\necho ran\\n' >/tmp/x
chmod +x /tmp/x
/tmp/x
mkdir d
chmod 2775 d 2>/dev/null || echo refused
echo 1 >d/a
ln d/a d/b
ln -s a d/c
stat -c %h d/a
umask
node -e 'const fs = require("fs"); for (let n = 0; n < 300; n++) { fs.mkdirSync("d/w" + n); fs.watch("d/w" + n).unref(); } console.log("watched")'
mkdir -p .cache
git init -q g`),
  ).toBe("ran\nrefused\n2\n0027\nwatched");
}, 300_000);
