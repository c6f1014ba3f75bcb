import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import * as lab from "./lab-api.ts";

/**
 * Puts `lab/content/<account>/` into each account's home, as the account's own uid, as its owner would do over SFTP.
 * Existing files stay as they are.
 */
export async function putContent(declaration: Declaration): Promise<void> {
  for (const { name, host, uid, gid, directory } of declaration.accounts) {
    const content = fileURLToPath(new URL(`content/${name}`, import.meta.url));
    if (!existsSync(content)) continue;
    const archive = await execa("tar", ["--create", "--directory", content, "."], { encoding: "buffer" });
    const unpack = ["tar", "--extract", "--skip-old-files", "--no-same-owner", "--directory", `${directory}/home`];
    const user = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    await lab.sshRun(host, ["setpriv", ...user, ...unpack], { stdin: archive.stdout });
  }
}
