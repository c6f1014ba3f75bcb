import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startWithClient } from "../../../testing/fakes/providers/provider-client.ts";
import { keygen, startSshd } from "../../../testing/fakes/ssh/sshd.ts";
import { fileAsset, markers, type Properties, secret } from "../properties.ts";
import { commandProvider } from "./command-provider.ts";

const type = "command:remote:Command";
const copyType = "command:remote:CopyToRemote";
const { signatureKey, assetSignature, archiveSignature } = markers;

let sshd: Awaited<ReturnType<typeof startSshd>>;
let provider: Awaited<ReturnType<typeof startWithClient>>;

beforeAll(async () => {
  sshd = await startSshd(["MaxSessions 3"]);
});
afterAll(() => sshd.close());
beforeEach(async () => {
  provider = await startWithClient(commandProvider());
});
afterEach(() => provider.close());

const connection = () => secret(sshd.connection);
const create = (inputs: Properties) => provider.client.create(type, { connection: connection(), ...inputs });
const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: Error) => error.message,
  );

describe("against OpenSSH", () => {
  test("2 MB of input, both outputs, one login", async () => {
    const before = sshd.logins();
    const made = await create({ create: "wc -c; echo warn >&2", stdin: "x".repeat(2_000_000) });
    expect(made.properties).toMatchObject({ stdout: "2000000", stderr: "warn" });
    expect(sshd.logins()).toBe(before + 1);
  });

  test("2 MB of output arrive whole, and in lines in the log", async () => {
    const made = await create({ create: "seq 1 300000" });
    expect((made.properties.stdout as string).length).toBe(1_988_894);
    const lines = provider.logged.flatMap(({ message }) => message.split("\n"));
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([300_000, "1", "300000"]);
  });

  test("a command that leaves its input unread has succeeded", async () => {
    for (const megabytes of [2, 20]) {
      const made = await create({ create: "head -c 3", stdin: "abc".repeat(megabytes * 350_000) });
      expect(made.properties.stdout).toBe("abc");
      await create({ create: "exec <&-; sleep 1", stdin: "abc".repeat(megabytes * 350_000) });
      expect((await create({ create: "echo still here" })).properties.stdout).toBe("still here");
    }
  });

  test("50 commands on one connection that allows three at a time", async () => {
    const before = sshd.logins();
    const many = Array.from({ length: 50 }, (_, index) => create({ create: `echo ${index}` }));
    const outputs = (await Promise.all(many)).map(({ properties }) => Number(properties.stdout));
    expect(outputs).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(sshd.logins()).toBe(before + 1);
  });

  test("exit status and signal", async () => {
    expect(await messageOf(create({ create: "echo why >&2; exit 7" }))).toMatch(
      /ended with status 7: .*stderr:\nwhy$/s,
    );
    expect(await messageOf(create({ create: "kill -KILL $$" }))).toMatch(/was ended by SIGKILL/);
  });

  test("variables that AcceptEnv names are set, others stop the command", async () => {
    const environment = { FAIRHOST_A: "one two", FAIRHOST_B: secret("three") };
    const made = await create({ create: 'echo "$FAIRHOST_A $FAIRHOST_B"', environment });
    expect(made.properties.stdout).toBe("one two three");
    const file = join(sshd.directory, "ran");
    const message = await messageOf(create({ create: `touch ${file}`, environment: { FAIRHOST_A: "1", OTHER: "2" } }));
    expect(message).toMatch(/takes no variable OTHER/);
    expect(existsSync(file)).toBe(false);
  });

  test("previous outputs that the host does not take are a warning", async () => {
    const state = { connection: connection(), create: "a", stdout: "old", stderr: "" };
    const updated = await provider.client.update(type, state, {
      connection: connection(),
      create: 'echo "[$PULUMI_COMMAND_STDOUT]"',
    });
    expect(updated.stdout).toBe("[]");
    const warnings = provider.logged.filter(({ severity }) => severity === 2).map(({ message }) => message);
    expect(warnings).toEqual([expect.stringMatching(/^PULUMI_COMMAND_STDOUT is not set.*addPreviousOutputInEnv/)]);
  });

  test("a key with a passphrase", async () => {
    const key = keygen(sshd.directory, "locked", "open sesame");
    sshd.authorize(key.publicKey);
    const locked = { ...sshd.connection, privateKey: key.privateKey };
    const good = secret({ ...locked, privateKeyPassword: "open sesame" });
    expect((await create({ connection: good, create: "echo in" })).properties.stdout).toBe("in");
    expect(await messageOf(create({ connection: secret(locked), create: "true" }))).toMatch(/passphrase/);
  });

  test("through a proxy", async () => {
    const through = { ...sshd.connection, proxy: sshd.connection };
    expect((await create({ connection: secret(through), create: "echo there" })).properties.stdout).toBe("there");
    const unknown = secret({ ...through, port: 1, dialErrorLimit: 1 });
    expect(await messageOf(create({ connection: unknown, create: "true" }))).toMatch(
      /proxy: .* does not forward the connection/,
    );
  });

  test("a refused login is tried once", async () => {
    const stranger = secret({ ...sshd.connection, privateKey: keygen(sshd.directory, "stranger").privateKey });
    const refusals = () => sshd.log().match(/Connection (closed|reset) by authenticating/g)?.length ?? 0;
    const many = await Promise.all([1, 2, 3].map(() => messageOf(create({ connection: stranger, create: "true" }))));
    for (const message of many) expect(message).toMatch(/refused the login/);
    await expect.poll(refusals).toBe(1);
  });

  test("a command outlives a cancelled run", async () => {
    const file = join(sshd.directory, "finished");
    const running = create({ create: `echo go; sleep 1; touch ${file}` });
    await expect.poll(() => provider.logged.map(({ message }) => message)).toContain("go");
    await provider.client.cancel();
    await running;
    expect(existsSync(file)).toBe(true);
  });

  test("a server that dies in the middle is reported", async () => {
    const dying = await startSshd();
    const running = messageOf(create({ connection: secret(dying.connection), create: "echo $PPID; sleep 30" }));
    await expect.poll(() => provider.logged.length).toBeGreaterThan(0);
    process.kill(Number(provider.logged[0]!.message), "SIGKILL");
    expect(await running).toMatch(/was cut off.*it may still run/s);
    await dying.close();
  });

  test("a changed host key stops everything until it is pinned", async () => {
    const moved = await startSshd();
    const file = join(moved.directory, "ran");
    const key = await moved.changeHostKey();
    const message = await messageOf(create({ connection: secret(moved.connection), create: `touch ${file}` }));
    const print = execFileSync("ssh-keygen", ["-lf", join(moved.directory, "host.pub")], { encoding: "utf8" });
    expect(message).toContain(`got      ${print.split(" ")[1]} (ssh-ed25519)`);
    expect([moved.logins(), existsSync(file)]).toEqual([0, false]);
    const toPin = /^ {2}(ssh-ed25519 \S+)$/m.exec(message)![1]!;
    expect(key.startsWith(toPin)).toBe(true);
    await create({ connection: secret({ ...moved.connection, hostKey: toPin }), create: `touch ${file}` });
    expect(existsSync(file)).toBe(true);
    await moved.close();
  });
});

test.each(["rsa", "ecdsa"])("a host whose only key is of the type %s", async (kind) => {
  const host = await startSshd([], kind);
  const made = await create({ connection: secret(host.connection), create: "echo reached" });
  expect(made.properties.stdout).toBe("reached");
  await host.close();
});

describe("CopyToRemote", () => {
  const target = (name: string) => join(sshd.directory, name);
  const text = (content: string) => ({ [signatureKey]: assetSignature, text: content, hash: `hash of ${content}` });
  const directory = (path: string) => ({ [signatureKey]: archiveSignature, path, hash: `hash of ${path}` });
  const copy = (source: Properties | string, remotePath: string) =>
    provider.client.create(copyType, { connection: connection(), source, remotePath });
  const read = (path: string) => readFileSync(path, "utf8");

  test("a text, with the directories on the way", async () => {
    const made = await copy(text("hello"), target("deep/er/text"));
    expect(made.id).toMatch(/^[0-9a-f]{8}$/);
    expect(read(target("deep/er/text"))).toBe("hello");
    expect(await messageOf(copy(text("hello"), target("deep")))).toMatch(
      /is a directory there; a text asset has no name/,
    );
  });

  test("a file: to a path, into a directory", async () => {
    const source = target("source.bin");
    writeFileSync(source, "y".repeat(3_000_000));
    await copy(fileAsset(source, "h") as Properties, target("copied.bin"));
    mkdirSync(target("into"));
    await copy(fileAsset(source, "h") as Properties, target("into"));
    expect([read(target("copied.bin")).length, read(target("into/source.bin")).length]).toEqual([3_000_000, 3_000_000]);
  });

  test("a directory: with its name, or its members only", async () => {
    mkdirSync(target("tree/sub"), { recursive: true });
    writeFileSync(target("tree/sub/leaf"), "leaf");
    await copy(directory(target("tree")), target("one"));
    await copy(directory(`${target("tree")}/`), target("two"));
    expect([read(target("one/tree/sub/leaf")), read(target("two/sub/leaf"))]).toEqual(["leaf", "leaf"]);
    writeFileSync(target("occupied"), "");
    expect(await messageOf(copy(directory(target("tree")), target("occupied")))).toMatch(
      /occupied exists there and is not a directory/,
    );
  });

  test("an update copies when content or path changed, not when only the connection did", async () => {
    const state = { connection: connection(), source: text("one"), remotePath: target("updated") };
    const update = (changed: Properties) => provider.client.update(copyType, state, { ...state, ...changed });
    await update({ connection: secret({ ...sshd.connection, perDialTimeout: 9 }) });
    expect(existsSync(target("updated"))).toBe(false);
    await update({ source: text("two") });
    expect(read(target("updated"))).toBe("two");
  });

  test("check refuses what upstream refuses", async () => {
    const check = async (source: Properties) => {
      const inputs = { connection: sshd.connection, source, remotePath: "/x" };
      return (await provider.client.check(copyType, inputs)).failures;
    };
    expect(await check(text("x"))).toEqual([]);
    expect(await check({ [signatureKey]: assetSignature, uri: "file:///etc/passwd" })).toEqual([
      expect.stringMatching(/^source: must be/),
    ]);
    expect(await check({ [signatureKey]: archiveSignature, assets: {} })).toEqual([
      expect.stringMatching(/^source: must be/),
    ]);
    expect(await check({})).toEqual(["source: must be an asset or an archive, not an object"]);
  });
});
