// Written by `npm run generate` from the files beside it. Do not edit.
import { z } from "zod";
import * as phpServer from "./kinds/php/php.server.ts";
import * as programServer from "./kinds/program/program.server.ts";
import * as staticServer from "./kinds/static/static.server.ts";
import { commonEntry, commonInputs } from "./server.ts";

/** Branches of an HTTP server's entry in its account's file. */
export const serverEntries = [
  z.strictObject({ ...commonEntry, ...phpServer.entry }),
  z.strictObject({ ...commonEntry, ...programServer.entry }),
  z.strictObject({ ...commonEntry, ...staticServer.entry }),
] as const;

/** Branches of an HTTP server's inputs. */
export const serverInputs = [
  z.strictObject({ ...commonInputs, ...phpServer.inputs }),
  z.strictObject({ ...commonInputs, ...programServer.inputs }),
  z.strictObject({ ...commonInputs, ...staticServer.inputs }),
] as const;

/** The kinds by their names. */
export const servers = {
  php: phpServer.server,
  program: programServer.server,
  static: staticServer.server,
} as const;
