import { setTimeout as sleep } from "node:timers/promises";
import { nothingDeclared } from "../../components/registry/subject.ts";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import {
  type ApplyReport,
  type Bundle,
  type BundleFile,
  type BundleGroup,
  type BundleUnit,
  currentGeneration,
  type Delivery,
} from "../../delivery/protocol/bundle.ts";
import { encodeBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { HostStatus } from "../../host/apply/status.ts";
import { bootContainer, type ContainerHost, type RunResult } from "../../lab/container.ts";
import { fixtureHost } from "../fixtures/bundle-fixture.ts";
import { accountGroup, bundleOf, hostGroup } from "./host-tree.ts";
import { succeed } from "./placed-host.ts";

const nginxDropIn: BundleFile = {
  path: "systemd/nginx.service.d/50-fairhost.conf",
  content: `[Service]
ExecStartPre=
ExecStartPre=/usr/sbin/nginx -t -q -c ${currentGeneration}/nginx/nginx.conf
ExecStart=
ExecStart=/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf
ExecReload=
ExecReload=/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf -s reload
`,
};

/** Configuration of the front end, with more lines for its server. */
export const nginx = (extra = ""): BundleFile => ({
  path: "nginx/nginx.conf",
  content: `pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { }
http {
  server { listen [::]:80; ${extra} }
  map $host $backend { include accounts/*.map; }
}
`,
});

/** The firewall, with rules for what comes in. */
export const firewall = (rules = "tcp dport 22 accept"): BundleFile => ({
  path: "nftables/fairhost.nft",
  content: `destroy table inet fairhost
table inet fairhost {
  chain input { type filter hook input priority 0; policy drop; ${rules}; ct state established accept; }
}
`,
});

/** The host's group with front end and firewall. */
export function fullHost(
  files: readonly BundleFile[] = [nginx(), firewall()],
  more: readonly BundleUnit[] = [],
): BundleGroup {
  const group = hostGroup("one", [nginxDropIn, ...files]);
  const front: BundleUnit = { name: "nginx.service", want: "start", restartOn: [nginxDropIn.path] };
  return sealGroup({ files: group.files, units: [...group.units, front, ...more] });
}

/** An account's line in the map of the front end. */
export const site = (number: number, line = `a${number}.example`): BundleFile => ({
  path: `nginx/accounts/${number}.map`,
  content: `${line} ${number};\n`,
});

/** Two accounts, front end and firewall. */
export const base = bundleOf(
  { 1: accountGroup(1, "one", [site(1)]), 2: accountGroup(2, "one", [site(2)]) },
  fullHost(),
);

/** What a deploy sends to the applier. */
export function delivery(bundle: Bundle, more: Partial<Delivery> = {}): string {
  const masterSecret = Buffer.alloc(32, 7).toString("base64");
  return JSON.stringify({ bundle: encodeBundle(bundle), masterSecret, secretEpoch: 1, ...more });
}

/** Socket of an account in {@link base}. */
export const socket = (number: number) => `account-${number}-http-blog.socket`;

/** A real Debian 13 under systemd, with the real nginx and nft, on which the bootstrap has run; SSH is a listener that only sends its banner. */
export interface AppliedHost extends AsyncDisposable {
  readonly host: ContainerHost;
  /** @param more of the delivery beside the bundle */
  apply(bundle: Bundle, more?: Partial<Delivery>): Promise<RunResult & { report: ApplyReport }>;
  status(): Promise<HostStatus>;
  /** Whether units are active, by systemd's words. */
  states(...units: string[]): Promise<string[]>;
  /** Runs a command that must succeed. @returns its output without white space around it */
  shell(command: string): Promise<string>;
  /** Repeats a command until it succeeds. @throws after these seconds, by default 60 */
  until(command: string, seconds?: number): Promise<void>;
}

/** Boots a container and runs the bootstrap on it. @param name unique in the test run */
export async function appliedHost(name: string): Promise<AppliedHost> {
  const host = await bootContainer({ name });
  const shell = async (command: string) => (await succeed(host, command)).trim();
  // Sends a banner as SSH does: the applier checks that it still answers.
  const greet =
    "import socketserver as s;h=type('H',(s.BaseRequestHandler,),{'handle':lambda x:x.request.sendall(b'SSH-2.0-x\\r\\n')});s.TCPServer.address_family=10;s.TCPServer(('::',22),h).serve_forever()";
  await shell(
    `systemd-run --quiet --unit=greeter python3 -c "${greet}"; until ss -Hltn | grep -q ':22 '; do sleep 0.05; done`,
  );
  const { script, payload } = (await loadBootstrap()).for({ declaration: nothingDeclared, host: fixtureHost }, 0);
  await succeed(host, ["/bin/sh", "-c", script], payload);
  return {
    host,
    shell,
    async apply(bundle, more) {
      const result = await host.run(["fairhost-host", "apply"], { stdin: delivery(bundle, more), timeout: 120_000 });
      if (result.stdout === "") throw new Error(result.stderr);
      return { ...result, report: JSON.parse(result.stdout) as ApplyReport };
    },
    status: async () => JSON.parse(await shell("fairhost-host status --json")) as HostStatus,
    states: async (...units) => (await host.run(["systemctl", "is-active", ...units])).stdout.trim().split("\n"),
    async until(command, seconds = 60) {
      for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(50))
        if ((await host.run(command)).exitCode === 0) return;
      throw new Error(`never true: ${command}`);
    },
    [Symbol.asyncDispose]: () => host.stop(),
  };
}
