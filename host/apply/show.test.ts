import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { fullFleet } from "../../testing/fixtures/full-fleet.ts";
import { apply } from "./apply.ts";
import { isShown } from "./show.ts";

test("an account with everything finds its configuration, and neither a password's hash nor a record of the host", async () => {
  const { fleet } = await loadFleet("inventory/prod");
  const declaration = declare(fullFleet(fleet));
  const groups = declaration.hosts.flatMap(({ name }) => Object.entries(renderBundle(declaration, name).groups));
  const files = groups.flatMap(([name, group]) => (name === "host" ? [] : (group?.files ?? [])));
  const kinds = (shown: boolean) => [
    ...new Set(
      files
        .filter((file) => isShown(file) === shown)
        .map(({ path }) =>
          path
            .replaceAll(/\d+/g, "N")
            .replace(/(?<=http-|service-|task-|keys\/|users\/|passwords\/N-)[a-z][a-z0-9-]*/, "NAME"),
        ),
    ),
  ];
  expect(kinds(false).sort()).toMatchInlineSnapshot(`
    [
      "access/N/users/N.group",
      "access/N/users/N.user",
      "access/N/users/NAME.user",
      "access/N/users/NAME.user-privileged",
      "access/N/users/NAMEN.group",
      "access/N/users/NAMEN.user",
      "access/ftps/N",
      "access/passwords/N",
      "access/webdav/N",
      "backup/accounts/N",
      "backup/restores/N",
      "proc/N.meminfo",
      "repositories/accounts/N",
      "repositories/keys/NAMEN",
      "repositories/standbys/aN",
      "sites/passwords/N-NAME",
      "thresholds/account-N-task-NAME",
      "userdb/N.group",
      "userdb/N.user",
      "userdb/aN.group",
      "userdb/aN.user",
      "userdb/aN.user-privileged",
    ]
  `);
  expect(kinds(true).sort()).toMatchInlineSnapshot(`
    [
      "access/N/keys/NAME",
      "access/N/sshd.conf",
      "bird/accounts/N.conf",
      "databases/accounts/N",
      "network/accounts/N",
      "nftables/accounts/N",
      "nginx/settings/N.upstreams",
      "sites/accounts/N.certificates",
      "sites/accounts/N.own",
      "sites/names/*.plain.example.net",
      "sites/names/NaN:bNeN:N:Ndc::N",
      "sites/names/NaN:bNeN:N:NeN::N",
      "sites/names/NaN:bNeN:N:Nea::N",
      "sites/names/NaN:bNeN:N:Nec::N",
      "sites/names/NaN:bNeN:N:Ned::N",
      "sites/names/NaN:bNeN:N:Nef::N",
      "sites/names/NaN:bNeN:N:NfN::N",
      "sites/names/archive.observatory.example.org",
      "sites/names/bakery.example.com",
      "sites/names/bakery.platform.example",
      "sites/names/choir.example.org",
      "sites/names/choir.platform.example",
      "sites/names/clinic.example.org",
      "sites/names/clinic.platform.example",
      "sites/names/dispatch.example.org",
      "sites/names/dispatch.platform.example",
      "sites/names/engraver.example.org",
      "sites/names/engraver.platform.example",
      "sites/names/everything.platform.example",
      "sites/names/ferry.example.org",
      "sites/names/ferry.platform.example",
      "sites/names/guarded.example.net",
      "sites/names/members.choir.example.org",
      "sites/names/museum.example.net",
      "sites/names/museum.platform.example",
      "sites/names/node.example.net",
      "sites/names/observatory.example.org",
      "sites/names/observatory.platform.example",
      "sites/names/php.example.net",
      "sites/names/plain.example.net",
      "sites/names/press.example.com",
      "sites/names/press.platform.example",
      "sites/names/program.example.net",
      "sites/names/proxy.example.net",
      "sites/names/python.example.net",
      "sites/names/redirect.example.net",
      "sites/names/school.example.org",
      "sites/names/school.platform.example",
      "sites/names/static.example.net",
      "sites/names/theatre.example.com",
      "sites/names/theatre.platform.example",
      "sites/names/tickets.theatre.example.com",
      "sites/names/www.bakery.example.com",
      "sites/names/www.museum.example.net",
      "sites/webdav/NaN:bNeN:N:Ndc::N",
      "sites/webdav/everything.platform.example",
      "sites/webdav/guarded.example.net",
      "sites/webdav/node.example.net",
      "sites/webdav/php.example.net",
      "sites/webdav/plain.example.net",
      "sites/webdav/program.example.net",
      "sites/webdav/proxy.example.net",
      "sites/webdav/python.example.net",
      "sites/webdav/redirect.example.net",
      "sites/webdav/static.example.net",
      "systemd/account-N-.service.d/N-limits.conf",
      "systemd/account-N-.service.d/N-mounts.conf",
      "systemd/account-N-.service.d/N-network.conf",
      "systemd/account-N-cache.service",
      "systemd/account-N-ftps.socket",
      "systemd/account-N-ftps.socket.d/N-owner.conf",
      "systemd/account-N-ftps@.service",
      "systemd/account-N-ftps@.service.d/N-confine.conf",
      "systemd/account-N-http-NAME.service",
      "systemd/account-N-http-NAME.socket",
      "systemd/account-N-service-NAME.service",
      "systemd/account-N-sftp.socket",
      "systemd/account-N-sftp.socket.d/N-owner.conf",
      "systemd/account-N-sftp@.service",
      "systemd/account-N-sftp@.service.d/N-confine.conf",
      "systemd/account-N-ssh.socket",
      "systemd/account-N-ssh@.service",
      "systemd/account-N-task-NAME.service",
      "systemd/account-N-task-NAME.timer",
      "systemd/account-N-webdav-everybody.service",
      "systemd/account-N-webdav-everybody.service.d/N-confine.conf",
      "systemd/account-N-webdav-everybody.socket",
      "systemd/account-N.slice",
      "systemd/account-N.slice.d/N-plan.conf",
      "systemd/fairhost-database-local-postgresql-N.service",
      "systemd/fairhost-database-local-postgresql-N.socket",
      "systemd/fairhost-database-postgresql-N.service",
      "systemd/fairhost-database-postgresql-N.socket",
      "systemd/fairhost-ftps-N.socket",
      "systemd/fairhost-ftps-N@.service",
      "systemd/fairhost-password-N.socket",
      "systemd/fairhost-password-N@.service",
      "systemd/fairhost-ssh-N.socket",
      "systemd/fairhost-ssh-N@.service",
      "systemd/fairhost-webdav-N.service",
      "systemd/fairhost-webdav-N.socket",
      "systemd/fairhost.target.wants/account-N-cache.service",
      "systemd/fairhost.target.wants/account-N-ftps.socket",
      "systemd/fairhost.target.wants/account-N-http-NAME.service",
      "systemd/fairhost.target.wants/account-N-http-NAME.socket",
      "systemd/fairhost.target.wants/account-N-service-NAME.service",
      "systemd/fairhost.target.wants/account-N-sftp.socket",
      "systemd/fairhost.target.wants/account-N-ssh.socket",
      "systemd/fairhost.target.wants/account-N-task-NAME.timer",
      "systemd/fairhost.target.wants/account-N-webdav-everybody.socket",
      "systemd/fairhost.target.wants/fairhost-ftps-N.socket",
      "systemd/fairhost.target.wants/fairhost-password-N.socket",
      "systemd/fairhost.target.wants/fairhost-ssh-N.socket",
      "systemd/fairhost.target.wants/fairhost-webdav-N.socket",
      "varnish/N.vcl",
      "waf/accounts/N.conf",
    ]
  `);
  const hash = /:\$\w+\$/;
  for (const file of files.filter(isShown)) expect(file.content ?? "").not.toMatch(hash);
  expect(files.some(({ content = "" }) => hash.test(content))).toBe(true);
});

const shown = (tree: Tree, number: number) =>
  readdirSync(tree.at(`/srv/accounts/${number}/admin/config`), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

test("a change is shown, and what goes is gone, of this account alone", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }), secret);
  const [one, two] = [shown(tree, 1), shown(tree, 2)];
  expect(one.join("")).toContain("Description=one");
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "another"), 2: accountGroup(2) }), secret);
  expect(shown(tree, 1)).not.toEqual(one);
  expect(shown(tree, 1)).toHaveLength(one.length);
  expect(shown(tree, 2)).toEqual(two);
});

test("on a full disk the account gets what was declared and is told of no old configuration; the next apply shows it", async () => {
  using tree = new Tree();
  const bundle = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "old"), 2: accountGroup(2) }), secret);
  const full = tree.machine({
    observe: (operation, path) => {
      if (operation.startsWith("create") && path.includes("/1/admin/config/")) throw new Error("ENOSPC: no space left");
    },
  });
  const report = await apply(full, bundle, secret);
  expect(report).toMatchObject({ result: "partial", digest: bundle.digest });
  expect(report.errors).toEqual([
    {
      group: "account-1",
      path: "/srv/accounts/1/admin/config",
      message:
        "cannot be written (ENOSPC: no space left); what was declared is in force all the same: fix that and apply again",
    },
  ]);
  expect(shown(tree, 1)).toEqual([]);
  expect(await apply(tree.machine(), bundle, secret)).toMatchObject({ errors: [] });
  expect(shown(tree, 1).join("")).toContain("Description=one");
});
