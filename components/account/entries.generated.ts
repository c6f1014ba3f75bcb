// Written by `npm run generate` from the files beside it. Do not edit.
import { entries as httpServer } from "../http/http-server.kind.ts";

/** Lists that an account's file has of its own things, by their key. */
export const accountEntries = {
  httpServers: httpServer,
};
