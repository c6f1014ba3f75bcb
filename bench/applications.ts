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
import { bootContainer } from "../lab/container.ts";
import { placeBundle, succeed } from "../testing/fakes/placed-host.ts";
import { declarationOf } from "../testing/fixtures/bundle-fixture.ts";
import { installApplication, packageFiles } from "./applications/install.ts";
import { applications, type Visitor } from "./applications/list.ts";

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

await using host = await bootContainer({ name: "applications" });
const root = `/proc/${host.netnsPid}/root`;
const sh = (command: string) => succeed(host, command);
const runtimes = chosen.flatMap(({ from }) => (from.registry === "debian" ? from.packages : []));
for (const { name, from } of chosen) {
  const files = from.registry === "debian" ? await packageFiles(homes.get(name)!) : [];
  if (files.length === 0) continue;
  await execa("cp", ["-t", `${root}/run`, ...files]);
  await host.run("dpkg --install /run/*.deb && rm /run/*.deb", { timeout: 300_000 });
}
const declaration = declarationOf(
  chosen.map(({ number, name, server }) => ({ number, name, servers: [server] })),
  { runtimes },
);
await placeBundle(host, renderBundle(declaration, "web1"));
for (const { name, number, from, files = {}, share } of chosen) {
  const home = `/srv/accounts/${number}/home`;
  if (from.registry !== "debian") await execa("cp", ["-rT", homes.get(name)!, `${root}${home}`]);
  for (const [path, content] of Object.entries(files)) await host.writeFile(`${home}/${path}`, content);
  if (share !== undefined) await sh(`cp -r /usr/share/${share} ${home}`);
  const { uid } = declaration.accounts.find((account) => account.number === number)!;
  await sh(`chown -R ${uid}:${uid} ${home}`);
}

const table = new Table({ head: ["application", "server kind", "first answer", "next answer", "rests", "verdict"] });
let failed = false;
for (const { name, number, server, visit } of chosen) {
  const site = `${server.name}.${name}.test`;
  const ask = async (path: string, more: readonly string[]) => {
    const words = ["curl", "-sSg", "--path-as-is", "--max-time", "110", "-w", "\n%{http_code} %{time_total}"];
    const { stdout, stderr } = await host.run([...words, "-H", `Host: ${site}`, ...more, `http://[::1]${path}`], {
      timeout: 120_000,
    });
    const lines = stdout.split("\n");
    const [status = 0, seconds = 0] = lines.pop()!.split(" ").map(Number);
    return { status, seconds, body: lines.join("\n") + stderr };
  };
  const visitor: Visitor = {
    async get(path, wanted = 200, ...more) {
      const { status, body } = await ask(path, more);
      if (status !== wanted) throw new Error(`${path}: ${status}, not ${wanted}: ${body.slice(0, 300)}`);
      return body;
    },
    async python(program) {
      const { stdout, stderr } = await host.run(["python3", "-c", program, site], { timeout: 120_000 });
      return stdout + stderr;
    },
  };
  const first = await ask("/", []);
  const next = await ask("/", []);
  let verdict = "works";
  try {
    await visit(visitor);
  } catch (error) {
    verdict = (error as Error).message;
  }
  // As when it has been idle.
  const unit = `account-${number}-http-${server.name}.service`;
  await host.run(`systemctl stop ${unit}`);
  const [result = ""] = (await sh(`systemctl show -p Result --value ${unit}`)).split("\n");
  const rests = result === "success" ? "in good order" : result;
  const ok = verdict === "works" && result === "success";
  failed ||= !ok;
  const shown = ({ seconds }: { seconds: number }) => `${seconds.toFixed(seconds < 0.1 ? 3 : 1)} s`;
  table.push([name, server.kind, shown(first), shown(next), rests, verdict]);
  console.info(`${name}: ${verdict}, ${rests}`);
  if (!ok)
    console.info(await sh(`tail -n 40 /srv/accounts/${number}/admin/logs/*.log; journalctl -u ${unit} -o cat -n 20`));
}
console.info(table.toString());
process.exitCode = failed ? endings.failed[0] : 0;
