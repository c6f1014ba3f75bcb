import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Dns } from "../components/tls/wildcards.ts";
import type { ContainerHost } from "../lab/container.ts";
import { ensureDebianPackages, ensureKnotd } from "../toolchain/system/system.ts";
import { succeed } from "./fakes/placed-host.ts";
import { declarationOf } from "./fixtures/bundle-fixture.ts";

/** How a network declares the CA. */
const certificates = { directory: "https://localhost:14000/dir", email: "ops@example.net" };

const limitingCa = join(import.meta.dirname, "limiting-ca.ts");

/** Its own address: a host has a resolver on the others. */
const nameServer = "fd53::53";

/** A provider of DNS: the server beside the CA, which takes updates signed with a key. */
export const dns = {
  provider: "rfc2136",
  settings: {
    RFC2136_NAMESERVER: `[${nameServer}]:53`,
    RFC2136_TSIG_ALGORITHM: "hmac-sha256.",
    RFC2136_TSIG_KEY: "fairhost",
    RFC2136_POLLING_INTERVAL: "1",
  },
  secrets: ["RFC2136_TSIG_SECRET"],
  delegated: true,
};
export const dnsSecret = Buffer.from("the key of the DNS server of tests").toString("base64");

/** Zones: `test` takes updates, `locked.test` does not. Proofs for `shop.test` are delegated. */
const zones = {
  test: `ns AAAA ${nameServer}
* AAAA ::1
alice AAAA ::1
*.alice AAAA ::1
bob AAAA ::1
_acme-challenge.shop CNAME shop.proofs
proofs TXT "proofs of others"
locked NS ns
`,
  "locked.test": "* AAAA ::1\n",
};
const startOfAuthority = "$TTL 1\n@ SOA ns.test. ops.test. 1 60 60 600 1\n@ NS ns.test.\n";

/**
 * In the host's network: a CA that asks each name at [::1]:80 or in DNS (pebble, the CA that ACME clients are tested with), and the server of all
 * names below `test`.
 */
export class Ca implements AsyncDisposable {
  readonly #programs: (PromiseLike<unknown> & { kill(): unknown })[] = [];
  readonly #directory: string;
  #misled = "";
  get #limits(): string {
    return join(this.#directory, "limits.json");
  }
  private constructor(directory: string) {
    this.#directory = directory;
  }
  static async make(): Promise<Ca> {
    await ensureDebianPackages(["pebble"]);
    await ensureKnotd();
    const ca = new Ca(await mkdtemp(join(tmpdir(), "fairhost-ca-")));
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
    await execa("openssl", ["req", "-x509", "-days", "2", ...key, ...subject, "-out", "cert.pem"], {
      cwd: ca.#directory,
    });
    await writeFile(
      join(ca.#directory, "knot.conf"),
      `server:
    listen: ${nameServer}@53
    rundir: ${ca.#directory}
    user: root
database:
    storage: ${ca.#directory}
key:
  - id: fairhost
    algorithm: hmac-sha256
    secret: ${dnsSecret}
acl:
  - id: update
    key: fairhost
    action: update
template:
  - id: default
    storage: ${ca.#directory}
    file: "%s.zone"
    journal-content: none
    zonefile-sync: -1
    zonefile-load: whole
zone:
  - domain: test
    acl: update
  - domain: locked.test
`,
    );
    return ca;
  }
  /** The host's ACME client speaks to it. */
  async trustedBy(host: ContainerHost): Promise<void> {
    await host.writeFile("/root/ca.pem", await readFile(join(this.#directory, "cert.pem"), "utf8"));
    await succeed(host, "cat /root/ca.pem >>/etc/ssl/certs/ca-certificates.crt");
  }
  /** @param limiting whether {@link limit} has an effect */
  async start(host: ContainerHost, { limiting = false } = {}): Promise<void> {
    const [certificate, key] = [join(this.#directory, "cert.pem"), join(this.#directory, "key.pem")];
    const pebble = {
      listenAddress: `[::1]:${limiting ? 14001 : 14000}`,
      managementListenAddress: "[::1]:15000",
      certificate,
      privateKey: key,
      httpPort: 80,
      tlsPort: 443,
    };
    await writeFile(join(this.#directory, "pebble.json"), JSON.stringify({ pebble }));
    const run = (...command: string[]) => {
      const program = execa("nsenter", ["-t", `${host.netnsPid}`, "-n", "--", ...command], {
        ...{ reject: false, stdio: "ignore" },
        env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      });
      this.#programs.push(program);
    };
    for (const [zone, records] of Object.entries(zones)) {
      const all = startOfAuthority + records + (zone === "test" ? this.#misled : "");
      await writeFile(join(this.#directory, `${zone}.zone`), all);
    }
    await succeed(
      host,
      `ip address replace ${nameServer}/128 dev lo nodad && echo nameserver ${nameServer} >/etc/resolv.conf`,
    );
    run("knotd", "-c", join(this.#directory, "knot.conf"));
    run("pebble", "-config", join(this.#directory, "pebble.json"), "-dnsserver", `[${nameServer}]:53`);
    if (limiting) run(process.execPath, limitingCa, "14000", "14001", certificate, key, this.#limits);
    await succeed(host, "until getent ahosts ns.test >/dev/null; do sleep 0.1; done");
    await succeed(host, "until curl -sSf https://localhost:14000/dir >/dev/null 2>&1; do sleep 0.1; done");
    await succeed(host, "curl -sS https://localhost:15000/roots/0 >/root/roots.pem");
  }
  /** From now on the CA answers orders for names that end so with a problem `rateLimited`; of no name any more without arguments. */
  async limit(limits: Readonly<Record<string, { readonly detail: string; readonly retryAfter: string }>> = {}) {
    await writeFile(this.#limits, JSON.stringify(limits));
  }
  /** From its next start on the CA asks for a name below `test` where nobody answers. */
  mislead(name: string): void {
    this.#misled += `${name}. AAAA ::2\n`;
  }
  async stop(): Promise<void> {
    const programs = this.#programs.splice(0);
    for (const program of programs) program.kill();
    await Promise.all(programs);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** What a host with these accounts and a front end over HTTPS is to have, in a fleet with the CA. */
export function withCertificates(accounts: Parameters<typeof declarationOf>[0], more: { dns?: Dns } = {}): Declaration {
  const declared = declarationOf(accounts);
  return {
    ...declared,
    networks: declared.networks.map((network) => ({ ...network, certificates: { ...certificates, ...more } })),
    frontEnds: declared.frontEnds.map((frontEnd) => ({ ...frontEnd, ports: [80, 443] })),
  };
}
