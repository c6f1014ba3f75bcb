// Written by `npm run generate` from the files beside it. Do not edit.
import { units as access } from "../../access/access.units.ts";
import { units as sftp } from "../../access/files/sftp.units.ts";
import { units as webdav } from "../../access/files/webdav.units.ts";
import { units as passwords } from "../../access/passwords/passwords.units.ts";
import { units as ssh } from "../../access/ssh/ssh.units.ts";
import { units as accountNetwork } from "../../account-network/account-network.units.ts";
import { units as account } from "../../account/account.units.ts";
import { units as cache } from "../../cache/cache.units.ts";
import { units as database } from "../../database/database.units.ts";
import { units as ftps } from "../../ftps/ftps.units.ts";
import { units as http } from "../../http/http.units.ts";
import { units as task } from "../../task/task.units.ts";
import { formsOf } from "./unit-forms.ts";

/** Forms of all unit files of accounts. */
export const unitForms = formsOf([
  access,
  sftp,
  webdav,
  passwords,
  ssh,
  accountNetwork,
  account,
  cache,
  database,
  ftps,
  http,
  task,
]);
