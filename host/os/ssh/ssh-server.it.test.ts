import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sshSettings } from "../../../components/host/sshd.host.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { type Controller, controllerOf, until } from "../../../testing/fakes/controller.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, fixtureHost } from "../../../testing/fixtures/bundle-fixture.ts";

/** A host with Debian's own ssh.service, and a controller whose key is root's, at the other end of a link. */
let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

const right = renderBundle(declarationOf([]), "web1");
const settings = right.groups.host!.files.find(({ path }) => path === sshSettings.file)!.content!;

/** A host's bundle with other settings of its SSH server. */
function withSettings(content: string, { groups } = right): Bundle {
  const { files, units } = groups.host!;
  const changed = files.map((file) => (file.path === sshSettings.file ? { ...file, content } : file));
  return sealBundle("web1", { ...groups, host: sealGroup({ ...groups.host!, files: changed, units }) });
}

let controller: Controller;
const apply = (of: Bundle, session?: string) => controller.apply(of, session);

/** What the controller is told when it logs in anew, by its own key. */
async function login(port = 22) {
  const options =
    "-F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20";
  return host.run(`ip netns exec controller ssh ${options} -p ${port} -i /run/controller root@fd00:77::1 echo in`);
}
const letsIn = async (port?: number) => (await login(port)).stdout === "in\n";

const effective = () => sh("/usr/sbin/sshd -T");

beforeAll(async () => {
  host = await bootContainer({ name: "ssh-server" });
  await sh(`ssh-keygen -A >/dev/null
    rm /etc/systemd/system/ssh.service && systemctl daemon-reload
    ssh-keygen -q -t ed25519 -N '' -f /run/controller
    mkdir -p -m 700 /root/.ssh && cp /run/controller.pub /root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys
    systemctl start ssh.service`);
  controller = await controllerOf(host, 22);
  await until("the SSH server", letsIn);
}, 300_000);

afterAll(() => host?.stop());

describe("the host's own SSH server", () => {
  test("of a host where root's keys lie elsewhere keeps its settings, and says where they are to be", async () => {
    await sh(`mkdir -p /etc/ssh/keys && mv /root/.ssh/authorized_keys /etc/ssh/keys/root
      echo 'AuthorizedKeysFile /etc/ssh/keys/%u' >/etc/ssh/sshd_config.d/10-own.conf && systemctl reload ssh.service`);
    await until("the host's own settings", letsIn);
    const report = await apply(right);
    expect(report.errors.map(({ message }) => message).join()).toContain(
      "the new settings do not read /etc/ssh/keys/root: move root's keys to /root/.ssh/authorized_keys; the old SSH settings are restored",
    );
    expect(await letsIn()).toBe(true);
    await sh(
      "mv /etc/ssh/keys/root /root/.ssh/authorized_keys && rm /etc/ssh/sshd_config.d/10-own.conf && systemctl reload ssh.service",
    );
    await until("Debian's settings", letsIn);
  }, 120_000);

  test("takes the declared settings without a restart, and open sessions stay", async () => {
    const pid = await sh("systemctl show --value -p MainPID ssh.service");
    const report = await apply(right);
    expect([report.result, report.errors]).toEqual(["applied", []]);
    expect(report.hooks).toContain("reload the SSH server");
    expect(await sh("systemctl show --value -p MainPID ssh.service")).toBe(pid);
    expect(await letsIn()).toBe(true);
    const now = await effective();
    for (const line of ["passwordauthentication no", "disableforwarding yes", "logingracetime 30"])
      expect(now).toContain(`${line}\n`);
    expect(now).not.toMatch(
      /^(?:kexalgorithms|macs|hostkeyalgorithms) .*(?:nistp|diffie|sha1|umac-64|hmac-sha2-256,)/m,
    );
    expect(await sh("ls /run/fairhost")).not.toContain("login");
    expect(await sh("systemctl list-units --all 'fairhost-sshd*' --no-legend")).toBe("");
    expect(await apply(right)).toMatchObject({ result: "unchanged", hooks: [] });
  }, 120_000);

  test("takes settings with which a login takes long: a host with much to do is none that locks out", async () => {
    await sh("sed -i '1i account optional pam_exec.so /bin/sleep 18' /etc/pam.d/sshd");
    try {
      const { result, errors } = await apply(withSettings(`MaxAuthTries 5\n${settings}`));
      expect([result, errors]).toEqual(["applied", []]);
    } finally {
      await sh("sed -i 1d /etc/pam.d/sshd");
    }
    expect(await apply(right)).toMatchObject({ result: "applied", errors: [] });
  }, 120_000);

  test("takes half of those who have not logged in of one visitor, who has each address of a /64", async () => {
    const [one, other] = ["fd00:77", "fd00:78"];
    await sh(`ip -6 address add ${other}::1/64 dev eth0 nodad
      for n in $(seq 100 119); do ip -n controller -6 address add ${one}::$n/64 dev eth0 nodad; done
      ip -n controller -6 address add ${other}::2/64 dev eth0 nodad`);
    await host.writeFile(
      "/run/visit.py",
      `import socket
held = []
def greeted(source, to):
    one = socket.create_connection((to, 22), 20, (source, 0)); held.append(one)
    try: return one.recv(4) == b"SSH-"
    except OSError: return False
print(sum([greeted(f"${one}::{n}", "${one}::1") for n in range(100, 120)]), greeted("${other}::2", "${other}::1"))
`,
    );
    expect(await sh("ip netns exec controller python3 /run/visit.py")).toBe("15 True\n");
    await until("the SSH server", letsIn);
  });

  test.each([
    ["a word that sshd does not know", "PermitRootLogins no\n"],
    ["an algorithm that is none", "KexAlgorithms curve25519-sha257\n"],
    ["a list without an end", "Match\n"],
    ["a file that is not there", "Include\n"],
    ["a password that nobody is asked for", "AuthenticationMethods publickey,password\n"],
    ["a port that is none", "Port 70000\n"],
    ["an answer that is neither yes nor no", "PermitRootLogin maybe\n"],
    ["a number that is none", "MaxAuthTries many\n"],
    ["a cipher that is none", "Ciphers aes129-ctr\n"],
    ["a time that is none", "LoginGraceTime soon\n"],
  ])("refuses before the switch: %s", async (_what, wrong) => {
    const before = await sh("readlink -f /var/lib/fairhost/current; cat /var/lib/fairhost/current/sshd/fairhost.conf");
    const report = await apply(withSettings(`${wrong}${settings}`));
    expect(report.result).toBe("rolled-back");
    expect(report.errors.map(({ message }) => message).join()).toMatch(/^sshd: /);
    expect(report.hooks).toEqual([]);
    expect(await sh("readlink -f /var/lib/fairhost/current; cat /var/lib/fairhost/current/sshd/fairhost.conf")).toBe(
      before,
    );
    expect(await letsIn()).toBe(true);
  });

  test.each([
    ["root may not log in", "PermitRootLogin no\n"],
    ["only another user may", "AllowUsers nobody\n"],
    ["root is refused", "DenyUsers root\n"],
    ["keys are not taken", "PubkeyAuthentication no\n"],
    ["keys lie elsewhere", "AuthorizedKeysFile /etc/ssh/keys/%u\n"],
    ["the trial's keys alone are read", "AuthorizedKeysFile /run/fairhost/login-of-%u\n"],
    ["it listens elsewhere", "ListenAddress ::1\nPort 2222\n"],
    ["the controller alone is refused", "Match Address fd00:77::2\nPermitRootLogin no\nMatch all\n"],
    ["each command is another", "ForceCommand /bin/false\n"],
    ["nobody is let finish", "MaxStartups 1:100:1\nRefuseConnection yes\n"],
  ])("is back at once, with the rest of the change: %s", async (_what, wrong) => {
    const before = await effective();
    const report = await apply(withSettings(`${wrong}${settings}`));
    expect(report.result).toBe("rolled-back");
    expect(report.errors.map(({ message }) => message).join()).toMatch(
      /^reload the SSH server: .*; the old SSH settings are restored/s,
    );
    expect(await letsIn()).toBe(true);
    expect(await effective()).toBe(before);
    expect(await apply(right)).toMatchObject({ errors: [] });
  });

  test("if the applier hangs before it has looked, the timer restores the old settings within a minute", async () => {
    await host.writeFile("/run/delivery", controller.delivery(withSettings(`PermitRootLogin no\n${settings}`)));
    // A login that waits: the applier is stopped while it tries.
    await host.writeFile("/usr/local/sbin/ssh", "#!/bin/sh\ntouch /run/tried; sleep 600\n", 0o755);
    await sh(`SSH_CONNECTION='${controller.connection}' fairhost-host apply </run/delivery >/run/out 2>/run/err &`);
    await until("the new settings", async () => (await host.run("test -e /run/tried")).exitCode === 0);
    await sh("systemctl kill --signal=KILL 'fairhost-apply-*.service'; rm /usr/local/sbin/ssh");
    expect(await letsIn()).toBe(false);
    await until("the old settings", letsIn);
    // What is in force is not what is declared: it is seen, and the next deploy repairs it.
    expect(await sh("fairhost-host inspect --json 2>&1 || true")).toContain("/etc/ssh/sshd_config.d/00-fairhost.conf");
    expect(await apply(right)).toMatchObject({ errors: [] });
    expect(await letsIn()).toBe(true);
    expect(await sh("cat /etc/ssh/sshd_config.d/00-fairhost.conf")).toContain("Include");
  }, 180_000);
});

// On Debian 13 (Accept=no) the first connection starts the usual server, which goes on; the other one is somebody's own.
describe.each(["no", "yes"])(
  "the host's own SSH server, started by ssh.socket (Accept=%s), on another port than 22",
  (accept) => {
    const declared = declarationOf([]);
    const elsewhere = renderBundle({ ...declared, hosts: [{ ...fixtureHost, sshPort: 2222 }] }, "web1");
    const session = "fd00:77::2 50000 fd00:77::1 2222";
    const lets = () => letsIn(2222);
    /** As whoever comes first after a restart: what a server that runs has read long ago does not count. */
    const restarted = async () => {
      await sh("systemctl stop ssh.service; systemctl start ssh.socket");
      return lets();
    };

    beforeAll(async () => {
      await host.writeFile(
        "/etc/systemd/system/ssh.socket.d/own.conf",
        `[Socket]\nListenStream=\nListenStream=2222\nAccept=${accept}\n`,
      );
      await sh(`systemctl stop ssh.socket ssh.service; ln -sf /usr/lib/systemd/system/sshd@.service /etc/systemd/system/ssh@.service
      systemctl daemon-reload && systemctl start ssh.socket`);
      // The rules of the last test open port 22 alone.
      await sh("nft flush ruleset");
      await until("the SSH server", lets);
      expect(await apply(elsewhere, session)).toMatchObject({ errors: [] });
      expect(await lets()).toBe(true);
    }, 120_000);

    test.each([
      ["root may not log in", "PermitRootLogin no\n"],
      ["keys lie elsewhere", "AuthorizedKeysFile /etc/ssh/keys/%u\n"],
      ["each command is another", "ForceCommand /bin/false\n"],
    ])("is back at once, with the rest of the change: %s", async (_what, wrong) => {
      const report = await apply(withSettings(`${wrong}${settings}`, elsewhere), session);
      expect(report.result).toBe("rolled-back");
      expect(report.errors.map(({ message }) => message).join()).toMatch(
        /^reload the SSH server: .*; the old SSH settings are restored/s,
      );
      expect(await lets()).toBe(true);
      expect(await restarted()).toBe(true);
    });

    test("the next login has new settings, and so has one after a restart", async () => {
      await host.writeFile("/run/banner", "new settings\n");
      const changed = withSettings(`Banner /run/banner\n${settings}`, elsewhere);
      expect(await apply(changed, session)).toMatchObject({ result: "applied", errors: [] });
      expect(await login(2222)).toMatchObject({ stdout: "in\n", stderr: expect.stringContaining("new settings") });
      expect(await restarted()).toBe(true);
      expect(await apply(elsewhere, session)).toMatchObject({ errors: [] });
      expect((await login(2222)).stderr).not.toContain("new settings");
    });
  },
);
