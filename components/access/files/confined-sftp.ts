import { type BundleFile, type BundleUnit, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../../lib/architectures.ts";
import { execLine, type Settings, unitFile } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";
import { accountSettings, homeInside, logs, memoryMount, socketSlice } from "../../account/account-paths.ts";
import { sandboxFiles } from "../../account/sandbox/render-sandbox.ts";
import type { Part } from "../../registry/bundle/renderer.ts";
import type { Hostless } from "../../registry/kind.ts";
import { connections } from "../bounds.ts";

type Account = Hostless<"accounts">;

const script = "libexec/run-sftp";
const scriptInside = "/opt/fairhost/run";

/** The program with the numbers of its system calls. */
export function withSystemCalls(architecture: Architecture, name: string): BundleFile {
  const numbers = { UNSHARE: "unshare", MOUNT: "mount", SENDMSG: "sendmsg", RECVMSG: "recvmsg" } as const;
  const content = Object.entries(numbers).reduce(
    (text, [word, call]) => text.replace(word, `${architecture[call]}`),
    ownText(import.meta.dirname, `${name}.pl`),
  );
  return {
    path: `libexec/${name}`,
    content,
    mode: 0o755,
  };
}

/** A drop-in: what a script needs that mounts a user's directory, until it serves it. */
export const confinedRights = unitFile({
  Service: {
    // In the sandbox's own user namespace: enough to mount a directory of the sandbox in the place of another, and given up before a word
    // of the user is read.
    CapabilityBoundingSet: "CAP_SYS_ADMIN",
    AmbientCapabilities: "CAP_SYS_ADMIN",
    RestrictNamespaces: "mnt",
    // Neither serves files by calls of a network, by changing what the account's programs get of processors, or by making machine code.
    SystemCallFilter: ["mount", "~@resources"],
    RestrictAddressFamilies: "~AF_INET AF_INET6",
    IPAddressDeny: "any",
    MemoryDenyWriteExecute: "yes",
  },
});

/** The socket on which sessions of confined users get their files. */
export function sftpSocket({ number }: Pick<Account, "number">): string {
  return filesSocket("sftp", number);
}

function filesSocket(protocol: string, number: number): string {
  return `/run/fairhost-${protocol}/${number}`;
}

/**
 * SFTP of users who may do nothing else: a unit of its own for each session, in the account's sandbox, in which the user's directory is in the
 * place of the home.
 * @param records settings that mount the users' records
 * @param own bundle paths of these
 */
export function renderConfinedSftp(
  account: Account,
  records: readonly string[],
  own: readonly string[],
): Required<Omit<Part, "account">> {
  const { files, units } = renderFilesOf(account, {
    ...{ protocol: "sftp", records, own },
    // Of the account's sessions, and not of the front end, as other sockets of accounts are.
    owner: { SocketUser: account.user, SocketGroup: account.user, SocketMode: "0600" },
  });
  return { files, units };
}

interface FilesOf {
  /** Names units, socket and log. */
  readonly protocol: "sftp" | "ftps";
  /** Further arguments of the script. */
  readonly words?: readonly string[];
  readonly records?: readonly string[];
  readonly own?: readonly string[];
  readonly owner: Settings;
}

/** What serves the files of a user to a session of a protocol, and the socket on which the session gets them. */
export function renderFilesOf(
  account: Account,
  { protocol, words = [], records = [], own = [], owner }: FilesOf,
): Required<Omit<Part, "account">> & { readonly socket: string } {
  const unit = `account-${account.number}-${protocol}`;
  const path = (name: string) => `systemd/${name}`;
  const [service, socket] = [`${unit}@.service`, `${unit}.socket`];
  const rights = path(`${service}.d/60-confine.conf`);
  const ownerFile = path(`${socket}.d/60-owner.conf`);
  const { StandardOutput: _, BindPaths: __, ...common } = accountSettings(account, protocol);
  const home = homeInside(account);
  const units: BundleUnit[] = [
    {
      name: service,
      want: "on-demand",
      restartOn: [path(service), rights, script, ...own, ...sandboxFiles(account)],
    },
    { name: socket, want: "start", restartOn: [path(socket), ownerFile] },
  ];
  const name = protocol.toUpperCase();
  const files: BundleFile[] = [
    {
      path: path(service),
      content: unitFile({
        Unit: { Description: `${name} of account ${account.number}`, CollectMode: "inactive-or-failed" },
        Service: {
          ...common,
          BindPaths: [
            `${account.directory}/home:${home} ${memoryMount(account)}`,
            ...records,
            `${currentGeneration}/${script}:${scriptInside}`,
          ],
          StandardInput: "socket",
          StandardOutput: "socket",
          StandardError: `append:${account.directory}/${logs}/${protocol === "sftp" ? "ssh" : protocol}.log`,
          // Of a directory that is not there.
          SuccessExitStatus: "255",
          RestartPreventExitStatus: Array.from({ length: 46 }, (_each, index) => 200 + index).join(" "),
          OOMPolicy: "continue",
          ExecStart: execLine([scriptInside, home, ...words]),
        },
      }),
    },
    { path: rights, content: confinedRights },
    {
      path: path(socket),
      content: unitFile({
        Unit: { Description: `${name} of account ${account.number}, inside the host` },
        Socket: {
          Slice: socketSlice(account.number),
          ListenStream: filesSocket(protocol, account.number),
          Accept: "yes",
          RemoveOnStop: "yes",
          MaxConnections: `${connections.account * connections.sessions}`,
        },
      }),
    },
    { path: ownerFile, content: unitFile({ Socket: owner }) },
    { path: path(`fairhost.target.wants/${socket}`), link: `../${socket}` },
  ];
  return { files, units, socket: filesSocket(protocol, account.number) };
}
