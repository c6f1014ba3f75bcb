import { randomBytes } from "node:crypto";
import { isSecret, isUnknown, type Properties, revealAll, unknownValue, unwrap, type Value } from "../properties.ts";
import type { Operation, Resource } from "../resource.ts";
import type { Shape } from "../shape.ts";
import { checkHostKeys, connectionShape, label, parseConnection } from "../ssh/ssh-connection.ts";
import type { Variable } from "../ssh/ssh-environment.ts";
import type { SshPool } from "../ssh/ssh-pool.ts";
import { type Ending, runOverSsh } from "../ssh/ssh-session.ts";
import { captureOutput, failure, type Logging, loggingChoices, redactor } from "./command-output.ts";

/** Inputs that local and remote commands share. */
export const commandShape = {
  addPreviousOutputInEnv: { type: "boolean" },
  create: { type: "string" },
  delete: { type: "string" },
  environment: { type: "string{}" },
  logging: { type: "string", oneOf: loggingChoices },
  stdin: { type: "string" },
  triggers: { type: "list", replaces: true },
  update: { type: "string" },
} as const satisfies Shape;

/** Inputs of `command:remote:Command`. */
export const remoteCommandShape = {
  ...commandShape,
  connection: { type: connectionShape, required: true, secret: true },
} as const satisfies Shape;

/** A resource's id as upstream makes it: a prefix and eight random hexadecimal digits. */
export function newId(prefix: string): string {
  return prefix + randomBytes(4).toString("hex");
}

/** Outputs before a command has run: unknown if one will run, else what was. */
export function previewOutputs(inputs: Properties, state: Properties | undefined): Properties {
  const willRun = state ? (inputs.update ?? inputs.create) !== undefined : inputs.create !== undefined;
  const kept = { stdout: state?.stdout ?? "", stderr: state?.stderr ?? "" };
  return { ...inputs, ...(willRun ? { stdout: unknownValue, stderr: unknownValue } : kept) };
}

/** The previous outputs for the environment of the next command, unless the inputs decline or there were none. */
export function previousOutputs(inputs: Properties, state: Properties): [name: string, value: string][] {
  if (inputs.addPreviousOutputInEnv === false) return [];
  const outputs: [string, Value | undefined][] = [
    ["PULUMI_COMMAND_STDOUT", state.stdout],
    ["PULUMI_COMMAND_STDERR", state.stderr],
  ];
  return outputs.filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[1] !== "");
}

/** A command's text for messages; a secret one stays secret. */
export function commandText(properties: Properties, command: "create" | "update" | "delete"): string {
  return isSecret(properties[command]) ? "[secret]" : String(properties[command]);
}

/** `command:remote:Command`: runs commands on a host by SSH. */
export function remoteCommand(pool: SshPool): Resource {
  /** Runs one of the commands of `inputs`; `state` holds the previous outputs. */
  async function run(
    which: "create" | "update" | "delete",
    inputs: Properties,
    state: Properties,
    operation: Operation,
  ) {
    const plain = revealAll(inputs);
    const connection = parseConnection(plain.connection ?? null);
    const redact = redactor(inputs);
    const refused: string[] = [];
    const variables = new Map<string, Variable>();
    const warn = (name: string) => `${name} is not set for the command: the host's sshd has no AcceptEnv for it`;
    for (const [name, value] of previousOutputs(plain, revealAll(state))) {
      const onRefused = () => {
        operation.log("warning", `${warn(name)}. addPreviousOutputInEnv: false makes it unnecessary.`);
        return true;
      };
      variables.set(name, { value, onRefused });
    }
    for (const [name, value] of Object.entries((plain.environment as { [name: string]: string }) ?? {})) {
      variables.set(name, { value, onRefused: () => refused.push(name) === 0 });
    }
    const { stdout, stderr } = captureOutput(plain.logging as Logging, redact, operation);
    const lease = {
      cancelled: operation.cancelled,
      onRetry: (message: string) => operation.log("info", message, { status: true }),
    };
    const what = `command on ${label(connection)}`;
    let ending: Ending;
    try {
      ending = await pool.use(connection, lease, (client) =>
        runOverSsh(client, {
          command: plain[which] as string,
          stdin: (plain.stdin as string | undefined) ?? "",
          variables,
          onStdout: stdout.write,
          onStderr: stderr.write,
        }),
      );
    } catch (error) {
      if (refused.length === 0) throw error;
      throw new Error(
        `${what} was not run: the host's sshd takes no variable ${refused.join(", ")}. ` +
          "Name it in AcceptEnv there, or hand the value over on stdin.",
      );
    }
    const outputs = { stdout: stdout.end(), stderr: stderr.end() };
    if (ending !== "lost" && "status" in ending && ending.status === 0) return outputs;
    const said = { stdout: redact(outputs.stdout), stderr: redact(outputs.stderr) };
    throw failure(what, describe(ending), redact(commandText(inputs, which)), said);
  }

  return {
    inputs: remoteCommandShape,
    outputs: { stdout: {}, stderr: {} },

    check(inputs) {
      const connection = unwrap(inputs.connection ?? null);
      return isUnknown(connection) ? [] : checkHostKeys(connection);
    },

    preview: previewOutputs,

    async create(inputs, operation) {
      const outputs = inputs.create === undefined ? nothing : await run("create", inputs, {}, operation);
      return { id: newId(operation.name), properties: { ...inputs, ...outputs } };
    },

    async update(inputs, state, operation) {
      const which = inputs.update === undefined ? "create" : "update";
      const previous = { stdout: state.stdout ?? "", stderr: state.stderr ?? "" };
      return { ...inputs, ...(inputs[which] === undefined ? previous : await run(which, inputs, state, operation)) };
    },

    async delete(state, operation) {
      if (state.delete !== undefined) await run("delete", state, state, operation);
    },
  };
}

const nothing = { stdout: "", stderr: "" };

function describe(ending: Ending): string {
  if (ending === "lost") return "was cut off (the connection was lost before its exit status came; it may still run)";
  return "status" in ending ? `ended with status ${ending.status}` : `was ended by ${ending.signal}`;
}
