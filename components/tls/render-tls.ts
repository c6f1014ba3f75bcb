import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { certificates, securedNames } from "../../delivery/protocol/certificates.ts";
import { dnsSecrets } from "../../delivery/protocol/dns-secrets.ts";
import { execLine, plain, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { confined } from "../host/units/confined.ts";
import { namesOf } from "../http/web-site/web-address.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import type { NetworkInputs } from "../registry/kinds.generated.ts";
import { caLimits } from "./ca-limits.ts";
import { certificateOf } from "./secured-names.ts";
import { type Dns, dnsOf } from "./wildcards.ts";

const service = "fairhost-certificates.service";
const timer = "fairhost-certificates.timer";
const script = "libexec/issue-certificates";
const own = {
  name: "fairhost-own-certificates",
  script: "libexec/own-certificates",
  description: "Certificates that accounts bring",
};
const plainHostName = plain(/(?:\*\.)?[a-z0-9.-]+/, "host name");
const plainPath = plain(/[\w./-]+/, "path in a home");
const plainWord = plain(/[\w.:/@+~%-]+/, "address");

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  // Its page that says so is reached over HTTPS too.
  whileSuspended: true,
  ofHost: ({ declaration, host }) => renderTls(declaration.networks[0]?.certificates, dnsOf(declaration, host.name)),
  ofElements: ({ account, own }) => ({ files: renderNames(account.number, own.httpServers) }),
};

/** Of one account: the names that have certificates, each with the base name of its file, and the files that the account brings. */
function renderNames(account: number, servers: readonly Hostless<"httpServers">[]): BundleFile[] {
  const secured = servers.filter(({ https }) => https === true);
  if (secured.length === 0) return [];
  const names = [...new Set(secured.flatMap(namesOf))].map(plainHostName).sort();
  const own = secured.flatMap(({ certificate, ...server }) =>
    certificate === undefined ? [] : namesOf(server).map((name) => `${name} ${plainPath(certificate)}`),
  );
  const list = (kind: string, lines: readonly string[]): BundleFile[] =>
    lines.length === 0
      ? []
      : [{ path: `${securedNames}/${account}.${kind}`, content: lines.map((line) => `${line};\n`).join("") }];
  return [
    ...list(
      "certificates",
      names.map((name) => `${name} ${certificateOf(name)}`),
    ),
    ...list("own", own),
  ];
}

/** The program that gets certificates and renews them, and its timer: when the names change, and every hour. */
function renderTls(
  ca: NetworkInputs["certificates"],
  dns: Dns | undefined,
): { files: BundleFile[]; units: BundleUnit[] } {
  if (ca === undefined) return { files: [], units: [] };
  const taking = renderOwn(dns !== undefined);
  const settings = Object.entries(dns?.settings ?? {}).map(([name, value]) => `${plainWord(name)}=${value}`);
  // lego would write wherever the owner of a name points, in any zone that the secrets reach.
  if (dns?.delegated !== true) settings.push("LEGO_DISABLE_CNAME_SUPPORT=true");
  return {
    files: [
      ...taking.files,
      {
        path: script,
        content: ownText(import.meta.dirname, "issue-certificates.sh"),
        mode: 0o755,
      },
      {
        path: `systemd/${service}`,
        content: unitFile({
          Unit: {
            Description: "Certificates of the host names of accounts",
            After: "network-online.target",
            // Several deploys within seconds are normal.
            StartLimitIntervalSec: "0",
          },
          Service: {
            ...confined,
            Type: "oneshot",
            ExecStart: execLine([
              ...[
                `${currentGeneration}/${script}`,
                plainWord(ca.directory),
                plainWord(ca.email),
                `${caLimits.ordersAnHour}`,
              ],
              ...(dns === undefined ? [] : [dns.provider, ...settings.sort()]),
            ]),
            LoadCredential: (dns?.secrets ?? []).map((name) => `dns_${plainWord(name)}:${dnsSecrets}/${name}`),
            // Root without any right beyond its own files: the keys are its own, and the front end's workers read them.
            Group: "www-data",
            CapabilityBoundingSet: "",
            UMask: "0027",
            StateDirectory: "fairhost-certificates",
            StateDirectoryMode: "0750",
            ReadWritePaths: "-/srv/accounts",
            RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6",
            MemoryMax: "512M",
            TasksMax: "200",
            CPUWeight: "20",
            TimeoutStartSec: "4h",
          },
        }),
      },
      {
        path: `systemd/${timer}`,
        content: unitFile({
          Unit: { Description: "Certificates of the host names of accounts" },
          // A deploy that changes names starts the timer again.
          Timer: { OnActiveSec: "1s", OnUnitInactiveSec: "1h", AccuracySec: "1s" },
        }),
      },
      { path: `systemd/fairhost.target.wants/${timer}`, link: `../${timer}` },
    ],
    units: [
      ...taking.units,
      { name: service, want: "on-demand", restartOn: [] },
      { name: timer, want: "start", restartOn: [`systemd/${timer}`, `systemd/${service}`, script, "sites/"] },
    ],
  };
}

/** The program that takes over what accounts bring, once a minute: it works as root only with its own files, and reads those of accounts as they. */
function renderOwn(wildcardsToo: boolean): { files: BundleFile[]; units: BundleUnit[] } {
  const service = `${own.name}.service`;
  const timer = `${own.name}.timer`;
  const content = ownText(import.meta.dirname, "own-certificates.py");
  return {
    files: [
      { path: own.script, content: `#!/usr/bin/python3 -I\n${content}`, mode: 0o755 },
      {
        path: `systemd/${service}`,
        content: unitFile({
          Unit: {
            Description: own.description,
            RequiresMountsFor: "/srv/accounts",
            // By hand too, several times a minute.
            StartLimitIntervalSec: "0",
            ConditionPathExistsGlob: [`|${currentGeneration}/${securedNames}/*.own`, `|${certificates}/own-files/*`],
          },
          Service: {
            ...confined,
            Type: "oneshot",
            ExecStart: `${currentGeneration}/${own.script} ${certificates} ${currentGeneration}/${securedNames} /srv/accounts${wildcardsToo ? " wildcards" : ""}`,
            Group: "www-data",
            CapabilityBoundingSet: "CAP_SETUID CAP_SETGID",
            UMask: "0027",
            StateDirectory: "fairhost-certificates",
            StateDirectoryMode: "0750",
            ReadWritePaths: "-/srv/accounts",
            RestrictAddressFamilies: "none",
            MemoryMax: "256M",
            TasksMax: "20",
            CPUWeight: "20",
            TimeoutStartSec: "10min",
          },
        }),
      },
      {
        path: `systemd/${timer}`,
        content: unitFile({
          Unit: { Description: own.description },
          Timer: { OnCalendar: "minutely", AccuracySec: "10s" },
        }),
      },
      { path: `systemd/fairhost.target.wants/${timer}`, link: `../${timer}` },
    ],
    units: [
      { name: service, want: "on-demand", restartOn: [] },
      { name: timer, want: "start", restartOn: [`systemd/${timer}`, `systemd/${service}`, own.script] },
    ],
  };
}
