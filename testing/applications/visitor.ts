import type { ContainerHost } from "../../lab/container.ts";
import { succeed } from "../fakes/placed-host.ts";

/** Asks an application through the front end. */
export interface Visitor {
  /** Its name in the DNS. */
  readonly site: string;
  /** User of the account's databases; the application's own is called `<user>_own`. */
  readonly user: string;
  /**
   * @param more options of curl
   * @returns the body
   * @throws unless the status is as wanted (200)
   */
  get(path: string, wanted?: number, ...more: readonly string[]): Promise<string>;
  /** Runs a Python program beside the front end, as root, with the site's name as its argument. @returns what it writes */
  python(program: string): Promise<string>;
  /** Stops the application, as when it has been idle. */
  rest(): Promise<void>;
}

/** An answer of an application. */
interface Answer {
  readonly status: number;
  readonly seconds: number;
  readonly body: string;
}

/** The HTTP server of an application: its account's number, its own name, its name in the DNS, and whether it is asked over HTTPS. */
export interface Place {
  readonly account: number;
  readonly server: string;
  readonly site: string;
  readonly https: boolean;
}

/** A visitor beside the front end of a host, and one who takes any answer. */
export function visitorOf(
  host: ContainerHost,
  { account, server, site, https }: Place,
): Visitor & { ask(path: string, ...more: readonly string[]): Promise<Answer> } {
  const ask = async (path: string, ...more: readonly string[]): Promise<Answer> => {
    // The certificate is one that nobody trusts: there is no CA.
    const words = ["curl", "-sSgk", "--path-as-is", "--max-time", "110", "-w", "\n%{http_code} %{time_total}"];
    const address = `${https ? "https" : "http"}://${site}${path}`;
    const all = [...words, "--connect-to", "::[::1]:", ...more, address];
    const { stdout, stderr } = await host.run(all, { timeout: 120_000 });
    const lines = stdout.split("\n");
    const [status = 0, seconds = 0] = lines.pop()!.split(" ").map(Number);
    return { status, seconds, body: lines.join("\n") + stderr };
  };
  return {
    site,
    user: `a${account}`,
    ask,
    async get(path, wanted = 200, ...more) {
      const { status, body } = await ask(path, ...more);
      if (status !== wanted) throw new Error(`${path}: ${status}, not ${wanted}: ${body.slice(0, 300)}`);
      return body;
    },
    async python(program) {
      const { stdout, stderr } = await host.run(["python3", "-c", program, site], { timeout: 120_000 });
      return stdout + stderr;
    },
    async rest() {
      await succeed(host, ["systemctl", "stop", `account-${account}-http-${server}.service`]);
    },
  };
}

/** @throws with the beginning of the text, when it has not this word */
export function contains(text: string, word: string): void {
  if (!text.includes(word)) throw new Error(`${word} is not in: ${text.slice(0, 300)}`);
}

/** @returns what the first group of the pattern is in a text @throws with the beginning of the text, when there is none */
export function found(text: string, pattern: RegExp): string {
  const word = pattern.exec(text)?.[1];
  if (word === undefined) throw new Error(`${pattern} is not in: ${text.slice(0, 300)}`);
  return word;
}

/** Options of curl that keep the cookies of one browser in a file. */
export function browser(name: string): string[] {
  return ["-b", `/root/${name}.cookies`, "-c", `/root/${name}.cookies`];
}

/** Options of curl that send a form. */
export function form(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
}

/** Options of curl that send a form with files: of a value `@<path>` the file's content. */
export function upload(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => ["-F", `${name}=${value}`]);
}

/** Program that writes a file to upload, `/root/words.txt`: 3,500,000 bytes. */
export const words = 'open("/root/words.txt", "w").write("a word " * 500_000)';
