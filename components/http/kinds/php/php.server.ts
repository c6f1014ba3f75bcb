import { z } from "zod";
import { ownText } from "../../../../lib/text/own-text.ts";
import { homeInside, insideHome } from "../../../account/account-paths.ts";
import { homePath, number, text } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { format, homePathSchema } from "../../../schema.ts";
import { apacheEnvironment, apacheTasks } from "../../program/apache.ts";
import {
  apacheStart,
  inside,
  programEntry,
  programFiles,
  programInputs,
  programTasks,
  programUnit,
  runEntry,
  runInputs,
  scriptFile,
} from "../../program/run-program.ts";
import { hostLimits } from "../../web-site/web-site.ts";
import type { HttpServer, ServerKind } from "../server.ts";
import { wakeOf } from "../wake.ts";
import { directives } from "./directives.ts";

/** PHP reads `-d NAME=VALUE` as a line of php.ini, where other characters have a meaning. */
const valueSchema = format(
  "a number, or letters, digits, spaces and . _ / : , + -, beginning with a letter, digit or -",
  (says) =>
    z.union([
      z.int(),
      z
        .string()
        .max(1000)
        .regex(/^[A-Za-z0-9-][A-Za-z0-9 ._/:,+-]*$/, says),
    ]),
);

export const entry = {
  kind: z
    .literal("php")
    .describe("Kind of HTTP server. `php`: Apache and PHP-FPM serve a PHP application of the account's home."),
  root: homePathSchema.default("www").describe("Directory to serve, inside the account's home. Default `www`."),
  fallback: homePathSchema
    .default("index.php")
    .describe(
      "Script inside `root` that answers for paths without a file or directory, if it exists. Default `index.php`.",
    ),
  workers: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe(
      "Scripts that run at the same time; more requests wait. Each takes memory up to `memory_limit`. One to four idle ones are kept, others end. Default 8.",
    ),
  ini: z
    .partialRecord(z.enum(directives), valueSchema)
    .default({})
    .describe(
      "Directives of php.ini, for example `memory_limit: 256M`. Uploads may be as large as the front end lets through, unless set here.",
    ),
  environment: programEntry.environment,
  ...runEntry,
};

export const inputs = {
  kind: behaviour(z.literal("php")).describe("`php`: Apache and PHP-FPM."),
  root: homePath().describe("Directory served."),
  fallback: homePath().describe("Script inside `root` that answers for paths without a file."),
  workers: behaviour(number).describe("Scripts that run at the same time."),
  ini: behaviour(z.record(text, z.union([number, text]))).describe("Directives of php.ini."),
  environment: programInputs.environment,
  ...runInputs,
};

const configuration = "apache/php.conf";
const script = "libexec/run-php";

/**
 * PHP-FPM behind Apache, in which an application's `.htaccess` files count (decision 31). Both end when the proxy before them has been idle.
 * Compiled scripts are kept in the home, so that the first request after a rest finds them.
 */
export const server: ServerKind<HttpServer<"php">> = {
  kind: "php",
  parallel: "apache",
  workers: ({ workers }) => workers,
  // The script, its pipe of the log, the master of FPM, and the proxy where a .htaccess asks for HTTPS.
  tasks: ({ workers }, tasksMax) => programTasks + apacheTasks(tasksMax) + 4 + workers,
  wake: wakeOf(import.meta.dirname),
  inTurn: true,
  packages: [
    ...["apache2-bin", "media-types", "php-fpm"],
    // What applications in Debian ask for most often.
    ...[
      "php-bcmath",
      "php-curl",
      "php-gd",
      "php-intl",
      "php-mbstring",
      "php-mysql",
      "php-pgsql",
      "php-sqlite3",
      "php-xml",
      "php-zip",
    ],
  ],
  // Accounts start FPM for themselves; the timer would end the sessions of the host's own PHP, which has none.
  masks: ["php8.4-fpm.service", "phpsessionclean.timer"],
  entry,
  inputs,
  shared: () => [
    ...programFiles(),
    { path: configuration, content: ownText(import.meta.dirname, "apache.conf") },
    scriptFile(import.meta.dirname, "run-php"),
  ],
  service(account, server) {
    const { name, root, fallback, workers, ini, environment } = server;
    const size = `${hostLimits.bodyMaxMb}M`;
    const directives = { post_max_size: size, upload_max_filesize: size, ...ini };
    const state = `${homeInside(account)}/.cache/fairhost/${name}`;
    const words = Object.entries(directives).map(([directive, value]) => `${directive}=${value}`);
    return programUnit(
      account,
      { ...apacheStart, ...server, directory: root, environment },
      {
        command: [inside(script).path, state, `${workers}`, ...words.sort()],
        requests: "port",
        environment: {
          FAIRHOST_ROOT: insideHome(account, root),
          FAIRHOST_FALLBACK: `/${fallback}`,
          ...apacheEnvironment(account.limits.tasksMax),
        },
        binds: [inside(script).bind, inside(configuration).bind],
      },
    );
  },
};
