import type { BundleFile, BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { type Side, sideOf } from "../change/side.ts";
import { nothingOpened } from "./nothing-opened.ts";

/** The valid side of a program that renders a group of host h1 otherwise; account 1 is there. */
function rendering(
  change: (group: BundleGroup) => Partial<BundleGroup>,
  of: Group = "host",
  declaration = valid,
): Side {
  const side = sideOf(declaration);
  return {
    ...side,
    render: (of_, host) => {
      const bundle = side.render(of_, host);
      const group = bundle.groups[of];
      if (host !== "h1" || !group) return bundle;
      return sealBundle(host, { ...bundle.groups, [of]: sealGroup({ ...group, ...change(group) }) });
    },
  };
}

const adding = (path: string, content = "", of: Group = "host", more: Partial<BundleFile> = {}) =>
  rendering(({ files }) => ({ files: [...files, { path, content, ...more }] }), of);

/** Replaces text in one file. */
const editing = (wanted: string, from: string | RegExp, replacement: string, of: Group = "host") =>
  rendering(
    ({ files }) => ({
      files: files.map((file) =>
        file.path === wanted ? { ...file, content: file.content!.replace(from, replacement) } : file,
      ),
    }),
    of,
  );

/** Changes of one file of the host itself, and of one of account 1. */
const changes = (path: string, from: string | RegExp, replacement: string, of: Group = "host") => ({
  change: { after: editing(path, from, replacement, of) },
  expect: [`needs approval: host h1: Changes security files of h1: ${path}. [open host h1]`],
});
const service = "systemd/account-1-http-www.service";

testGuardRule(nothingOpened, {
  "one more port": {
    change: to(changed(valid, "frontEnds", 0, (each) => ({ ...each, ports: [...each.ports, 8081] }))),
    expect: [
      "needs approval: host h1: Opens port 8081 of h1 to the outside. [open host h1]",
      "needs approval: host h1: Changes security files of h1: nftables/fairhost.nft, nginx/nginx.conf. [open host h1]",
    ],
    alsoFound: ["policies-hold"],
  },
  "another program weakens the sandbox": changes(
    "systemd/account-.service.d/50-sandbox.conf",
    "NoNewPrivileges=yes\n",
    "",
  ),
  "a script that root runs": changes("libexec/bound-logs", "set -", "reboot; set -"),
  "a script that makes what sandboxes show": changes("libexec/view-etc", "set -", "set +"),
  routes: changes("network/set-routes", "set -", "set +"),
  "a second server of the front end": changes("nginx/nginx.conf", "  server {", "  server { listen 81; }\n  server {"),
  "what static servers show": changes("lighttpd/static.conf", "url.access-deny", "# "),
  "what is announced": changes("bird/bird.conf", 'proto = "accounts"', "source = RTS_STATIC"),
  "a unit of root": changes("systemd/fairhost-logs.service", "NoNewPrivileges=yes", "NoNewPrivileges=no"),
  "a new unit of root": {
    change: { after: adding("systemd/helper.service", "[Service]\nExecStart=/bin/sh\n") },
    expect: ["needs approval: host h1: Adds security files of h1: systemd/helper.service. [open host h1]"],
  },
  "a unit that no longer runs, although all files stay": {
    change: {
      after: rendering(({ units }) => ({ units: units.filter(({ name }) => name !== "nftables.service") })),
    },
    expect: [
      "needs approval: host h1: Changes what runs on h1: nftables.service (start, then not there). [open host h1]",
    ],
  },
  "a unit of an account that runs as root": {
    change: { after: editing(service, "User=a1", "User=root", "account-1") },
    expect: [
      "needs approval: host h1: Changes security files of h1: systemd/account-1-http-www.service ([Service] User=). [open host h1]",
    ],
  },
  "a new account with a unit that runs as root, on a new host too": {
    change: {
      before: sideOf({ ...valid, hosts: valid.hosts.slice(1), accounts: valid.accounts.slice(1) }),
      after: editing(service, "ExecStart=:", "ExecStart=+", "account-1"),
    },
    expect: [
      "needs approval: host b1: Changes security files of b1: repositories/asking. [open host b1]",
      "needs approval: host b1: Adds security files of b1: repositories/copying/h1, repositories/hosts/h1. [open host b1]",
      "needs approval: host h1: Adds security files of h1: systemd/account-1-http-www.service ([Service] ExecStart=). [open host h1]",
    ],
    alsoFound: ["trust-approved"],
  },
  "a unit of root among an account's": {
    change: { after: adding("systemd/helper.service", "[Service]\nExecStart=/bin/sh\n", "account-1") },
    expect: [
      "needs approval: host h1: Adds security files of h1: systemd/helper.service (no file of an account). [open host h1]",
    ],
  },
  "a script of an account's that is setuid": {
    change: { after: adding("sites/accounts/1.certificates", "", "account-1", { mode: 0o4755 }) },
    expect: [
      "needs approval: host h1: Adds security files of h1: sites/accounts/1.certificates (mode 4755). [open host h1]",
    ],
  },
  "a file of an account that fewer may read": {
    change: { after: adding("sites/accounts/1.certificates", "", "account-1", { mode: 0o400 }) },
    expect: [],
  },
  "a file of an account that more may read than before": {
    change: {
      before: adding("sites/accounts/1.certificates", "", "account-1", { mode: 0o400 }),
      after: adding("sites/accounts/1.certificates", "", "account-1"),
    },
    expect: [
      "needs approval: host h1: Changes security files of h1: sites/accounts/1.certificates (mode 644). [open host h1]",
    ],
  },
  "a slice that goes while its account stays": {
    change: {
      after: rendering(
        ({ files }) => ({ files: files.filter(({ path }) => path !== "systemd/account-1.slice") }),
        "account-1",
      ),
    },
    expect: [
      "needs approval: host h1: Removes security files of h1: systemd/account-1.slice (the account stays). [open host h1]",
    ],
  },
  "a unit of the host in the list of an account": {
    change: {
      after: rendering(
        ({ units }) => ({ units: [...units, { name: "ssh.service", want: "on-demand", restartOn: [] }] }),
        "account-1",
      ),
    },
    expect: ["needs approval: host h1: Changes what runs on h1: ssh.service. [open host h1]"],
  },
  "a directory of root's logs that the account may write": {
    change: {
      after: rendering(
        ({ account }) => ({
          account: {
            ...account!,
            directories: account!.directories.map((each) => ({ ...each, owner: "account" as const })),
          },
        }),
        "account-1",
      ),
    },
    expect: ["needs approval: host h1: Changes the directories of account 1 on h1. [open host h1]"],
  },
  "files that another user owns": {
    change: { after: rendering(({ account }) => ({ account: { ...account!, uid: 0, gid: 0 } }), "account-1") },
    expect: ["needs approval: host h1: Changes the owner of the files of account 1 on h1. [open host h1]"],
  },
  "no disk limit": {
    change: { after: rendering(({ account }) => ({ account: { ...account!, quotas: [] } }), "account-1") },
    expect: ["needs approval: host h1: Changes the disk limits of account 1 on h1. [open host h1]"],
  },
  "another program that changes only what is the account's own": {
    change: { after: editing(service, "LimitNOFILE=8192", "LimitNOFILE=4096", "account-1") },
    expect: [],
  },
  "a changed file in a folder that nobody declares: unknown is a boundary": {
    change: { before: adding("unknown/file", "1"), after: adding("unknown/file", "2") },
    expect: ["needs approval: host h1: Changes security files of h1: unknown/file. [open host h1]"],
  },
  "an added file": {
    change: { after: adding("nftables/more.nft") },
    expect: ["needs approval: host h1: Adds security files of h1: nftables/more.nft. [open host h1]"],
  },
  "a removed file": {
    change: { before: adding("nftables/more.nft") },
    expect: ["needs approval: host h1: Removes security files of h1: nftables/more.nft. [open host h1]"],
  },
  "a new host brings its own boundaries; backup hosts let it in": {
    change: { before: sideOf({ ...valid, hosts: valid.hosts.slice(1) }) },
    expect: [
      "needs approval: host b1: Changes security files of b1: repositories/asking. [open host b1]",
      "needs approval: host b1: Adds security files of b1: repositories/copying/h1, repositories/hosts/h1. [open host b1]",
    ],
    alsoFound: ["trust-approved"],
  },
});
