import { execa } from "execa";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { siteFixture } from "../../components/site/site.fixture.ts";
import { declarationOf, type FixtureAccount, fixtureHost } from "../bundle-fixture.ts";
import { type AppliedHost, appliedHost } from "./applied-host.ts";

/** A host with accounts and a backup host of another site, on a link between the two. */
export interface BackupHosts extends AsyncDisposable {
  readonly web: AppliedHost;
  readonly backup: AppliedHost;
  /** Both hosts and these accounts, whose backups are kept for a week. */
  declaration(accounts: readonly FixtureAccount[]): Declaration;
}

const far = { ...siteFixture("beta"), prefix: "fd00:8100::/48" };
const [web1, bak1] = [fixtureHost.address, "fd00:8100::11"];

/** @param name unique in the test run */
export async function backupHosts(name: string): Promise<BackupHosts> {
  const [web, backup] = await Promise.all([appliedHost(`${name}-web1`), appliedHost(`${name}-bak1`)]);
  const [webPid, backupPid] = [web, backup].map(({ host }) => `${host.netnsPid}`);
  await execa("ip", [
    "link",
    "add",
    "eth0",
    "netns",
    webPid!,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    backupPid!,
  ]);
  const keys = await Promise.all(
    [
      { on: web, own: web1, other: bak1 },
      { on: backup, own: bak1, other: web1 },
    ].map(async ({ on, own, other }) => {
      await on.shell(`ip addr add ${own}/128 dev eth0 nodad && ip link set eth0 up && ip route add ${other} dev eth0`);
      const file = "/etc/ssh/ssh_host_ed25519_key";
      const key = await on.shell(`ssh-keygen -q -t ed25519 -N '' -C '' -f ${file} && cat ${file}.pub`);
      return key.split(" ").slice(0, 2).join(" ");
    }),
  );
  const ssh = (index: number, address: string) => ({ ssh: { address, port: 22, hostKey: keys[index]! } });
  return {
    web,
    backup,
    declaration(accounts) {
      const declaration = declarationOf(accounts, ssh(0, web1));
      const host = { ...fixtureHost, ...ssh(1, bak1), name: "bak1", role: "backup", site: "beta", address: bak1 };
      return {
        ...declaration,
        sites: [...declaration.sites, far],
        hosts: [...declaration.hosts, host],
        accounts: declaration.accounts.map((each) => ({ ...each, backup: { site: "beta", retentionDays: 7 } })),
        frontEnds: [...declaration.frontEnds, { host: "bak1", ports: [80], accounts: 0, httpServers: 0 }],
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([web.host.stop(), backup.host.stop()]);
    },
  };
}
