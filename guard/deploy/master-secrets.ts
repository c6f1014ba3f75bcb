import { z } from "zod";
import { masterOfPassword } from "../../delivery/protocol/digest.ts";
import { resourceName, secretTypes } from "../../delivery/protocol/resources.ts";
import { UserError } from "../../lib/user-error.ts";
import { type Engine, runEngine } from "../engine/engine.ts";
import type { Master, MasterOf } from "./hosts/moves.ts";

/** A secret output, as a state that is shown with its secrets has it. */
const secret = z
  .object({ plaintext: z.string() })
  .transform(({ plaintext }) => z.string().parse(JSON.parse(plaintext)));
const epoch = z.object({ epoch: z.string() }).transform((keepers) => Number(keepers.epoch));
const password = z.object({ result: secret, keepers: epoch });
const bytes = z.object({ base64: z.union([secret, z.string()]), keepers: epoch });

interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly delete?: boolean;
  readonly outputs?: unknown;
}

/** Master secrets of hosts, from the stack's state. Read when one is needed, and kept in no file. */
export function masterSecrets(engine: Engine): MasterOf {
  let state: Promise<readonly StateResource[]> | undefined;
  return async (host) => {
    state ??= resources(engine);
    const found = (await state).flatMap((resource) => (isOf(host, resource) ? (masterIn(resource) ?? []) : []));
    const [latest] = found.sort((left, right) => right.epoch - left.epoch);
    if (latest) return latest;
    throw new UserError(
      `The state has no master secret of ${host}, so its backups cannot be opened: take the escrowed one (docs/how-to/operate/backups.md)`,
    );
  };
}

async function resources(engine: Engine): Promise<readonly StateResource[]> {
  const { exitCode, stdout, output } = await runEngine(engine, ["stack", "export", "--show-secrets"]);
  // Its output has secrets if it succeeds.
  if (exitCode !== 0) throw new UserError(`Cannot read the secrets of the state: ${output().trim()}`);
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: StateResource[] } | null };
  return deployment?.resources ?? [];
}

function isOf(host: string, { urn, delete: isOld }: StateResource): boolean {
  return isOld !== true && urn.endsWith(`::${resourceName(host, "master-secret")}`);
}

function masterIn({ type, outputs }: StateResource): Master | undefined {
  if (type === secretTypes.password) {
    const { data } = password.safeParse(outputs);
    return data && { epoch: data.keepers, master: masterOfPassword(data.result) };
  }
  const { data } = bytes.safeParse(outputs);
  return data && { epoch: data.keepers, master: data.base64 };
}
