import { kinds } from "../../components/registry/kinds.generated.ts";
import { commandType, isKnownType } from "../../components/registry/types.ts";
import type { RuleText } from "../../components/rule.ts";

/** What the engine shows of one resource. */
export interface EngineResource {
  readonly type: string;
  readonly name: string;
  /** Secrets are decrypted in here: read single properties, never print one. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly opts: { readonly protect: boolean };
  readonly parent?: EngineResource;
}

/** A rule about what only the engine sees, so only the policy pack can judge it. */
export interface EngineRule extends RuleText {
  /** @returns what is wrong with the resource, without values of properties; undefined when nothing is. */
  judge(resource: EngineResource): string | undefined;
}

const { type: accountType } = kinds.accounts;
const { type: hostType } = kinds.hosts;

const knownResourceTypes: EngineRule = {
  name: "known-resource-types",
  severity: "high",
  scope: "resource",
  description: "A stack has nothing but the registered kinds of component and what delivers to their hosts.",
  reason: "What another resource does to a host or to an account is judged by no rule.",
  remediation: "Use a registered kind (components/*/*.kind.ts), or keep the resource in a program of its own.",
  judge({ type, name }) {
    return isKnownType(type) ? undefined : `Resource ${name} is of type ${type}.`;
  },
};

/** The same of what lies in the stack already: rules about the whole stack see registered kinds alone. */
const knownStackTypes: EngineRule = {
  ...knownResourceTypes,
  name: "known-stack-types",
  scope: "stack",
  description: "A whole stack has nothing but the registered kinds of component and what delivers to their hosts.",
};

const hostKeyPinned: EngineRule = {
  name: "host-key-pinned",
  severity: "critical",
  scope: "resource",
  description: "Every remote command names the key its host must show.",
  reason:
    "Without a pinned key any machine that answers at the address gets the accounts' secrets and a root session to play with.",
  remediation:
    "Set `hostKey` in the command's `connection` (and in its `proxy`) from the known_hosts file of the stack.",
  judge({ type, name, props }) {
    if (!type.startsWith("command:remote:")) return undefined;
    try {
      const connection = members(props.connection);
      const proxy = connection?.proxy;
      if (!isKey(connection?.hostKey)) return `Command ${name} has no hostKey in its connection.`;
      if (proxy !== undefined && !isKey(members(proxy)?.hostKey)) {
        return `Command ${name} has no hostKey in its connection's proxy.`;
      }
      return undefined;
    } catch {
      return `The host key of command ${name} cannot be known before the update.`;
    }
  },
};

const accountProtected: EngineRule = {
  name: "account-protected",
  severity: "critical",
  scope: "resource",
  description: "An account that is declared protected is protected by the engine too.",
  reason: "Otherwise one line lost from the inventory deletes the account, whatever `protect` says in its file.",
  remediation: "Do not override `protect` in the component's options: the account's own `protect` decides.",
  judge({ type, name, props, opts }) {
    // Whether `protect` can be read at all is for `readable-inputs` to say.
    if (type !== accountType || opts.protect || !isProtected(props)) return undefined;
    return `Account ${name} is declared with protect: true, but its resource is not protected.`;
  },
};

const commandUnderHost: EngineRule = {
  name: "command-under-host",
  severity: "critical",
  scope: "stack",
  description: "Every remote command belongs to a declared host.",
  reason: "A command beside the hosts changes a machine whose accounts and hardware no rule has seen.",
  remediation: "Create the command inside a component whose parent is the host's BareMetalHost.",
  judge(resource) {
    if (resource.type !== commandType) return undefined;
    for (let each = resource.parent; each; each = each.parent) if (each.type === hostType) return undefined;
    return `Command ${resource.name} has no BareMetalHost above it.`;
  },
};

const readable = {
  severity: "critical",
  reason:
    "A rule cannot judge what it cannot read, and an option that no rule knows could be a privilege, a path of the host or a device.",
} as const;

/** What is reported when a component's inputs are unknown or not what they should be. */
export const readableInputs: RuleText = {
  ...readable,
  name: "readable-inputs",
  scope: "resource",
  description:
    "The inputs of fairhost's components are plain values of the right type, and every one is known to the rules.",
  remediation:
    "Pass plain values to the component, not outputs of other resources; a new input goes into the kind's `inputs`, and what it may be into a rule.",
};

/** The same of a component's outputs: they are all that rules about the whole stack see. */
export const readableOutputs: RuleText = {
  ...readable,
  name: "readable-outputs",
  scope: "stack",
  description:
    "Fairhost's components register all their inputs as outputs and nothing else, as plain values of the right type.",
  remediation: "End the component's constructor with `registerOutputs(args)`, and pass plain values to it.",
};

export const engineRules: readonly EngineRule[] = [
  knownResourceTypes,
  knownStackTypes,
  hostKeyPinned,
  accountProtected,
  commandUnderHost,
];

function members(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function isKey(value: unknown): boolean {
  return typeof value === "string" && /\S/.test(value);
}

function isProtected(props: EngineResource["props"]): boolean {
  try {
    return props.protect === true;
  } catch {
    return false;
  }
}
