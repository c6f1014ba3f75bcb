/**
 * `npm run bench:applications [name...]`: applications that people run, as their authors publish them, in an account's real sandbox. Installs them from
 * their registries into the cache (once: about 1 GB, minutes), boots a container of the lab's image, gives each an account, and asks it through the front end.
 * Prints a table; ends with 5 if one of them does not do what people run it for. Needs root, npm, pip and go.
 */
import Table from "cli-table3";
import { Argument, Command } from "commander";
import { execa } from "execa";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { withCertificates } from "../testing/acme-ca.ts";
import { installApplication, packageFiles } from "../testing/applications/install.ts";
import { applications, ownVerbs } from "../testing/applications/list.ts";
import { everyVerb, tryEveryVerb } from "../testing/applications/verbs.ts";
import { visitorOf } from "../testing/applications/visitor.ts";
import { appliedHost } from "../testing/fakes/applied-host.ts";
import { succeed } from "../testing/fakes/placed-host.ts";

const command = new Command("applications")
  .addArgument(
    new Argument("[name...]", "those to try; all of them if none is named").choices(
      applications.map(({ name }) => name),
    ),
  )
  .exitOverride(({ exitCode }) => process.exit(endings[exitCode === 0 ? "done" : "wrong usage"][0]))
  .parse();
const asked = command.processedArgs[0] as readonly string[];
const chosen = applications
  .map((application, index) => ({ ...application, number: index + 1 }))
  .filter(({ name }) => asked.length === 0 || asked.includes(name));

const homes = new Map<string, string>();
for (const application of chosen) {
  console.info(`installing ${application.name}`);
  homes.set(application.name, await installApplication(application));
}

await using on = await appliedHost("applications");
const { host } = on;
const root = `/proc/${host.netnsPid}/root`;
const sh = (command: string) => succeed(host, command);
const runtimes = chosen.flatMap(({ from }) => (from.registry === "debian" ? from.packages : []));
for (const { name, from } of chosen) {
  const files = from.registry === "debian" ? await packageFiles(homes.get(name)!) : [];
  if (files.length === 0) continue;
  await execa("cp", ["-t", `${root}/run`, ...files]);
  await host.run("DEBIAN_FRONTEND=noninteractive dpkg --install /run/*.deb && rm /run/*.deb", { timeout: 300_000 });
}
const declared = withCertificates(
  chosen.map(({ number, name, server, database }) => ({
    ...{ number, name, servers: [server] },
    databases: database ? [{ engine: "mariadb" as const, name: "own", connections: 10 }] : [],
  })),
);
const declaration = { ...declared, hosts: declared.hosts.map((inputs) => ({ ...inputs, runtimes })) };
const { report, stderr } = await on.apply(renderBundle(declaration, "web1"));
if (report.errors.length > 0) throw new Error(`${report.errors.join("\n")}${stderr}`);
for (const { name, number, from, files = {}, unpack, setUp } of chosen) {
  const home = `/srv/accounts/${number}/home`;
  if (from.registry !== "debian") await execa("cp", ["-rT", homes.get(name)!, `${root}${home}`]);
  for (const [path, content] of Object.entries(files)) await host.writeFile(`${home}/${path}`, content);
  if (unpack) await sh(unpack(home));
  const { uid } = declaration.accounts.find((account) => account.number === number)!;
  await sh(`chown -hR ${uid}:${uid} ${home}`);
  const asAccount = [
    "setpriv",
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
    "env",
    "-C",
    home,
    `HOME=${home}`,
  ];
  if (setUp !== undefined) await succeed(host, [...asAccount, "sh", "-c", setUp]);
}

const table = new Table({
  head: ["application", "server kind", "first answer", "next answer", ...everyVerb, ...ownVerbs, "verdict"],
});
let failed = false;
for (const { name, number, server, shows, visit } of chosen) {
  const place = {
    ...{ account: number, server: server.name, site: `${server.name}.${name}.test` },
    https: server.https ?? false,
  };
  const visitor = visitorOf(host, place);
  const first = await visitor.ask("/");
  const next = await visitor.ask("/");
  let verdict = "works";
  try {
    await visit(visitor);
  } catch (error) {
    verdict = (error as Error).message;
  }
  const { uid } = declaration.accounts.find((account) => account.number === number)!;
  const seen = await tryEveryVerb(host, visitor, place, uid);
  await visitor.rest();
  const ok = verdict === "works" && Object.values(seen).every((what) => !what.startsWith("NOT"));
  failed ||= !ok;
  const shown = ({ seconds }: { seconds: number }) => `${seconds.toFixed(seconds < 0.1 ? 3 : 1)} s`;
  const own = ownVerbs.map((verb) => (verdict === "works" ? shows?.[verb] : undefined) ?? "-");
  table.push([name, server.kind, shown(first), shown(next), ...everyVerb.map((verb) => seen[verb]), ...own, verdict]);
  console.info(`${name}: ${verdict}, ${everyVerb.map((verb) => `${verb} ${seen[verb]}`).join(", ")}`);
  if (!ok)
    console.info(
      await sh(
        `tail -n 40 /srv/accounts/${number}/admin/logs/*.log; journalctl -u account-${number}-http-${server.name} -o cat -n 20; tail -n 20 /var/log/nginx/error.log`,
      ),
    );
}
console.info(table.toString());
process.exitCode = failed ? endings.failed[0] : 0;
