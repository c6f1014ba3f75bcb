import { afterAll, beforeAll, expect, test } from "vitest";
import { accountFixture } from "../../components/account/account-container.fixture.ts";
import { renderAccount } from "../../components/account/render-account.ts";
import { buildApplier } from "../../delivery/build.ts";
import type { ApplyReport, Bundle } from "../../delivery/protocol/bundle.ts";
import { encodeBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { type RestoreRequest, restoreRequests } from "../../delivery/protocol/restores.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { bundleOf } from "../../testing/fakes/host-tree.ts";

/** Declared restores on a real ext4 with project quotas, which exchanges no files of different projects (rename(2): EXDEV). */
let host: OwnKernelHost;

/** 10 MB and 2,000 inodes: 9 MB and 1,800 for all but the logs. */
const limits = { ...accountFixture().limits, diskGb: 0.01, inodes: 2000 };
const replaced = "/srv/accounts/replaced/1";
const home = "/srv/accounts/1/home";

function bundleWith(restore?: Pick<RestoreRequest, "id" | "snapshot">): Bundle {
  const { files, account: directories } = renderAccount(accountFixture(1, { limits }));
  const request: RestoreRequest | undefined = restore && { account: 1, ...restore, what: ["all"] };
  const wish = request ? [{ path: `${restoreRequests}1`, content: `${JSON.stringify(request)}\n` }] : [];
  return bundleOf({ 1: sealGroup({ files: [...files, ...wish], units: [], account: directories }) });
}

async function apply(bundle: Bundle): Promise<ApplyReport> {
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  const stdin = JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1 });
  const { stdout, stderr } = await host.run("fairhost-host apply", { stdin, timeout: 300_000 });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as ApplyReport;
}

async function sh(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.trim();
}

const asAccount = (command: string) =>
  host.run(
    `cd ${home}/www && setpriv --reuid=200001 --regid=200001 --clear-groups --inh-caps=-all --bounding-set=-all sh -c '${command}'`,
  );

/** Megabytes that count for the account. */
async function used(): Promise<number> {
  const row = (await sh("repquota -P -n -O csv /srv/accounts")).split("\n").find((line) => line.startsWith("#1,"));
  return Math.round((Number(row?.split(",")[3]) * 1024) / 1e6);
}

/** Differences of quotas: this kernel has no packet filter, and this host no SSH server. */
async function drift(): Promise<string[]> {
  const { stdout } = await host.run("fairhost-host inspect --json </dev/null", { timeout: 120_000 });
  const { differences } = JSON.parse(stdout) as Inspection;
  return differences.filter(({ kind }) => kind === "quota-changed").map(({ message }) => message);
}

/** Delivers the wish, and does it. */
async function restore(id: string, earlier: string): Promise<string> {
  expect((await apply(bundleWith({ id, snapshot: `before ${earlier}` }))).errors).toEqual([]);
  const { stdout, stderr } = await host.run("fairhost-host restore-declared 1", { timeout: 300_000 });
  return stdout + stderr;
}

beforeAll(async () => {
  host = await bootOwnKernel();
  await host.writeFile("/usr/local/sbin/fairhost-host", await buildApplier(), 0o755);
  await sh("fairhost-host init");
  expect((await apply(bundleWith())).errors).toEqual([]);
  // What an earlier restore has replaced: 6 MB in one file.
  await sh(`mkdir -p ${replaced}/first/files && cp -a ${home} ${replaced}/first/files/home
    head -c 6000000 /dev/zero > ${replaced}/first/files/home/www/earlier; chown 200001:200001 ${replaced}/first/files/home/www/earlier
    echo '{"until": "2999-01-01T00:00:00Z", "paths": ["home"], "dumps": []}' > ${replaced}/first/replaced.json; chmod -R go= /srv/accounts/replaced`);
}, 240_000);
afterAll(() => host?.stop());

test("a full account gets back what it had: that counts for it, and what is replaced counts for nobody", async () => {
  expect((await asAccount("head -c 20000000 /dev/zero > big")).stderr).toContain("Disk quota exceeded");
  expect(await used()).toBe(9);
  expect(await restore("second", "first")).toContain("restore second is done");
  expect(await sh(`ls ${home}/www; ls ${replaced}; ls ${replaced}/second/files/home/www`)).toBe("earlier\nsecond\nbig");
  expect(await used()).toBe(6);
  expect(await asAccount("head -c 2000000 /dev/zero > more")).toMatchObject({ exitCode: 0 });
  expect((await asAccount("head -c 3000000 /dev/zero > much")).stderr).toContain("Disk quota exceeded");
  expect(await drift()).toEqual([]);
}, 240_000);

test("and it can be undone", async () => {
  expect(await restore("third", "second")).toContain("restore third is done");
  expect(await sh(`ls ${home}/www; ls ${replaced}/third/files/home/www`)).toBe("big\nearlier\nmore\nmuch");
  expect(await used()).toBe(9);
  await sh(`rm ${home}/www/big`);
  expect(await used()).toBe(0);
  expect(await asAccount("echo a > b")).toMatchObject({ exitCode: 0 });
  expect(await drift()).toEqual([]);
}, 240_000);

test("what an account has linked out of what is replaced counts for it still, and what it has not counts for nobody", async () => {
  const linked = "mkdir sub && echo 1 >sub/out && echo 2 >sub/in && ln sub/in sub/in-too && ln sub/out out";
  expect(await asAccount(linked)).toMatchObject({ exitCode: 0 });
  const kept = `${replaced}/old`;
  await sh(`mkdir -p ${kept}/files/home/www/sub && echo new >${kept}/files/home/www/sub/page
    chown -R 200001:200001 ${kept}/files/home/www/sub
    echo '{"until": "2999-01-01T00:00:00Z", "paths": ["home/www/sub"], "dumps": []}' > ${kept}/replaced.json`);
  expect(await restore("fourth", "old")).toContain("restore fourth is done");
  expect(await sh(`cat ${home}/www/sub/page`)).toBe("new");
  const before = `${replaced}/fourth/files/home/www/sub`;
  const projects = await sh(`lsattr -p ${before} ${home}/www/sub/page`);
  const each = projects.replaceAll(/^ *(\d+) \S+ (.*)$/gm, "$1 $2").split("\n");
  expect(each.sort()).toEqual([`0 ${before}/in`, `0 ${before}/in-too`, `1 ${home}/www/sub/page`, `1 ${before}/out`]);
  expect((await asAccount("head -c 20000000 /dev/zero >out")).stderr).toContain("Disk quota exceeded");
}, 240_000);
