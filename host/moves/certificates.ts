import { createPrivateKey, X509Certificate } from "node:crypto";
import { chownSync, lstatSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { certificates, issued, securedNames } from "../../delivery/protocol/certificates.ts";
import type { Machine } from "../os/machine.ts";
import { wwwData } from "../store/accounts.ts";
import { readCurrent } from "../store/generations.ts";
import { readDelivered } from "../store/moving.ts";

/** A certificate by its host name: key and chain as PEM, and when to renew it, in milliseconds since 1970. */
type Certificates = Readonly<Record<string, { readonly pem: string; readonly due: number }>>;

/** Bytes. A key and a chain have about 5,000. */
const most = 64 << 10;

/** Base names of an account's certificates: host names, or `_.example.org` for `*.example.org`. */
function namesIn(bundle: Bundle, number: number): string[] {
  const files = bundle.groups[`account-${number}`]?.files ?? [];
  const content = files.find(({ path }) => path === `${securedNames}/${number}.certificates`)?.content ?? "";
  return [...content.matchAll(/ ((?:_\.)?[a-z0-9][a-z0-9.-]*);$/gm)].map(([, name]) => name!);
}

const fileOf = ({ layout }: Machine, name: string) => layout.at(join(certificates, `${name}.pem`));

/** The certificates of an account on this host that a CA has signed, as one line of JSON; it has their keys. */
export function showCertificates(machine: Machine, number: number): string {
  const found: Record<string, Certificates[string]> = {};
  for (const name of namesIn(readCurrent(machine).bundle, number)) {
    const stat = lstatSync(fileOf(machine, name), { throwIfNoEntry: false });
    // Without one it is a symlink to the host's own.
    if (stat?.isFile()) found[name] = { pem: readFileSync(fileOf(machine, name), "utf8"), due: stat.mtimeMs };
  }
  return JSON.stringify(found);
}

/**
 * Puts certificates from another host in place, before the account lands, so that none is asked for anew. That host is not trusted: only names that the account
 * is to have here, a key with its own certificate for the name, never put off beyond its end. What is not so is left out: the CA gives a new one.
 * @returns the names
 */
export function takeCertificates(machine: Machine, number: number, text: string): string[] {
  const given = JSON.parse(text) as Certificates;
  const { disk } = machine;
  const names = namesIn(readDelivered(machine), number).filter((name) => isFor(name, given[name]));
  for (const name of names) {
    const { pem, due } = given[name]!;
    const path = fileOf(machine, name);
    const incoming = `${path}.coming`;
    disk.remove(incoming);
    disk.create(incoming, pem, 0o640, { sync: true });
    if (process.getuid?.() === 0) chownSync(incoming, 0, wwwData);
    const end = Date.parse(new X509Certificate(pem).validTo);
    utimesSync(incoming, new Date(), new Date(Math.min(due, end)));
    disk.rename(incoming, path);
    disk.makeDirectory(machine.layout.at(issued), 0o750);
    disk.replace(machine.layout.at(join(issued, name)), `${Math.floor(end / 1000)}\n`, 0o640);
  }
  return names;
}

function isFor(name: string, given: Certificates[string] | undefined): boolean {
  if (typeof given?.pem !== "string" || given.pem.length > most || typeof given.due !== "number") return false;
  try {
    const certificate = new X509Certificate(given.pem);
    // Whatever stands before the first dot.
    return (
      certificate.checkHost(name.replace(/^_/, "any-name")) !== undefined &&
      certificate.checkPrivateKey(createPrivateKey(given.pem))
    );
  } catch {
    return false;
  }
}
