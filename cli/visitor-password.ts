import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import bcrypt from "bcryptjs";
import { Command } from "commander";
import { UserError } from "../lib/user-error.ts";
import { run, withAction } from "./exit-status.ts";

/** bcrypt's work is 2^cost; the front end does it for each request (components/http/web-site/web-site.ts). */
const cost = 5;

/** Bytes that bcrypt looks at; more would be cut off without a word. */
const most = 72;

/** Bytes of a password that is made: with 120 bits nobody finds it, whatever a hash costs. */
const made = 15;

/**
 * An entry of a web site's `passwords`.
 * @param given the password; without one it is made
 * @throws UserError for a password that is empty, or longer than bcrypt reads
 */
async function passwordEntry(
  visitor: string,
  given?: string,
): Promise<{ readonly password: string; readonly entry: string }> {
  const password = given ?? randomBytes(made).toString("base64url");
  const length = Buffer.byteLength(password);
  if (length === 0 || length > most) {
    throw new UserError(`The password has ${length} bytes. Fix: give one of 1 to ${most} bytes.`, "wrong usage");
  }
  return { password, entry: `${visitor}: ${await bcrypt.hash(password, cost)}` };
}

/** `npm run visitor-password`: a visitor's password for a web site, and its hash for the inventory. */
const passwordCommand = withAction(
  new Command("visitor-password")
    .description(
      "Makes a password for a visitor of a web site and prints its hash, an entry of `passwords` of an HTTP server.",
    )
    .argument("<visitor>", "the visitor's name, for example kim")
    .option("--stdin", "hash the first line of standard input instead of making a password; it should be long"),
  [],
  async (visitor: string, { stdin }: { stdin?: true }) => {
    const given = stdin && (await text(process.stdin)).split(/\r?\n/, 1)[0];
    const { password, entry } = await passwordEntry(visitor, given);
    if (!stdin) console.error(`Password of ${visitor}, shown only now: ${password}`);
    console.log(entry);
  },
);

if (import.meta.main) await run(passwordCommand);
