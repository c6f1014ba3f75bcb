import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { ContainerHost } from "../lab/container.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import { declarationOf } from "./bundle-fixture.ts";
import { succeed } from "./fakes/placed-host.ts";

/** How a network declares the CA. */
const certificates = { directory: "https://localhost:14000/dir", email: "ops@example.net" };

/** In the host's network: a CA that asks each name at [::1]:80 (pebble, the CA that ACME clients are tested with). */
export class Ca implements AsyncDisposable {
  readonly #programs: (Promise<unknown> & { kill(): unknown })[] = [];
  readonly #directory: string;
  private constructor(directory: string) {
    this.#directory = directory;
  }
  static async make(): Promise<Ca> {
    await ensureDebianPackages(["pebble"]);
    const ca = new Ca(await mkdtemp(join(tmpdir(), "fairhost-ca-")));
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem"];
    await execa("openssl", ["req", "-x509", "-days", "2", ...key, ...subject, "-out", "cert.pem"], {
      cwd: ca.#directory,
    });
    const pebble = {
      listenAddress: "[::1]:14000",
      managementListenAddress: "[::1]:15000",
      certificate: join(ca.#directory, "cert.pem"),
      privateKey: join(ca.#directory, "key.pem"),
      httpPort: 80,
      tlsPort: 443,
    };
    await writeFile(join(ca.#directory, "pebble.json"), JSON.stringify({ pebble }));
    return ca;
  }
  /** The host's ACME client speaks to it. */
  async trustedBy(host: ContainerHost): Promise<void> {
    await host.writeFile("/root/ca.pem", await readFile(join(this.#directory, "cert.pem"), "utf8"));
    await succeed(host, "cat /root/ca.pem >>/etc/ssl/certs/ca-certificates.crt");
  }
  async start(host: ContainerHost): Promise<void> {
    const run = (...command: string[]) => {
      const program = execa("nsenter", ["-t", `${host.netnsPid}`, "-n", "--", ...command], {
        ...{ reject: false, stdio: "ignore" },
        env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" },
      });
      this.#programs.push(program);
    };
    const none = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
    run(
      "pebble-challtestsrv",
      "-defaultIPv4",
      "",
      "-defaultIPv6",
      "::1",
      "-dns01",
      ":8053",
      "-management",
      ":8055",
      ...none,
    );
    run("pebble", "-config", join(this.#directory, "pebble.json"), "-dnsserver", "[::1]:8053");
    const answers = (url: string) => `until curl -sS -o /dev/null ${url} 2>/dev/null; do sleep 0.1; done`;
    await succeed(host, `${answers("https://localhost:14000/dir")}; ${answers("http://localhost:8055")}`);
    await succeed(host, "curl -sS https://localhost:15000/roots/0 >/root/roots.pem");
  }
  /** Makes the CA ask for a name where nobody answers. */
  async mislead(host: ContainerHost, name: string): Promise<void> {
    await succeed(host, `curl -sS -d '{"host":"${name}","addresses":["::2"]}' http://localhost:8055/add-aaaa`);
  }
  /** Ends it, and waits until its ports are free. */
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
export function withCertificates(accounts: Parameters<typeof declarationOf>[0]): Declaration {
  const declared = declarationOf(accounts);
  return {
    ...declared,
    networks: declared.networks.map((network) => ({ ...network, certificates })),
    frontEnds: declared.frontEnds.map((frontEnd) => ({ ...frontEnd, ports: [80, 443] })),
  };
}
