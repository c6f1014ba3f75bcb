import type { BareMetalHostInputs } from "../components/registry/kinds.generated.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../lab/container.ts";
import { placeBundle, succeed } from "./fakes/placed-host.ts";
import { declarationOf, type FixtureAccount, type FixtureServer } from "./fixtures/bundle-fixture.ts";

interface Answer {
  readonly status: number;
  readonly seconds: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A container with HTTP servers of the account alice, number 1, and its visitors. */
export interface KindHost extends AsyncDisposable {
  readonly host: ContainerHost;
  /** As root. @returns what it writes */
  sh(command: string): Promise<string>;
  /** A request through the front end over the account's own IPv6 address. @param more options of curl */
  get(server: string, path?: string, ...more: string[]): Promise<Answer>;
  /** Asks four times a second until the answer is as wanted. @returns every status on the way */
  getUntil(server: string, wanted: (answer: Answer) => boolean, seconds: number): Promise<number[]>;
  /** The server's log. */
  log(server: string): Promise<string>;
  /** State of the server's unit, as systemd names it. */
  state(server: string): Promise<string>;
}

/**
 * @param files by paths inside the home, put there before the servers start, as the account's own
 * @param change of the host
 * @param limits of the account
 */
export async function bootKind(
  name: string,
  servers: readonly FixtureServer[],
  files: Readonly<Record<string, string | Uint8Array>>,
  change: Partial<BareMetalHostInputs> = {},
  limits: FixtureAccount["limits"] = {},
): Promise<KindHost> {
  const host = await bootContainer({ name });
  const declaration = declarationOf([{ number: 1, name: "alice", servers, limits }], change);
  const { uid } = declaration.accounts[0]!;
  const home = "/srv/accounts/1/home";
  const sh = (command: string) => succeed(host, command);
  for (const [path, content] of Object.entries(files)) {
    await host.writeFile(`${home}/${path}`, content, path.startsWith("bin/") ? 0o755 : 0o644);
  }
  await placeBundle(host, renderBundle(declaration, "web1"));
  await sh(`chown -R ${uid}:${uid} ${home}`);
  // Without networkd: the account's prefix is answered as a host does.
  const { prefix, address } = declaration.addresses[0]!;
  await sh(`ip -6 route replace local ${prefix} dev lo`);

  const get = async (server: string, path = "/", ...more: string[]): Promise<Answer> => {
    const words = ["curl", "-sS", "-g", "--path-as-is", "--max-time", "110", "-D", "-", "-w", "\n%{time_total}"];
    const all = [...words, "-H", `Host: ${server}.alice.test`, ...more, `http://[${address}]${path}`];
    const { stdout, stderr } = await host.run(all, { timeout: 120_000 });
    // An upload may be told to go on before it is answered.
    const answer = /^(?:HTTP\/1.1 1\d\d [\s\S]*?\r\n\r\n)*(HTTP\/1.1 [\s\S]*?)\r\n\r\n([\s\S]*)\n([\d.]+)$/.exec(
      stdout,
    );
    if (!answer) throw new Error(`no answer: ${stdout}${stderr}`);
    const [, head = "", body = "", seconds] = answer;
    const [first = "", ...lines] = head.split("\r\n");
    const headers = lines.map((line) => [line.split(":")[0]!.toLowerCase(), line.replace(/^[^:]*: */, "")]);
    return {
      status: Number(first.split(" ")[1]),
      seconds: Number(seconds),
      headers: Object.fromEntries(headers) as Record<string, string>,
      body,
    };
  };
  return {
    host,
    sh,
    get,
    async getUntil(server, wanted, seconds) {
      const statuses: number[] = [];
      for (const end = performance.now() + seconds * 1000; ; ) {
        const answer = await get(server);
        statuses.push(answer.status);
        if (wanted(answer)) return statuses;
        if (performance.now() > end) {
          const log = await sh(`tail -n 40 /srv/accounts/1/admin/logs/http-${server}.log`);
          throw new Error(`${server} still answers ${answer.status} ${answer.body}after ${statuses.join(" ")}\n${log}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    },
    log: (server) => sh(`cat /srv/accounts/1/admin/logs/http-${server}.log`),
    state: async (server) => (await host.run(`systemctl is-active account-1-http-${server}.service`)).stdout.trim(),
    [Symbol.asyncDispose]: () => host.stop(),
  };
}
