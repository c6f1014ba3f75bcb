import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { frontEndOf } from "../../components/http/render-front-end.ts";
import { renderAnnouncement, renderBird } from "../../components/network/render-bird.ts";
import { timers } from "../../components/network/router-systems/router-system.ts";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { bootContainer, type ContainerHost } from "../container.ts";
import { LabError } from "../errors.ts";
import { renderOperator, renderVisitor } from "./outside.ts";
import { type Seen, silent, type Targets } from "./protocol.ts";
import { bondScript, commandsFor, type Daemons, daemonsOf, renderSpaces } from "./spaces.ts";
import { type Topology, topology, visitor, type Wire } from "./topology.ts";
import { type Journey, readRoutes, routesCommand, type Way, waysOf } from "./ways.ts";

/** Milliseconds without any change after which nothing more comes up. Longer than routers keep to themselves what they know after a start. */
const patience = 20_000;

/** Something of the network that can be taken away and given back. */
export type Part = { readonly wire: Wire } | { readonly space: string };

/** A fleet's network that runs: its routers' and hosts' own configuration, operators and a visitor around it. */
export class Stage implements AsyncDisposable {
  readonly topology: Topology;
  readonly host: ContainerHost;
  readonly #daemons: ReadonlyMap<string, Daemons>;
  readonly #processes: ChildProcess[] = [];
  #visitor: ChildProcess | undefined;
  #neverUp: ReadonlySet<string> = new Set();

  private constructor(built: Topology, host: ContainerHost, daemons: ReadonlyMap<string, Daemons>) {
    this.topology = built;
    this.host = host;
    this.#daemons = daemons;
  }

  /**
   * Builds the network of a fleet in a container and starts everything. Waits until it is as up as it can be.
   * @throws LabError for a fleet that cannot be built
   */
  static async build(declaration: Declaration, progress: (line: string) => void = () => {}): Promise<Stage> {
    const built = topology(declaration);
    const daemons = new Map(
      built.spaces.flatMap(({ name, what }): [string, Daemons][] => {
        if (what === "switch") return [];
        return [[name, daemonsOf(name, manufacturerOf(declaration, name))]];
      }),
    );
    const host = await bootContainer({ name: "trial", progress });
    const stage = new Stage(built, host, daemons);
    try {
      progress("building namespaces");
      await host.writeFile(bondScript, await readFile(join(import.meta.dirname, "bond.py")));
      await stage.run(renderSpaces(built, declaration));
      await stage.#write(declaration);
      await stage.run([...daemons.values()].map(({ start }) => start).join("\n"));
      await stage.#people(declaration);
      progress("waiting for all sessions");
      await stage.#begin();
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a shell script as root. @throws LabError with what it said */
  async run(script: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.host.run(["sh", "-euc", script], { timeout: 120_000 });
    if (exitCode !== 0) throw new LabError(`a step of the trial failed: ${stderr.trim()}`, "run it again");
    return stdout;
  }

  async #write(declaration: Declaration): Promise<void> {
    const written = new Map<string, string>();
    for (const { name } of this.topology.spaces) {
      const own = (path: string) => `/run/trial/${name}/${path}`;
      const host = declaration.hosts.find((each) => each.name === name);
      const plan = this.topology.plans.find((each) => each.name === name);
      const operator = declaration.networks[0]!.operators.findIndex((each) => each.name === name);
      if (host) {
        const addresses = declaration.addresses.filter((address) => address.host === name);
        for (const { path, content } of [
          ...renderBird(host, frontEndOf(declaration, name)),
          ...addresses.flatMap(renderAnnouncement),
        ])
          written.set(own(path), content!);
      } else if (plan) {
        const system = routerSystems.find(({ manufacturer }) => manufacturer === manufacturerOf(declaration, name))!;
        written.set(own(this.#daemons.get(name)!.configuration), system.render(plan));
      } else if (operator >= 0) written.set(own("bird/bird.conf"), renderOperator(declaration, operator));
      else if (name === visitor.space) written.set(own("bird/bird.conf"), renderVisitor(declaration));
    }
    for (const [path, content] of written) await this.host.writeFile(path, content);
  }

  /** Starts who answers for accounts, and who asks. */
  async #people(declaration: Declaration): Promise<void> {
    const address4Of = (host: string) => frontEndOf(declaration, host).address4 ?? [];
    for (const { name } of declaration.hosts) {
      const own = declaration.addresses.filter(({ host }) => host === name).map(({ address }) => address);
      if (own.length > 0) this.#spawn(name, "answer.ts", own.concat(address4Of(name)));
    }
    this.#visitor = this.#spawn(visitor.space, "ask.ts", []);
    const targets: Targets = {
      accounts: declaration.addresses.flatMap(({ account, address, host }) => [
        { account, address, source: visitor.address },
        ...[address4Of(host)].flat().map((address4) => ({ account, address: address4, source: visitor.address4 })),
      ]),
    };
    this.#visitor.send(targets);
  }

  #spawn(space: string, program: string, words: readonly string[]): ChildProcess {
    const namespace = `--net=/proc/${this.host.netnsPid}/root/run/netns/${space}`;
    const child = spawn("nsenter", [namespace, "--", process.execPath, join(import.meta.dirname, program), ...words], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#processes.push(child);
    return child;
  }

  /** What the visitor has seen of each account, once for each of its addresses, since this was last called. */
  async seen(): Promise<readonly Seen[]> {
    this.#visitor!.send({});
    const [seen] = (await once(this.#visitor!, "message", { signal: AbortSignal.timeout(30_000) })) as [
      readonly Seen[],
    ];
    return seen;
  }

  /**
   * Waits until the network is as it was at the beginning: every session that was up then, every account that answered.
   * @returns what was seen meanwhile @throws LabError naming what is still down after the hold time and a minute: an end that lost the other one half-way waits so long
   */
  async settled(): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    let down: readonly string[] = [];
    for (const end = performance.now() + (timers.hold + 60) * 1000; performance.now() < end; await sleep(100)) {
      down = (await this.#down(seen)).filter((each) => !this.#neverUp.has(each));
      if (down.length === 0) return seen;
    }
    throw new LabError(`the network does not come up: ${down.join("; ")}`, "give it less load, and run it again");
  }

  /** Sessions and accounts that were down when nothing was cut: none in a fleet that is sound. */
  get neverUp(): readonly string[] {
    return [...this.#neverUp];
  }

  /** Waits until everything is up, or nothing has changed for {@link patience}: a weak fleet may have sessions that never come up. */
  async #begin(): Promise<void> {
    let last = "";
    for (let since = performance.now(); performance.now() - since < patience; await sleep(100)) {
      const down = await this.#down([]);
      if (down.length === 0) {
        this.#neverUp = new Set();
        return;
      }
      if (down.join() !== last) since = performance.now();
      last = down.join();
      this.#neverUp = new Set(down);
    }
  }

  /** Sessions that are not up, then accounts that do not answer: those are asked only once the sessions are up. */
  async #down(seen: Seen[]): Promise<readonly string[]> {
    const sessions = (await this.run([...this.#daemons.values()].map(({ down }) => down).join("\n"))).split("\n");
    const down = sessions.filter((line) => line !== "");
    if (down.some((each) => !this.#neverUp.has(each))) return down;
    seen.push(...(await this.seen()));
    await sleep(300);
    const last = await this.seen();
    seen.push(...last);
    return [...down, ...silent(last).map((account) => `account ${account}`)];
  }

  /** The ways of packets now, by the routes of all namespaces. */
  async ways(journeys: readonly Journey[]): Promise<Way[]> {
    const spaces = this.topology.spaces.filter(({ what }) => what !== "switch").map(({ name }) => name);
    const addresses = [...new Set(journeys.map(({ address }) => address))];
    const routes = readRoutes(await this.run(routesCommand(spaces, addresses)));
    return journeys.flatMap((journey) => waysOf(routes, journey));
  }

  async cut(part: Part): Promise<void> {
    await this.run(commandsFor(this.topology, this.#daemons, part, "cut"));
  }

  /** Lets it go on with its carriers and do nothing. To give it back, cut it first, as whoever switches it off and on does. */
  async hang(part: Part): Promise<void> {
    await this.run(commandsFor(this.topology, this.#daemons, part, "hang"));
  }

  async restore(part: Part): Promise<void> {
    await this.run(commandsFor(this.topology, this.#daemons, part, "restore"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) child.kill("SIGKILL");
    await this.host.stop();
  }
}

/** Of a router its maker; hosts, operators and the visitor run BIRD. */
function manufacturerOf({ routers }: Declaration, name: string): string {
  return routers.find((router) => router.name === name)?.manufacturer ?? "bird";
}
