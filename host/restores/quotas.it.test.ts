import { afterAll, beforeAll, expect, test } from "vitest";
import { accountFixture } from "../../components/account/account-container.fixture.ts";
import { renderAccount } from "../../components/account/render-account.ts";
import { buildApplier } from "../../delivery/build.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { encodeBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { type RestoreRequest, restoreRequests } from "../../delivery/protocol/restores.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { bundleOf } from "../../testing/fakes/host-tree.ts";

/** Declared restores on a real ext4 with project quotas. What comes is what an earlier restore has replaced, so no backup host is needed. */
let host: OwnKernelHost;

/** 10 MB: 9 MB for the home. */
function bundleWith(restore?: RestoreRequest): Bundle {
  const limits = { ...accountFixture().limits, diskGb: 0.01, inodes: 2000 };
  const { files, account } = renderAccount(accountFixture(1, { limits }));
  const asked = restore ? [{ path: `${restoreRequests}1`, content: `${JSON.stringify(restore)}\n` }] : [];
  return bundleOf({ 1: sealGroup({ files: [...files, ...asked], units: [], account }) });
}

async function apply(bundle: Bundle): Promise<void> {
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  const stdin = JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1 });
  const { stdout, stderr, exitCode } = await host.run("fairhost-host apply", { stdin, timeout: 300_000 });
  if (exitCode !== 0) throw new Error(`${stderr}${stdout}`);
}

async function sh(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.trim();
}

const asAccount = (command: string) =>
  host.run(
    `cd /srv/accounts/1/home && setpriv --reuid=200001 --regid=200001 --clear-groups --inh-caps=-all --bounding-set=-all sh -c '${command}'`,
  );

beforeAll(async () => {
  host = await bootOwnKernel();
  await host.writeFile("/usr/local/sbin/fairhost-host", await buildApplier(), 0o755);
  await sh("fairhost-host init");
  await apply(bundleWith());
});
afterAll(() => host?.stop());

test("what an account has linked out of what is replaced counts for it still, and what it has not counts for nobody", async () => {
  await sh("chown 200001:200001 /srv/accounts/1/home");
  expect(
    await asAccount("mkdir sub && echo 1 >sub/out && echo 2 >sub/in && ln sub/in sub/in-too && ln sub/out www/out"),
  ).toMatchObject({ exitCode: 0 });
  const kept = "/srv/accounts/replaced/1/old";
  await sh(`mkdir -p ${kept}/files/home/sub ${kept}/before && chmod 700 /srv/accounts/replaced
    echo new >${kept}/files/home/sub/page && chown -R 200001:200001 ${kept}/files/home`);
  const record = { until: "2100-01-01T00:00:00Z", paths: ["home/sub"], dumps: [] };
  await host.writeFile(`${kept}/replaced.json`, JSON.stringify(record), 0o600);
  await apply(bundleWith({ account: 1, id: "x", snapshot: "before old", what: ["all"] }));
  await sh("fairhost-host restore-declared 1");
  const replaced = "/srv/accounts/replaced/1/x/files/home/sub";
  expect(await sh("cat /srv/accounts/1/home/sub/page")).toBe("new");
  const projects = await sh(`lsattr -p ${replaced} /srv/accounts/1/home/sub/page`);
  expect(
    projects
      .replaceAll(/^ *(\d+) \S+ (.*)$/gm, "$1 $2")
      .split("\n")
      .sort(),
  ).toEqual([`0 ${replaced}/in`, `0 ${replaced}/in-too`, "1 /srv/accounts/1/home/sub/page", `1 ${replaced}/out`]);
  expect(await asAccount("head -c 20000000 /dev/zero >www/out")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Disk quota exceeded"),
  });
});
