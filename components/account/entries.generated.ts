// Written by `npm run generate` from the files beside it. Do not edit.
import { entries as user } from "../access/user.kind.ts";
import { entries as database } from "../database/database.kind.ts";
import { entries as httpServer } from "../http/http-server.kind.ts";
import { entries as service } from "../service/service.kind.ts";
import { entries as scheduledTask } from "../task/scheduled-task.kind.ts";

/** Lists that an account's file has of its own things, by their key. */
export const accountEntries = {
  users: user,
  databases: database,
  httpServers: httpServer,
  services: service,
  tasks: scheduledTask,
};
