import { valuesThatMean } from "../../components/registry/fields/meanings.ts";
import { defineRule } from "../../components/rule.ts";

const commands = valuesThatMean("command");
const environments = valuesThatMean("environment");

/** Debian's old names of directories in /usr (merged-/usr): each is a symlink into it. */
const mergedIntoUsr = /^(?=\/(?:bin|sbin|lib\w*)\/)/;

/** Programs in /usr that change rights, namespaces, mounts, networks, disks or services; none of them serves HTTP. */
const refused = new Set(
  `bird birdc blkid busctl chpasswd chroot chrt cryptsetup dmsetup doas dpkg ethtool fdisk fsck fusermount fusermount3 gpasswd groupadd groupdel
   halt hostnamectl init insmod ionice ip ip6tables iptables kexec loginctl losetup machinectl mdadm mke2fs mkfs mkswap modprobe mount
   networkctl newgidmap newgrp newuidmap nft nsenter parted passwd pivot_root pkexec poweroff prlimit quotaon reboot rmmod run0 setpriv
   shutdown sshd su sudo swapoff swapon sysctl systemctl systemd-nspawn systemd-run tc telinit tune2fs umount unshare useradd userdel
   usermod vgchange visudo wipefs`.split(/\s+/),
);

export const noHostAdministration = defineRule({
  name: "no-host-administration",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description:
    "Every program that an account runs is in its home or in /usr; no word of its command is a program that administers the host, also behind `env`, `sh -c` and the like; arguments and environment variables are single lines.",
  reason:
    "The sandbox stops such a program anyway, so starting one is a mistake or an attempt to break out. No rule can see what a program starts by itself. A line break would add directives to the unit.",
  fix: "Use a program of the account (`bin/serve`) or an ordinary one (`/usr/bin/python3`), and write each argument as a separate item.",
  *find(declaration) {
    for (const { subject, owner, value } of commands(declaration)) {
      const words = value as readonly string[];
      const at = (index: number) => ({ ...subject(), path: `${subject().path}.${index}` });
      const wrong = judgeProgram(words[0]);
      if (wrong) yield { subject: at(0), message: `${owner()} ${wrong}.` };
      else {
        for (const { index, program } of administering(words)) {
          const message = `${owner()} has ${JSON.stringify(program)} in word ${index} of its command, which administers the host.`;
          yield { subject: at(index), message };
        }
      }
      // Values are not shown, because they may be secrets.
      for (const [index, word] of words.entries()) {
        if (!/\p{Cc}/u.test(word)) continue;
        yield { subject: at(index), message: `${owner()} has a control character in word ${index} of its command.` };
      }
    }
    for (const { subject, owner, value } of environments(declaration)) {
      for (const [key, text] of Object.entries(value as Readonly<Record<string, string>>)) {
        if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !/\p{Cc}/u.test(text)) continue;
        yield {
          subject: { ...subject(), path: `${subject().path}.${key}` },
          message: `${owner()} has an environment variable ${JSON.stringify(key)} whose name or value is not allowed in a unit file.`,
        };
      }
    }
  },
});

/** Words inside an argument that is a script. */
const betweenWords = /[\s;&|()<>`"'${}]+/;
const inBin = /^\/(?:usr\/(?:local\/)?)?s?bin\//;
/** What may stand before a program that another one starts: programs, options, variables, numbers of seconds and the like. */
const beforeProgram = /^(?:-|\+|\d|\/|exec$|\w+=)/;

/**
 * Programs that administer the host, after the first word: by a path anywhere, by a bare name where a program such as env, nice or
 * sh -c starts what follows. A bare name after anything else is an argument: `manage.py init`.
 */
function* administering(words: readonly string[]): Generator<{ index: number; program: string }> {
  let startsNext = true;
  for (const [index, word] of words.entries()) {
    if (index > 0) {
      const inside = word.split(betweenWords).filter((each) => each !== "");
      const first = inside.findIndex((each) => !beforeProgram.test(each));
      const program = inside.find((each, position) => {
        const isProgram = inBin.test(each) || (startsNext && position === first && !each.includes("/"));
        return isProgram && refused.has(each.slice(each.lastIndexOf("/") + 1));
      });
      if (program !== undefined) yield { index, program };
    }
    startsNext &&= beforeProgram.test(word);
  }
}

function judgeProgram(program: string | undefined): string | undefined {
  if (!program) return "has no program to start";
  const shown = JSON.stringify(program);
  if (program.split("/").includes("..")) return `starts ${shown}, which has .. in its path`;
  const path = program.replace(mergedIntoUsr, "/usr");
  if (path.startsWith("/") && !/^\/(usr|home)\//.test(path)) {
    return `starts ${shown}, which is neither in the account's home nor in /usr`;
  }
  const base = path.slice(path.lastIndexOf("/") + 1);
  if (path.startsWith("/usr/") && refused.has(base)) return `starts ${shown}, which administers the host`;
  return undefined;
}
