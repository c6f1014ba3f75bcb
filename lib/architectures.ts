import { UserError } from "./user-error.ts";

/** What differs between CPU architectures, as Debian names it. */
export interface Architecture {
  /** As `dpkg --print-architecture` says. */
  readonly debian: string;
  /** As Node.js says (`process.arch`). */
  readonly node: NodeJS.Architecture;
  /** Directory in /usr/lib with its libraries (Debian's multiarch tuple). */
  readonly libraries: string;
  /** The dynamic loader: its path is part of every program (the ABI of the architecture). */
  readonly loader: string;
  /** Symlinks in / to directories of /usr, without which programs do not find loader and libraries. */
  readonly rootLinks: readonly string[];
  /** Number of the system call renameat2 (linux: `include/uapi/asm-generic/unistd.h`, on x86 `syscall_64.tbl`). */
  readonly renameat2: number;
  /** Number of the system call openat. */
  readonly openat: number;
  /** Number of the system call socket. */
  readonly socket: number;
  /** Numbers of the system calls unshare and mount. */
  readonly unshare: number;
  readonly mount: number;
  /** Those of sendmsg and recvmsg. */
  readonly sendmsg: number;
  readonly recvmsg: number;
  /** Debian package of the kernel. */
  readonly kernelPackage: string;
  /** How QEMU emulates a machine of this architecture on one. */
  readonly qemu: {
    readonly package: string;
    readonly program: string;
    /** Its `-machine`. */
    readonly machine: string;
    /** The kernel's name of its first serial port. */
    readonly console: string;
  };
}

/** The supported architectures, by Debian's name. Everything that depends on the architecture is here; what is not here is refused. */
export const architectures = {
  amd64: {
    debian: "amd64",
    node: "x64",
    libraries: "x86_64-linux-gnu",
    loader: "/lib64/ld-linux-x86-64.so.2",
    rootLinks: ["/bin", "/sbin", "/lib", "/lib64"],
    renameat2: 316,
    openat: 257,
    socket: 41,
    unshare: 272,
    mount: 165,
    sendmsg: 46,
    recvmsg: 47,
    kernelPackage: "linux-image-amd64",
    qemu: { package: "qemu-system-x86", program: "qemu-system-x86_64", machine: "pc", console: "ttyS0" },
  },
} as const satisfies Readonly<Record<string, Architecture>>;

/** As Debian names it. */
export type ArchitectureName = keyof typeof architectures;

export const architectureNames = Object.keys(architectures) as [ArchitectureName, ...ArchitectureName[]];

/**
 * The architecture of this machine.
 * @throws UserError if it is not supported
 */
export function architectureHere(node: NodeJS.Architecture = process.arch): Architecture {
  const all: readonly Architecture[] = Object.values(architectures);
  const found = all.find((each) => each.node === node);
  if (!found) {
    const names = all.map(({ debian, node }) => `${debian} (${node})`).join(", ");
    throw new UserError(
      `this machine's CPU architecture ${node} is not supported\n  fix: use a machine with one of: ${names}`,
    );
  }
  return found;
}
