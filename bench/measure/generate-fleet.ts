import { appendFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const labFleet = fileURLToPath(new URL("../../inventory/lab", import.meta.url));

/**
 * Copies the lab's fleet to `directory`, with one host at 127.0.0.1 `sshPort` and `accounts` accounts with one server each: two of three
 * static, one a program.
 */
export async function generateFleet(directory: string, accounts: number, sshPort: number): Promise<void> {
  await cp(labFleet, directory, { recursive: true });
  await rm(join(directory, "accounts"), { recursive: true });
  await rm(join(directory, "tombstones.yaml"));
  await rm(join(directory, "hosts/web2.yaml"));
  const host = join(directory, "hosts/web1.yaml");
  // As large as a host for a thousand accounts; it is the only host, so its plan promises no takeover.
  const large = (text: string) =>
    text
      .replace("port: 2201", `port: ${sshPort}`)
      .replaceAll("sizeGb: 3", "sizeGb: 7680")
      .replace(/capacity:[\s\S]*/, "capacity:\n  cores: 64\n  memoryMb: 524288\n  diskGb: 7000\n");
  await writeFile(host, large(await readFile(host, "utf8")));
  await appendFile(join(directory, "plans/small.yaml"), "takeover: false\n");
  await mkdir(join(directory, "accounts"));
  for (let number = 1; number <= accounts; number++)
    await writeFile(accountFile(directory, number), accountText(number));
}

export function accountFile(directory: string, number: number): string {
  return join(directory, "accounts", `${number}.yaml`);
}

/** Text of an account's file. A changed account has other `idleSeconds`. */
export function accountText(number: number, idleSeconds = 300): string {
  const kind = number % 3 === 0 ? `kind: program\n    command: [/usr/bin/python3, app.py]` : "kind: static";
  return `number: ${number}
name: user${number}
plan: small
host: web1
protect: false
httpServers:
  - name: site
    number: 1
    hostnames: [www.user${number}.test]
    idleSeconds: ${idleSeconds}
    ${kind}
`;
}
