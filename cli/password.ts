import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Command } from "commander";
import { execa } from "execa";
import { yescrypt } from "../components/access/passwords/password-hash.ts";
import { UserError } from "../lib/user-error.ts";
import { run, withAction } from "./exit-status.ts";

/** Fewest characters. Against a server that answers a wrong password after seconds, and against who gets hold of a hash. */
const fewest = 12;
/** Most octets: what check-password.pl reads. */
const most = 512;

/**
 * The yescrypt hash of a password, of cost 5 (crypt(5)), with a salt of 144 random bits. libcrypt makes it, by Perl, which every Debian has: Node.js
 * knows no yescrypt.
 * @throws UserError for a password that is too short, too long or has control characters; if this machine's libcrypt has no yescrypt
 */
export async function hashPassword(password: string): Promise<string> {
  if ([...password].length < fewest || Buffer.byteLength(password) > most || /\p{Cc}/u.test(password)) {
    throw new UserError(
      `the password must have ${fewest} characters or more, at most ${most} octets and no control characters\n  fix: choose another, such as a few words`,
      "wrong usage",
    );
  }
  const salt = randomBytes(18).toString("base64").replaceAll("+", ".");
  const program = "local $/; my $password = <STDIN>; print crypt($password, $ARGV[0])";
  const { stdout } = await execa("perl", ["-e", program, `$y$j9T$${salt}`], { input: password });
  if (!new RegExp(`^${yescrypt.source}$`).test(stdout))
    throw new UserError("this machine's libcrypt makes no yescrypt hash\n  fix: run the command on Debian 12 or newer");
  return stdout;
}

/** Asks on the terminal, without showing what is typed, until the same was typed twice. @param ask one question */
export async function askTwice(ask: (question: string) => Promise<string>): Promise<string> {
  const first = await ask("Password: ");
  if ((await ask("Again: ")) === first) return first;
  throw new UserError("the two passwords differ\n  fix: start again", "wrong usage");
}

async function askHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}

/** `npm run password`: makes what an inventory has of a password. */
const passwordCommand = withAction(
  new Command("password")
    .description(
      "Makes the yescrypt hash of a password, for `passwordHash` of a user. Asks twice for the password, or reads one line of standard input; it is never on a command line.",
    )
    // Refused below: Commander would repeat it.
    .allowExcessArguments(),
  ["failed"],
  async (_options: object, { args }: Command) => {
    if (args.length > 0)
      throw new UserError(
        "a password does not belong on a command line, where everybody on this machine can read it\n  fix: choose another, and type it when the command asks",
        "wrong usage",
      );
    const password = process.stdin.isTTY
      ? await askTwice(askHidden)
      : (await text(process.stdin)).replace(/\r?\n$/, "");
    console.log(await hashPassword(password));
    return "done";
  },
);

if (import.meta.main) await run(passwordCommand);
