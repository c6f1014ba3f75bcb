import { execa } from "execa";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { siteFixture } from "../../components/site/site.fixture.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationOf, type FixtureAccount, fixtureHost } from "../fixtures/bundle-fixture.ts";
import { type AppliedHost, appliedHost } from "./applied-host.ts";

/** A host with accounts and a backup host of another site, on a link between the two; another host with a link to the backup host, if it is wanted. */
export interface BackupHosts extends AsyncDisposable {
  readonly web: AppliedHost;
  readonly backup: AppliedHost;
  readonly spare?: AppliedHost;
  /** All hosts and these accounts, whose backups are kept for a week. Without web1, which is lost, they are on spare1. */
  declaration(accounts: readonly FixtureAccount[], lost?: "web1 lost"): Declaration;
  /** Brings a declaration to web1 and bak1. @throws if one of them has not applied all of it */
  deploy(declaration: Declaration): Promise<void>;
}

const far = { ...siteFixture("beta"), prefix: "fd00:8100::/48" };
const [web1, bak1, spare1] = [fixtureHost.address, "fd00:8100::11", "fd00:8000::12"];

/** @param name unique in the test run */
export async function backupHosts(name: string, also?: "spare"): Promise<BackupHosts> {
  const [web, backup, spare] = await Promise.all([
    appliedHost(`${name}-web1`),
    appliedHost(`${name}-bak1`),
    ...(also ? [appliedHost(`${name}-spare1`)] : []),
  ]);
  const ends = [{ on: web!, own: web1, link: "eth0" }, ...(spare ? [{ on: spare, own: spare1, link: "eth1" }] : [])];
  for (const { on, own, link } of ends) {
    const [near, far] = [on, backup!].map(({ host }) => `${host.netnsPid}`);
    const peer = ["peer", "name", link, "netns", far!];
    await execa("ip", ["link", "add", "eth0", "netns", near!, "type", "veth", ...peer]);
    await on.shell(`ip addr add ${own}/128 dev eth0 nodad && ip link set eth0 up && ip route add ${bak1} dev eth0`);
    await backup!.shell(
      `ip link set ${link} up && ip addr add ${bak1}/128 dev ${link} nodad && ip route add ${own} dev ${link}`,
    );
  }
  const keyOf = async (on: AppliedHost) => {
    const file = "/etc/ssh/ssh_host_ed25519_key";
    const key = await on.shell(`ssh-keygen -q -t ed25519 -N '' -C '' -f ${file} && cat ${file}.pub`);
    return key.split(" ").slice(0, 2).join(" ");
  };
  const keys = await Promise.all([web!, backup!, ...(spare ? [spare] : [])].map(keyOf));
  const ssh = (index: number, address: string) => ({ ssh: { address, port: 22, hostKey: keys[index]! } });
  const front = (host: string) => ({ host, ports: [80], accounts: 0, httpServers: 0 });
  return {
    ...{ web: web!, backup: backup! },
    ...(spare && { spare }),
    declaration(accounts, lost) {
      const declaration = declarationOf(accounts, { ...ssh(0, web1), ...(lost && { lost: "2026-11-27" }) });
      const host = { ...fixtureHost, ...ssh(1, bak1), name: "bak1", role: "backup", site: "beta", address: bak1 };
      const other = { ...fixtureHost, ...ssh(2, spare1), name: "spare1", address: spare1, asNumber: 4_200_000_012 };
      const whole: Declaration = {
        ...declaration,
        sites: [...declaration.sites, far],
        hosts: [...declaration.hosts, host, ...(spare ? [other] : [])],
        accounts: declaration.accounts.map((each) => ({ ...each, backup: { site: "beta", retentionDays: 7 } })),
        frontEnds: [...declaration.frontEnds, front("bak1"), ...(spare ? [front("spare1")] : [])],
      };
      if (lost === undefined) return whole;
      const away = <E extends { readonly host: string }>(list: readonly E[]) =>
        list.map((each) => ({ ...each, host: "spare1" }));
      const { addresses, httpServers, databases, services, tasks } = whole;
      return {
        ...whole,
        ...{ accounts: away(whole.accounts), addresses: away(addresses), httpServers: away(httpServers) },
        ...{ databases: away(databases), services: away(services), tasks: away(tasks) },
      };
    },
    async deploy(declaration) {
      for (const [on, name] of [
        [web!, "web1"],
        [backup!, "bak1"],
      ] as const) {
        const { report, stderr } = await on.apply(renderBundle(declaration, name));
        if (report.result !== "applied" || report.errors.length > 0)
          throw new Error(`${name} has not applied all: ${JSON.stringify(report)}\n${stderr}`);
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([web, backup, spare].map((each) => each?.host.stop()));
    },
  };
}
