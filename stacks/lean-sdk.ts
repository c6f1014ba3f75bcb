import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";

/**
 * Takes the three costs out of the Node.js SDK that grow with every resource: a stack trace for each promise, one RPC
 * for each debug line, an unlimited call-site walk for each resource (measured for 3,003 resources, no-op preview:
 * 11.7 s as it is, 3.3 s so). These are internals: where one is not found as expected the SDK is left as it is, only slower.
 * `PULUMI_DEBUG_PROMISE_LEAKS` or `FAIRHOST_PLAIN_SDK` in the environment keep everything. Stack traces of one's own errors stay whole.
 * @returns the names of what was changed, for the test that guards the pinned SDK.
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
  return done;
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
