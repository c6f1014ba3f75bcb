import { createHash } from "node:crypto";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { imageFolder } from "../../../lab/image/tree.ts";
import { installApplication, packageFiles } from "../../../testing/applications/install.ts";
import { type Application, applications } from "../../../testing/applications/list.ts";
import { visitorOf } from "../../../testing/applications/visitor.ts";
import { type AppliedHost, appliedHost } from "../../../testing/fakes/applied-host.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";

/**
 * Programs that people run, unchanged, as Debian packs them and an inventory declares them (`runtimes`): a JVM, whose settings are links into /etc; a
 * kernel of Jupyter, which starts processes of its own and talks to them by ZeroMQ; gunicorn, which forks workers; Caddy, a web server itself.
 * `npm run bench:applications` has more of them, from their makers' registries; DokuWiki is in php.it.test.ts.
 */
const runtimes = [
  "caddy",
  "gunicorn",
  "jupyter-server",
  "openjdk-21-jre-headless",
  "python3-httpbin",
  "python3-ipykernel",
];

/** As the list of applications has them, but with Debian's Python and Caddy. */
const chosen = ["caddy", "httpbin", "java", "jupyter"].map((name, index): Application & { readonly number: number } => {
  const application = applications.find((each) => each.name === name)!;
  const { server } = application;
  if (server.kind !== "program") throw new Error(`${name} is not a program`);
  const command = server.command.map((word) =>
    word.replace(/^(.* )?(?:venv\/)?bin\/(python3|caddy)\b/, "$1/usr/bin/$2"),
  );
  return { ...application, server: { ...server, command }, number: index + 1 };
});

let on: AppliedHost;

beforeAll(async () => {
  // Packages of the image's own day: what it has is not made newer.
  const { key } = await imageFolder();
  const from = { registry: "debian", packages: runtimes } as const;
  const name = createHash("sha256").update(`${key} ${runtimes}`).digest("hex").slice(0, 16);
  const files = await packageFiles(await installApplication({ name: `runtimes-${name}`, from }));
  on = await appliedHost("debian-applications");
  await execa("cp", ["-t", `/proc/${on.host.netnsPid}/root/run`, ...files]);
  // Most of the time of an installation goes into Python's byte code and into waiting for the disk. Services are not started, as by the bootstrap.
  const { all, exitCode } = await on.host
    .run(
      "ln -sf /bin/true /usr/bin/py3compile; printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --install /run/*.deb && rm /run/*.deb",
      { timeout: 240_000 },
    )
    .then(({ stdout, stderr, exitCode }) => ({ all: stdout.slice(-2000) + stderr, exitCode }));
  expect(exitCode, all).toBe(0);
  const { report, stderr } = await on.apply(
    renderBundle(
      declarationOf(
        chosen.map(({ number, name, server }) => ({ number, name, servers: [server] })),
        { runtimes },
      ),
      "web1",
    ),
  );
  expect(report, stderr).toMatchObject({ errors: [] });
  for (const { number, files = {} } of chosen)
    for (const [path, content] of Object.entries(files))
      await on.host.writeFile(`/srv/accounts/${number}/home/${path}`, content);
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test.each(chosen)("$name: starts with its first visitor, works, and ends in good order", async (application) => {
  const { number, name, server, visit } = application;
  const visitor = visitorOf(on.host, {
    account: number,
    server: server.name,
    site: `${server.name}.${name}.test`,
    https: false,
  });
  const log = () => on.shell(`tail -n 40 /srv/accounts/${number}/admin/logs/*.log`);
  await visit(visitor).catch(async (error: Error) => expect.fail(`${error.message}\n${await log()}`));
  await visitor.rest();
  expect(await on.shell(`systemctl show -P Result account-${number}-http-${server.name}`), await log()).toBe("success");
});
