import { createPrivateKey, hkdfSync } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { dnsSecrets } from "../../delivery/protocol/dns-secrets.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

/**
 * The secret of one account: HKDF-SHA256 of the host's master secret, info `fairhost/account/<number>/<epoch>`, 32 bytes in base64.
 */
export function accountSecret(master: Uint8Array, account: number, epoch: number): string {
  return Buffer.from(hkdfSync("sha256", master, new Uint8Array(), `fairhost/account/${account}/${epoch}`, 32)).toString(
    "base64",
  );
}

/** DER of a PKCS #8 private key of Ed25519 (RFC 8410 section 7), up to the 32 octets that are the key. */
const beforeEd25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Private host key of one account's SSH server, Ed25519 in PEM: HKDF-SHA256 of the host's master secret, info
 * `fairhost/ssh-host-key/<number>/<epoch>`. Not of the account's secret, which the account's programs can read.
 */
export function sshHostKey(master: Uint8Array, account: number, epoch: number): string {
  const info = `fairhost/ssh-host-key/${account}/${epoch}`;
  const seed = Buffer.from(hkdfSync("sha256", master, new Uint8Array(), info, 32));
  const key = createPrivateKey({ key: Buffer.concat([beforeEd25519, seed]), format: "der", type: "pkcs8" });
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

/**
 * Password of one account on servers of databases, over TCP: HKDF-SHA256 of the host's master secret, info
 * `fairhost/database/<number>/<epoch>`, 32 bytes in base64url, which needs no escaping in a URL.
 */
export function databasePassword(master: Uint8Array, account: number, epoch: number): string {
  const info = `fairhost/database/${account}/${epoch}`;
  return Buffer.from(hkdfSync("sha256", master, new Uint8Array(), info, 32)).toString("base64url");
}

/**
 * Key of an account's backups that this host makes: HKDF-SHA256 of the host's master secret, info `fairhost/backup/<number>/<epoch>`, 32 bytes in
 * base64. In no file: whoever has the master secret of that epoch has it, also when the host is lost (docs/how-to/operate/backups.md).
 */
export function backupKey(master: Uint8Array, account: number, epoch: number): string {
  return Buffer.from(hkdfSync("sha256", master, new Uint8Array(), `fairhost/backup/${account}/${epoch}`, 32)).toString(
    "base64",
  );
}

/** The host's master secret in force. @throws ApplyError if there is none */
export function latestMaster({ layout }: Pick<Machine, "layout">): { readonly epoch: number; readonly master: Buffer } {
  const epoch = existsSync(layout.secrets) ? latestEpoch(layout.secrets) : 0;
  if (epoch === 0) throw new ApplyError(`${layout.secrets} has no master secret: deploy first`);
  return { epoch, master: masterOf({ layout }, epoch)! };
}

/** The host's master secret of an epoch; undefined if it has none. */
export function masterOf({ layout }: Pick<Machine, "layout">, epoch: number): Buffer | undefined {
  const path = join(layout.secrets, `master-${epoch}`);
  return existsSync(path) ? Buffer.from(readFileSync(path, "utf8"), "base64") : undefined;
}

/** What each account has, by the directory in which it is a file called as the account's number. */
const perAccount = { accounts: accountSecret, ssh: sshHostKey, databases: databasePassword } as const;
const directories = Object.keys(perAccount) as (keyof typeof perAccount)[];

/** The directories with a file for each account. */
export function secretDirectories({ layout }: Pick<Machine, "layout">): string[] {
  return directories.map((name) => join(layout.secrets, name));
}

/** The password of an account on servers of databases, and the file that has it. */
export function readDatabasePassword({ layout }: Pick<Machine, "layout">, account: number) {
  const path = join(layout.secrets, "databases", `${account}`);
  return { path, password: existsSync(path) ? readFileSync(path, "utf8") : undefined };
}

/** The directory with the secrets of the DNS provider. */
export function dnsDirectory({ layout }: Pick<Machine, "layout">): string {
  return join(layout.secrets, basename(dnsSecrets));
}

/**
 * Makes sure that the host has its master secret for the epoch, and every account its own. An existing master secret is never
 * replaced: if a delivery has another one (a lost state made a new random value), the host keeps its own, and that is said.
 * @throws ApplyError if the host is already at a later epoch: its data may be encrypted with that one.
 */
export function ensureSecrets(
  machine: Machine,
  bundle: Bundle,
  delivered: {
    readonly master: Uint8Array;
    readonly epoch: number;
    readonly dns?: Readonly<Record<string, string>>;
  },
): void {
  const { disk, layout, say } = machine;
  const { epoch } = delivered;
  for (const path of [layout.secrets, ...directories.map((name) => join(layout.secrets, name))])
    if (!existsSync(path)) disk.makeDirectory(path, 0o700);
  const latest = latestEpoch(layout.secrets);
  if (epoch < latest) {
    throw new ApplyError(
      `the host's secrets are at epoch ${latest}, but the delivery has epoch ${epoch}: set fairhost:secretEpoch to ${latest}; never lower an epoch, since data may be encrypted with the later secret`,
    );
  }
  const masterFile = join(layout.secrets, `master-${epoch}`);
  if (!existsSync(masterFile)) disk.replace(masterFile, Buffer.from(delivered.master).toString("base64"), 0o600);
  const master = Buffer.from(readFileSync(masterFile, "utf8"), "base64");
  if (master.length !== 32) {
    throw new ApplyError(`${masterFile} is damaged (${master.length} bytes instead of 32): restore it from a backup`);
  }
  noteOther(machine, epoch, !master.equals(delivered.master));
  const other = otherMaster(machine);
  if (other !== undefined) say(other);
  // The content is compared: a file that a power cut left empty is derived again. So these files need no fsync.
  const accounts = Object.values(bundle.groups).flatMap((group) => (group?.account ? [group.account.number] : []));
  const derived = derivedBefore(machine, epoch, masterFile);
  let isOther = derived === 0;
  for (const name of directories) {
    const directory = join(layout.secrets, name);
    const wrong = accounts.flatMap((number) => {
      const file = join(directory, `${number}`);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() && stat.ctimeMs < derived) return [];
      const secret = perAccount[name](master, number, epoch);
      return existsSync(file) && readFileSync(file, "utf8") === secret ? [] : [{ file, secret }];
    });
    for (const { file, secret } of wrong) disk.replace(file, secret, 0o400, { sync: false });
    if (wrong.length === 0) continue;
    disk.syncFileSystem(directory);
    isOther = true;
  }
  if (isOther) disk.replace(derivedFile(machine), `${epoch}\n`, 0o600);
  ensureDnsSecrets(machine, delivered.dns ?? {});
}

const derivedFile = ({ layout }: Pick<Machine, "layout">) => join(layout.secrets, "derived");

/**
 * When the secrets of all accounts of then had been derived, of this epoch and this master secret, and were on disk, in milliseconds since 1970: to derive those of 1,000 accounts takes most of a
 * second. The kernel moves a file's time of change with whatever is done to it.
 * @returns 0 if nobody can tell, also if the clock was wrong: all are derived and compared then
 */
function derivedBefore(machine: Pick<Machine, "layout">, epoch: number, masterFile: string): number {
  const stat = lstatSync(derivedFile(machine), { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.mtimeMs > Date.now() || lstatSync(masterFile).ctimeMs >= stat.mtimeMs) return 0;
  return readFileSync(derivedFile(machine), "utf8") === `${epoch}\n` ? stat.mtimeMs : 0;
}

const otherFile = ({ layout }: Pick<Machine, "layout">, epoch: number) => join(layout.secrets, `other-master-${epoch}`);

/** Remembers whether the last delivery had another master secret than the host: nothing else on the host tells it. */
function noteOther(machine: Machine, epoch: number, isOther: boolean): void {
  const { disk, layout } = machine;
  const path = otherFile(machine, epoch);
  for (const name of readdirSync(layout.secrets).filter((each) => each.startsWith("other-master-"))) {
    if (!isOther || join(layout.secrets, name) !== path) disk.remove(join(layout.secrets, name));
  }
  if (isOther && !existsSync(path)) disk.replace(path, "", 0o600);
}

/** What to do if the stack's state has another master secret of the epoch in force than the host; undefined if it has the same one. */
export function otherMaster(machine: Pick<Machine, "layout">): string | undefined {
  const epoch = existsSync(machine.layout.secrets) ? latestEpoch(machine.layout.secrets) : 0;
  if (!existsSync(otherFile(machine, epoch))) return undefined;
  return `the state has another master secret of epoch ${epoch} than this host, which keeps its own (the state was lost, or the stack was destroyed): a restored state cannot give this host's secrets, nor open its backups, and no deploy can tell this host that it is lost. To have one in both, raise fairhost:secretEpoch to ${epoch + 1} and deploy`;
}

/** Exactly the delivered secrets of the DNS provider, a file each. They are rotated at the provider: the last delivery's count. */
function ensureDnsSecrets({ disk, layout }: Machine, secrets: Readonly<Record<string, string>>): void {
  const directory = dnsDirectory({ layout });
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const name of names) if (!Object.hasOwn(secrets, name)) disk.remove(join(directory, name));
  if (Object.keys(secrets).length > 0 && !existsSync(directory)) disk.makeDirectory(directory, 0o700);
  for (const [name, value] of Object.entries(secrets)) {
    const file = join(directory, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== value) disk.replace(file, value, 0o400);
  }
}

function latestEpoch(directory: string): number {
  const epochs = readdirSync(directory).map((name) => Number(/^master-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...epochs);
}
