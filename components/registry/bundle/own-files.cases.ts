import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import {
  declarationOf,
  programServer,
  service,
  staticServer,
  task,
  thresholdTask,
} from "../../../testing/fixtures/bundle-fixture.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { byPassword } from "../../access/protocols.ts";
import type { Declaration } from "../kinds.generated.ts";
import { bundleFolders } from "./bundle-folders.generated.ts";
import { notOwn, ownerOf } from "./own-files.ts";

/** One of each kind, and the same with values that are not the default. */
export const sides: readonly Declaration[] = [
  declarationFixture({ hosts: 1, accounts: 2 }),
  declarationOf([
    {
      number: 1,
      name: "alice",
      limits: { cpuWeight: 50, cacheDiskMb: 64, mailsPerMinute: 0, outgoingPerSecond: 5, openFiles: 20_000 },
      servers: [
        {
          ...staticServer("always", 0),
          ...{ https: true, httpsOnly: true, certificate: "own.pem", bodyMaxMb: 8, logFormat: "json" as const },
          hostnames: ["always.alice.test", "*.alice.test"],
          headers: { Link: '<a>; rel="b"' },
          passwords: { kim: `$2b$05$${"a".repeat(53)}` },
        },
        {
          ...staticServer("app", 20, "www/a b", { fallback: "index.html", cacheSeconds: 60 }),
          https: true,
          hostnames: ["app.alice.test", "*.app.alice.test"],
        },
        programServer("cached", ["bin/cached"], { cache: true, answerSeconds: 10, waf: { level: "basic" } }),
        programServer("guarded", ["bin/guarded"], {
          waf: {
            level: "strong",
            applications: ["wordpress"],
            exclusions: [
              ...["942100", "941100 /a.b/", "932160 from 2001:db8::/32", "941110 /c from 192.0.2.0/24"],
              ...["942000-942999", "941000-941999 /d", "911000-944999 /e from 2001:db8::1/128", "942100 from ::/0"],
            ],
          },
        }),
        programServer("api", ["bin/api", "+x", 'a "b" $c %d'], {
          socketActivation: true,
          environment: { A: "User=root" },
        }),
      ],
      users: [
        {
          ...{ name: "files", directory: "www", protocols: byPassword.map(([protocol]) => protocol), keys: [] },
          passwordHash: `$y$j9T$${"a".repeat(22)}$${"b".repeat(43)}`,
        },
      ],
      services: [service("work", ["bin/work"], { port: 8300 })],
      tasks: [task("tidy", ["bin/tidy"]), thresholdTask("spare", ["bin/tidy"], "disk", 90)],
    },
    { number: 2, name: "empty" },
  ]),
  declarationOf(
    [1, 2].map((number) => ({
      ...{ number, name: `gone-${number}`, servers: [staticServer("www")] },
      suspended: { since: "2026-11-22", reason: "unpaid" },
    })),
  ),
].map((declaration) => ({
  ...declaration,
  accounts: declaration.accounts.map((account) => ({
    ...account,
    standby: "elsewhere",
    firewall: ["drop in tcp port 8300 from 2001:db8::/32", "reject out udp"],
    backup: { site: declaration.sites[0]!.name, retentionDays: 7, proofDays: 30 },
  })),
}));

/** The same accounts, as the backup host of their site has them. */
function keeping(declaration: Declaration): Declaration {
  const [host] = declaration.hosts;
  return { ...declaration, hosts: [{ ...host!, name: "keeper", role: "backup" }, ...declaration.hosts] };
}

interface Own {
  readonly declaration: Declaration;
  readonly number: number;
  readonly file: BundleFile;
}

export const own: readonly Own[] = sides.flatMap((declaration) =>
  [declaration, keeping(declaration)].flatMap((each) =>
    Object.entries(renderBundle(each, each.hosts[0]!.name).groups).flatMap(([group, value]) =>
      group === "host"
        ? []
        : value!.files.map((file) => ({ declaration, number: Number(group.slice("account-".length)), file })),
    ),
  ),
);

export const textOf = ({ content, link }: BundleFile) => content ?? `-> ${link}\n`;

/** What is not the own of account 1 of the second declaration in a file. */
export function judged(path: string, text: string | undefined): string | undefined {
  return notOwn(path, text, ownerOf(sides[1]!, 1)!, bundleFolders);
}

/** A file of account 1 as the program renders it. */
export function rendered(path: string): string {
  return textOf(
    own.find((each) => each.declaration === sides[1] && each.number === 1 && each.file.path === path)!.file,
  );
}
