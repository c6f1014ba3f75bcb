import { kinds } from "../../components/registry/kinds.generated.ts";
import { isKnownResource, isKnownType } from "../../components/registry/known-resources.ts";
import type { RuleText } from "../../components/rule.ts";

/** One resource as the engine shows it. */
export interface EngineResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Contains decrypted secrets: read single properties, and never print one. */
  readonly props: Readonly<Record<string, unknown>>;
  /** `parent` is a URN. */
  readonly opts: { readonly protect: boolean; readonly parent?: string | undefined };
  /** Only shown with a whole stack. */
  readonly parent?: EngineResource | undefined;
}

/** A rule about facts that only the engine has, so only the policy pack can judge it. */
export interface EngineRule extends RuleText {
  /** @returns the problem of the resource, without values of properties; undefined if there is none. */
  judge(resource: EngineResource): string | undefined;
}

const { type: accountType } = kinds.accounts;
/** Types of what commands may run on. */
const machines: readonly string[] = [kinds.hosts.type, kinds.routers.type];

const knownResourceTypes: EngineRule = {
  name: "known-resource-types",
  severity: "high",
  scope: "resource",
  description:
    "A stack contains only registered kinds of components and the resources that deliver to their hosts and routers.",
  reason: "No rule can judge what any other resource does to a host or to an account.",
  fix: "Use a registered kind (components/*/*.kind.ts), or keep the resource in a program of its own. What delivers to a host or router is made by its `HostDelivery` or `RouterDelivery` alone.",
  judge({ type, name, opts, parent }) {
    if (!isKnownType(type)) return `Resource ${name} is of the unregistered type ${type}.`;
    if (isKnownResource(type, name, parent?.urn ?? opts.parent)) return undefined;
    return `Resource ${name} of type ${type} is none of those that deliver to a host or router.`;
  },
};

/** The same of what lies in the stack already: rules about the whole stack see registered kinds alone. */
const knownStackTypes: EngineRule = {
  ...knownResourceTypes,
  name: "known-stack-types",
  scope: "stack",
  description:
    "A whole stack has nothing but the registered kinds of component and what delivers to their hosts and routers.",
};

const hostKeyPinned: EngineRule = {
  name: "host-key-pinned",
  severity: "critical",
  scope: "resource",
  description: "Every remote command names the host key that it accepts.",
  reason:
    "Without a pinned key, any machine that answers at the address gets the accounts' secrets and a root session.",
  fix: "Set `hostKey` in the command's `connection` (and in its `proxy`) from the known_hosts file of the stack.",
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
      return `The host key of command ${name} is unknown before the update.`;
    }
  },
};

const accountProtected: EngineRule = {
  name: "account-protected",
  severity: "critical",
  scope: "resource",
  description: "An account with `protect: true` is also protected in the engine.",
  reason: "Otherwise a line lost from the inventory deletes the account, whatever `protect` says in its file.",
  fix: "Do not override `protect` in the component's options: the account's own `protect` decides.",
  judge({ type, name, props, opts }) {
    // `readable-inputs` reports a `protect` that cannot be read.
    if (type !== accountType || opts.protect || !isProtected(props)) return undefined;
    return `Account ${name} is declared with protect: true, but its resource is not protected.`;
  },
};

const commandUnderHost: EngineRule = {
  name: "command-under-host",
  severity: "critical",
  scope: "stack",
  description: "Every remote command belongs to a declared host or router.",
  reason:
    "A command outside the declared hosts and routers changes a machine whose accounts and hardware no rule has judged.",
  fix: "Let the `HostDelivery` of the host or the `RouterDelivery` of the router make the command: it is the only place that known-stack-types accepts.",
  judge(resource) {
    if (!resource.type.startsWith("command:remote:")) return undefined;
    for (let each = resource.parent; each; each = each.parent) if (machines.includes(each.type)) return undefined;
    return `Command ${resource.name} is not inside a BareMetalHost or Router component.`;
  },
};

const readable = {
  severity: "critical",
  reason:
    "A rule cannot judge a value that it cannot read, and an option that no rule knows could be a privilege, a path of the host or a device.",
} as const;

/** Reported if inputs of a component are unknown or invalid. */
export const readableInputs: RuleText = {
  ...readable,
  name: "readable-inputs",
  scope: "resource",
  description:
    "All inputs of Fairhost's components are plain values of the right type, and the rules know every one of them.",
  fix: "Pass plain values to the component, not outputs of other resources; add a new input to the kind's `inputs`, and a rule for its allowed values.",
};

/** The same for outputs of a component: rules about the whole stack see only outputs. */
export const readableOutputs: RuleText = {
  ...readable,
  name: "readable-outputs",
  scope: "stack",
  description:
    "Fairhost's components register all their inputs as outputs and nothing else, as plain values of the right type.",
  fix: "End the component's constructor with `registerOutputs(args)`, and pass plain values to it.",
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
