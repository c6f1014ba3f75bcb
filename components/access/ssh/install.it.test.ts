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
/** Types a script into a shell of the customer. @returns what it printed */
async function login(script: string): Promise<string> {
  const options = "-F none -o UserKnownHostsFile=/root/known_hosts -o BatchMode=yes -o ConnectTimeout=30 -i /root/ada";
  const quoted = `'${`set -e\n${script}`.replaceAll("'", "'\\''")}'`;
  const { stdout, stderr, exitCode } = await here.host.run(
    ["ip", "netns", "exec", "beyond", "sh", "-c", `ssh ${options} ada@${address} ${quoted} </dev/null`],
    { timeout: 240_000 },
  );
  if (exitCode !== 0) throw new Error(`status ${exitCode}: ${stdout}\n${stderr}`);
  return stdout.trim();
}
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
npm ls --all --parseable | wc -l
npm config set prefix ~/.local
npm install --global --registry ${registry}/npm/ greeter
cd /
greet`),
  ).toMatch(/^added 2 packages[\s\S]*\nhello shell\n3\n[\s\S]*\nhello shell$/);
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
git init -q g
echo "$HOME $PATH"`),
  ).toBe("ran\nrefused\n2\n0027\nwatched\n/home/alice /home/alice/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/games");
}, 300_000);
