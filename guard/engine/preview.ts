import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type Engine, type EngineOptions, runEngine } from "./engine.ts";
import { type EngineEvent, followEvents } from "./events.ts";
import { type EngineSides, SidesReader } from "./sides.ts";

/** What the engine would do. */
export interface Previewed {
  readonly kind: "previewed";
  readonly sides: EngineSides;
}

/** Why there is nothing to judge. */
export interface PreviewFailed {
  readonly kind: "failed";
  /** `refused`: the program or a policy said no, and the inventory has to change. `broken`: the engine could not do its work. */
  readonly why: "refused" | "broken";
  /** In the words of the program, of policies or of the engine; each once. */
  readonly messages: readonly string[];
}

export interface PreviewOptions extends EngineOptions {
  /** Directory of a policy pack. */
  readonly policyPack?: string | undefined;
  /** File to write the plan to: an update that is given it deviates from it nowhere, or fails. It costs a twentieth of the preview. */
  readonly plan?: string;
  /** URNs; without any the whole stack is previewed. */
  readonly targets?: readonly string[];
}

/** Asks the engine what an update would do. Touches no host; takes no lock. */
export async function preview(engine: Engine, options: PreviewOptions = {}): Promise<Previewed | PreviewFailed> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-preview-"));
  try {
    const events = join(directory, "events");
    const savePlan = options.plan === undefined ? [] : ["--save-plan", options.plan];
    const running = runEngine(engine, ["preview", "--event-log", events, ...savePlan, ...scope(options)], options);
    // Of a large fleet they are many megabytes, which the engine takes some seconds to write.
    const reader = new SidesReader();
    const said: EngineEvent[] = [];
    const followed = followEvents(events, running, (event) => {
      if (event.resourcePreEvent) reader.add(event.resourcePreEvent.metadata);
      else said.push(event);
    });
    // An event that cannot be read is told once the engine has ended: it is never left to itself.
    await Promise.allSettled([running, followed]);
    const { exitCode, output } = await running;
    await followed;
    if (exitCode !== 0) return failed(said, output);
    return { kind: "previewed", sides: reader.sides() };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Options that a preview and its update must have in common. */
export function scope({ policyPack, targets = [] }: Pick<PreviewOptions, "policyPack" | "targets">): string[] {
  return [
    ...(policyPack === undefined ? [] : ["--policy-pack", policyPack]),
    ...targets.flatMap((urn) => ["--target", urn]),
  ];
}

/** What the program says when it refuses (stacks/declared.ts, connections.ts, repairs.ts, settings.ts). */
const refusals = /nothing was touched|^Hosts without a pinned host key|^The stack's configuration is incomplete/;

/** A failed preview in typed form; `output` is looked at when there are no events that say why. */
export function failed(events: readonly EngineEvent[], output: string): PreviewFailed {
  const policies = events.flatMap(({ policyEvent: event }) =>
    event?.enforcementLevel === "mandatory" ? [`${event.policyName}: ${plain(event.message)}`] : [],
  );
  const errors = events.flatMap(({ diagnosticEvent: event }) =>
    event?.severity === "error" && plain(event.message) !== "preview failed" ? [plain(event.message)] : [],
  );
  const said = errors.filter((message) => refusals.test(message));
  const messages = [...policies, ...(said.length > 0 ? said : errors)];
  return {
    kind: "failed",
    why: policies.length > 0 || said.length > 0 ? "refused" : "broken",
    messages: messages.length > 0 ? [...new Set(messages)] : [plain(output).slice(-4000) || "the engine said nothing"],
  };
}

function plain(message: string): string {
  return stripVTControlCharacters(message)
    .replace(/<\{%[^%]*%\}>/g, "")
    .replace(/^error: /, "")
    .trim();
}
