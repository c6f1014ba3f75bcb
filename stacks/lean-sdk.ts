import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";

/**
 * Removes costs of the Node.js SDK that grow with every resource: a stack trace for each promise, one RPC for each debug line, an
 * unlimited call-site walk for each resource (3,003 resources, no-op preview: 11.7 s without this, 3.3 s with it), and several promises
 * for each property even if there is nothing to wait for. These are internals: if one is not found as expected, the SDK stays unchanged
 * and is only slower. Set `PULUMI_DEBUG_PROMISE_LEAKS` or `FAIRHOST_PLAIN_SDK` in the environment to keep everything. Stack traces of own
 * errors stay complete.
 * @returns the names of the changed internals, for the test of the pinned SDK.
 */
export function leanSdk(environment: NodeJS.ProcessEnv = process.env): string[] {
  if (environment.PULUMI_DEBUG_PROMISE_LEAKS || environment.FAIRHOST_PLAIN_SDK) return [];
  const done: string[] = [];
  const require = createRequire(import.meta.url);
  const debuggable: Record<string, unknown> = require("@pulumi/pulumi/runtime/debuggable");
  const debuggablePromise = debuggable.debuggablePromise;
  if (typeof debuggablePromise === "function") {
    debuggable.debuggablePromise = (...args: unknown[]) => withoutStackTraces(() => debuggablePromise(...args));
    done.push("debuggablePromise");
  }
  const log: Record<string, unknown> = require("@pulumi/pulumi/log");
  if (typeof log.debug === "function") {
    log.debug = () => Promise.resolve();
    done.push("debug");
  }
  if ("callsites" in pulumi.Resource) {
    Object.assign(pulumi.Resource, { callsites: () => [] });
    done.push("callsites");
  }
  const rpc: Record<string, unknown> = require("@pulumi/pulumi/runtime/rpc");
  const { serializeResourceProperties, serializeProperties } = rpc;
  if (typeof serializeResourceProperties === "function" && typeof serializeProperties === "function") {
    rpc.serializeResourceProperties = async (
      label: string,
      { id: _, urn: __, ...props }: Properties,
      ...rest: unknown[]
    ) => {
      const plain = plainCopy(props);
      // No property depends on another resource: an empty map tells the engine so.
      return plain ? [plain, new Map()] : serializeResourceProperties(label, props, ...rest);
    };
    rpc.serializeProperties = async (label: string, props: Properties, ...rest: unknown[]) =>
      plainCopy(props) ?? serializeProperties(label, props, ...rest);
    done.push("serializeProperties");
  }
  return done;
}

type Properties = Record<string, unknown>;

/**
 * Copies plain JSON values as the SDK does: undefined members are omitted, undefined elements become null.
 * @returns undefined for other values
 */
function plainCopy(value: Properties): Properties | undefined {
  let isPlain = true;
  const copy = (inner: unknown): unknown => {
    if (inner === null || ["undefined", "boolean", "number", "string"].includes(typeof inner)) return inner;
    if (Array.isArray(inner)) return inner.map((element) => copy(element) ?? null);
    if (typeof inner !== "object" || Object.getPrototypeOf(inner) !== Object.prototype) {
      isPlain = false;
      return undefined;
    }
    const result: Properties = {};
    for (const [key, member] of Object.entries(inner)) {
      const copied = copy(member);
      if (copied !== undefined) result[key] = copied;
    }
    return result;
  };
  const copied = copy(value) as Properties;
  return isPlain ? copied : undefined;
}

function withoutStackTraces<T>(work: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
