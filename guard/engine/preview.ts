import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { maskOutput, secretsIn } from "../../lib/text/mask.ts";
import { type Engine, type EngineOptions, runEngine } from "./engine.ts";
import { type EngineEvent, followEvents, LogCount } from "./events.ts";
import { type EngineSides, SidesReader } from "./sides.ts";

/** Result of a preview: what the engine would do. */
export interface Previewed {
  readonly kind: "previewed";
  readonly sides: EngineSides;
}

/** A preview that failed, so that nothing can be judged. */
export interface PreviewFailed {
  readonly kind: "failed";
  /** `refused`: the program or a policy refuses the inventory. `broken`: the engine itself failed. */
  readonly why: "refused" | "broken";
  /** Messages of the program, of policies or of the engine; each once. */
  readonly messages: readonly string[];
}

export interface PreviewOptions extends EngineOptions {
  /** Directory of a policy pack. */
  readonly policyPack?: string | undefined;
  /** File for the engine plan. An update with it does exactly what it says, or fails. Writing it takes a twentieth of the preview. */
  readonly plan?: string;
  /** URNs; if empty, the whole stack is previewed. */
  readonly targets?: readonly string[];
}

/** Runs a preview of an update. Contacts no host; takes no lock. */
export async function preview(engine: Engine, options: PreviewOptions = {}): Promise<Previewed | PreviewFailed> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-preview-"));
  try {
    const events = join(directory, "events");
    const savePlan = options.plan === undefined ? [] : ["--save-plan", options.plan];
    const running = runEngine(engine, ["preview", "--event-log", events, ...savePlan, ...scope(options)], options);
    // The events of a large fleet are many megabytes, and the engine takes some seconds to write them.
    const reader = new SidesReader();
    const said: EngineEvent[] = [];
    const count = new LogCount();
    const followed = followEvents(events, running, (event) => {
      count.add(event);
      if (event.resourcePreEvent) reader.add(event.resourcePreEvent.metadata);
      else said.push(event);
    });
    // An event that cannot be read is reported only after the engine has ended, so that no engine runs unwatched.
    await Promise.allSettled([running, followed]);
    const { exitCode, output } = await running;
    try {
      await followed;
    } catch (error) {
      if (error instanceof SyntaxError) return notWhole("a part of a line");
      throw error;
    }
    if (exitCode !== 0) return failed(said, output(), secretsIn(engine.environment));
    const missing = count.missing();
    if (missing !== undefined) return notWhole(missing);
    return { kind: "previewed", sides: reader.sides() };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const notWhole = (missing: string): PreviewFailed => ({
  kind: "failed",
  why: "broken",
  messages: [
    `The engine's log of what it would do lacks ${missing}, so nothing can be judged. Most likely the disk of ${tmpdir()} is full: make room, or let TMPDIR name another directory, then try again.`,
  ],
});

/** Options that a preview and its update must have in common. */
export function scope({ policyPack, targets = [] }: Pick<PreviewOptions, "policyPack" | "targets">): string[] {
  return [
    ...(policyPack === undefined ? [] : ["--policy-pack", policyPack]),
    ...targets.flatMap((urn) => ["--target", urn]),
  ];
}

/** Messages with which the program refuses (stacks/declared.ts, connections.ts, repairs.ts, settings.ts). */
const refusals =
  /nothing was touched|^Hosts and routers without a usable pinned host key|^The stack's configuration is incomplete/;

/** What the engine says of each resource of a plan that another error has kept from its turn. */
const following = /^expected resource operations for \S+ but none were seen$/;

/**
 * A failed preview in typed form; `output` is used if no event says why.
 * @param known secrets to mask in messages
 */
export function failed(events: readonly EngineEvent[], output: string, known: readonly string[] = []): PreviewFailed {
  const plain = (message: string) => maskOutput(plainText(message), known);
  const policies = events.flatMap(({ policyEvent: event }) =>
    event?.enforcementLevel === "mandatory" ? [`${event.policyName}: ${plain(event.message)}`] : [],
  );
  const errors = events.flatMap(({ diagnosticEvent: event }) =>
    event?.severity === "error" && plain(event.message) !== "preview failed" ? [plain(event.message)] : [],
  );
  const said = errors.filter((message) => refusals.test(message));
  const causes = errors.filter((message) => !following.test(message));
  const messages = [...policies, ...([said, causes].find(({ length }) => length > 0) ?? errors)];
  return {
    kind: "failed",
    why: policies.length > 0 || said.length > 0 ? "refused" : "broken",
    messages:
      messages.length > 0 ? [...new Set(messages)] : [plain(output).slice(-4000) || "Pulumi printed no message"],
  };
}

function plainText(message: string): string {
  return stripVTControlCharacters(message)
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/^error: /, "")
    .trim();
}
