// Written by `npm run generate` from the files beside it. Do not edit.
import { z } from "zod";
import * as programServer from "./kinds/program/program.server.ts";
import * as staticServer from "./kinds/static/static.server.ts";
import { commonEntry, commonInputs } from "./server.ts";

/** Branches of an HTTP server's entry in its account's file. */
export const serverEntries = [
  z.strictObject({ ...commonEntry, ...programServer.entry }),
  z.strictObject({ ...commonEntry, ...staticServer.entry }),
] as const;

/** Branches of an HTTP server's inputs. */
export const serverInputs = [
  z.strictObject({ ...commonInputs, ...programServer.inputs }),
  z.strictObject({ ...commonInputs, ...staticServer.inputs }),
] as const;

/** The kinds by their names. */
export const servers = {
  program: programServer.server,
  static: staticServer.server,
} as const;
