import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { dataDirectory, type EngineName, serverUser } from "../../delivery/protocol/databases.ts";
import type { Settings } from "../../lib/systemd/unit-file.ts";
import type { Needs } from "../registry/bundle/bundle-folder.ts";

/** A server that keeps databases of all accounts of a host: Debian's program with a configuration and a unit of Fairhost's. */
export interface Engine extends Required<Needs> {
  readonly name: EngineName;
  /** As people write it. */
  readonly word: string;
  /** Its user is of no package: the host gets a record of it. */
  readonly bringsUser?: true;
  /** Where clients of Debian look for its socket. */
  readonly clientDirectories: readonly string[];
  /** Port at which programs look for it over TCP. */
  readonly port: number;
  /** Path of its own Unix socket, of which accounts see only relays (local.ts). */
  readonly socket: string;
  /** Where it answers relays of accounts over TCP, which are in its network namespace: by password. */
  readonly answersAt: string;
  /** Its configuration. @param connections that its databases may have open together */
  files(connections: number): readonly BundleFile[];
  /** `[Service]` settings of its unit, beside those of every server of databases. */
  readonly service: Settings;
  /** Command that looks at what sessions make grow for all, and capabilities that it needs. It hands lines to {@link sayEnded}. */
  readonly watch: { readonly command: string; readonly capabilities: string };
}

/** Says in the logs of host and account whose session was ended, and why. */
export const sayEnded = "databases/say-ended";

/** Commands that make the directory of a server, which alone can read it. */
export function ownDirectory(engine: EngineName): readonly string[] {
  const [directory, user] = [dataDirectory(engine), serverUser(engine)];
  const above = directory.slice(0, directory.lastIndexOf("/"));
  return [`+/usr/bin/install -d -m 0711 ${above}`, `+/usr/bin/install -d -m 0700 -o ${user} -g ${user} ${directory}`];
}
