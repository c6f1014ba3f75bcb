// Written by `npm run generate` from the files beside it. Do not edit.
import { z } from "zod";
import * as nodeServer from "./node/node.server.ts";
import * as phpServer from "./php/php.server.ts";
import * as programServer from "./program/program.server.ts";
import * as proxyServer from "./proxy/proxy.server.ts";
import * as pythonServer from "./python/python.server.ts";
import * as redirectServer from "./redirect/redirect.server.ts";
import * as staticServer from "./static/static.server.ts";
import { commonEntry, commonInputs } from "./server.ts";

/** Branches of an HTTP server's entry in its account's file. */
export const serverEntries = [
  z.strictObject({ ...commonEntry, ...nodeServer.entry }),
  z.strictObject({ ...commonEntry, ...phpServer.entry }),
  z.strictObject({ ...commonEntry, ...programServer.entry }),
  z.strictObject({ ...commonEntry, ...proxyServer.entry }),
  z.strictObject({ ...commonEntry, ...pythonServer.entry }),
  z.strictObject({ ...commonEntry, ...redirectServer.entry }),
  z.strictObject({ ...commonEntry, ...staticServer.entry }),
] as const;

/** Branches of an HTTP server's inputs. */
export const serverInputs = [
  z.strictObject({ ...commonInputs, ...nodeServer.inputs }),
  z.strictObject({ ...commonInputs, ...phpServer.inputs }),
  z.strictObject({ ...commonInputs, ...programServer.inputs }),
  z.strictObject({ ...commonInputs, ...proxyServer.inputs }),
  z.strictObject({ ...commonInputs, ...pythonServer.inputs }),
  z.strictObject({ ...commonInputs, ...redirectServer.inputs }),
  z.strictObject({ ...commonInputs, ...staticServer.inputs }),
] as const;

/** The kinds by their names. */
export const servers = {
  node: nodeServer.server,
  php: phpServer.server,
  program: programServer.server,
  proxy: proxyServer.server,
  python: pythonServer.server,
  redirect: redirectServer.server,
  static: staticServer.server,
} as const;
