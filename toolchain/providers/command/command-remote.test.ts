import net from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startWithClient } from "../../../testing/fakes/providers/provider-client.ts";
import { newKey, type Shell, startSshServer } from "../../../testing/fakes/ssh/ssh-server.ts";
import { isSecret, type Properties, secret, unknownValue } from "../properties.ts";
import { SshPool } from "../ssh/ssh-pool.ts";
import { commandProvider } from "./command-provider.ts";
import { remoteCommand } from "./command-remote.ts";

const type = "command:remote:Command";

/** Commands of the test server: `cat` echoes, `count` counts its input, `fail N` ends with N, `wait MS` takes time. */
const shell: Shell = async (command, channel, input) => {
  const [name = "", argument = ""] = command.split(/\s+/);
  if (name === "cat") channel.write(input);
  if (name === "count") channel.write(`${input.length}\n`);
  if (name === "wait") await new Promise((resolve) => setTimeout(resolve, Number(argument)));
  if (name === "complain") channel.stderr.write(`first\n${input}\nlast words\n`);
  if (name === "drop") channel.destroy();
  return name === "fail" || name === "complain" ? Number(argument) : 0;
};

let server: Awaited<ReturnType<typeof startSshServer>>;
let provider: Awaited<ReturnType<typeof startWithClient>>;

beforeEach(async () => {
  server = await startSshServer(shell);
  provider = await startWithClient(commandProvider());
});

afterEach(() => {
  provider.close();
  server.close();
});

const inputs = (others: Properties = {}): Properties => ({ connection: secret(server.connection), ...others });
const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: Error) => error.message,
  );

describe("create, update, delete", () => {
  test("runs create with stdin and records both outputs without the last line feed", async () => {
    const made = await provider.client.create(type, inputs({ create: "cat", stdin: "hello\n\n" }), { name: "web" });
    expect(made.id).toMatch(/^web[0-9a-f]{8}$/);
    expect(made.properties).toMatchObject({ create: "cat", stdin: "hello\n\n", stdout: "hello\n", stderr: "" });
  });

  test("without create nothing is run and nothing dialled", async () => {
    const made = await provider.client.create(type, inputs({ delete: "fail 1" }));
    expect(made.properties).toMatchObject({ stdout: "", stderr: "" });
    expect(server.seen.connections).toBe(0);
  });

  test("update runs update, or create where there is none", async () => {
    const state = inputs({ create: "fail 1", stdout: "old", stderr: "" });
    const news = inputs({ create: "cat", update: "count", stdin: "12345", addPreviousOutputInEnv: false });
    expect(await provider.client.update(type, state, news)).toMatchObject({ stdout: "5" });
    const { update: _, ...onlyCreate } = news;
    expect(await provider.client.update(type, state, onlyCreate)).toMatchObject({ stdout: "12345" });
    expect(server.seen.commands).toEqual(["count", "cat"]);
  });

  test("an update with neither keeps the outputs", async () => {
    const updated = await provider.client.update(type, inputs({ stdout: "old", stderr: "err" }), inputs());
    expect(updated).toMatchObject({ stdout: "old", stderr: "err" });
  });

  test("delete runs with the connection of the state", async () => {
    const other = await startSshServer(shell);
    try {
      const state = inputs({ delete: "cat", connection: secret(other.connection), stdout: "", stderr: "" });
      await provider.client.delete(type, state);
      expect([other.seen.commands, server.seen.commands]).toEqual([["cat"], []]);
    } finally {
      other.close();
    }
  });

  test("previous outputs are in the environment, refused ones are warned about, unless declined", async () => {
    const state = inputs({ stdout: secret("before"), stderr: "complaints" });
    await provider.client.update(type, state, inputs({ create: "cat" }));
    expect(server.seen.variables).toEqual({ PULUMI_COMMAND_STDOUT: "before", PULUMI_COMMAND_STDERR: "complaints" });
    server.seen.variables = {};
    await provider.client.update(type, state, inputs({ create: "cat", addPreviousOutputInEnv: false }));
    expect(server.seen.variables).toEqual({});
  });

  test("a variable that the host refuses stops the command before it runs", async () => {
    const environment = { GOOD: "1", SECRET_TOKEN: secret("abcdefghij") };
    const message = await messageOf(provider.client.create(type, inputs({ create: "cat", environment })));
    expect(message).toMatch(/was not run: the host's sshd takes no variable SECRET_TOKEN\. Name it in AcceptEnv/);
    expect(message).not.toContain("abcdefghij");
    expect(server.seen.commands).toEqual([]);
    await provider.client.create(type, inputs({ create: "cat", environment: { GOOD: "1" } }));
    expect(server.seen.variables.GOOD).toBe("1");
  });

  test("2 MB of input arrive whole", async () => {
    const stdin = "x".repeat(2_000_000);
    const made = await provider.client.create(type, inputs({ create: "count", stdin: secret(stdin) }));
    expect(made.properties.stdout).toBe("2000000");
    expect(isSecret(made.properties.stdin)).toBe(true);
  });
});

describe("preview", () => {
  test("outputs are unknown before create, inputs as given, nothing is dialled", async () => {
    const given = inputs({ create: "cat", stdin: secret(unknownValue), environment: { A: unknownValue } });
    const made = await provider.client.create(type, given, { preview: true });
    expect(made.properties).toEqual({ ...given, stdout: unknownValue, stderr: unknownValue });
    expect(server.seen.connections).toBe(0);
  });

  test("outputs are unknown before an update that runs something, else as they were", async () => {
    const state = inputs({ stdout: "old", stderr: "" });
    const preview = (news: Properties) => provider.client.update(type, state, inputs(news), { preview: true });
    expect(await preview({ create: "cat" })).toMatchObject({ stdout: unknownValue });
    expect(await preview({ delete: "cat" })).toMatchObject({ stdout: "old" });
    expect(server.seen.connections).toBe(0);
  });
});

describe("failures", () => {
  test("tell status, first line and the end of stderr, never input or environment", async () => {
    const stdin = secret("password=correct horse battery");
    const create = "complain 3\nsecond line\nthird line";
    const environment = { TOKEN: secret("tok_0123456789") };
    const message = await messageOf(provider.client.create(type, inputs({ create, stdin, environment })));
    expect(message).toBe(
      `command on tester@127.0.0.1:${server.connection.port} ended with status 3: \`complain 3\` and 2 more lines\n` +
        "The end of its stderr:\nfirst\n[secret]\nlast words",
    );
  });

  test("the live log hides secret inputs too", async () => {
    await provider.client.create(type, inputs({ create: "cat", stdin: secret("line one is long\nline two is long") }));
    expect(provider.logged.map(({ message }) => message).join("\n")).toBe("[secret]\n[secret]");
  });

  test("a secret command is not repeated", async () => {
    const message = await messageOf(provider.client.create(type, inputs({ create: secret("fail 4 --token=abc") })));
    expect(message).toContain("ended with status 4: `[secret]`");
    expect(message).not.toContain("abc");
  });

  test("a lost connection is not taken for success", async () => {
    expect(await messageOf(provider.client.create(type, inputs({ create: "drop" })))).toMatch(/was cut off/);
  });
});

describe("logging", () => {
  const create = "complain 0";
  const lines = () => provider.logged.map(({ message }) => message).join("\n");

  test("shows lines as status messages of the resource", async () => {
    await provider.client.create(type, inputs({ create, stdin: "x" }));
    expect(lines()).toBe("first\nx\nlast words");
    expect(provider.logged[0]).toMatchObject({ severity: 1, status: true, urn: expect.stringContaining(type) });
  });

  test.each(["none", "stdout"])("%s hides stderr", async (logging) => {
    await provider.client.create(type, inputs({ create, stdin: "x", logging }));
    expect(lines()).toBe("");
  });
});

describe("the connection", () => {
  test("one connection serves 50 commands, ten at a time", async () => {
    const many = Array.from({ length: 50 }, () => provider.client.create(type, inputs({ create: "wait 5" })));
    await Promise.all(many);
    expect(server.seen.commands).toHaveLength(50);
    expect(server.seen.connections).toBe(1);
  });

  test("a server that allows fewer sessions gets fewer", async () => {
    const strict = await startSshServer(shell, { maxSessions: 2 });
    try {
      const connection = secret(strict.connection);
      const many = Array.from({ length: 12 }, () => provider.client.create(type, { connection, create: "wait 5" }));
      await Promise.all(many);
      expect([strict.seen.connections, strict.seen.commands.length]).toEqual([1, 12]);
    } finally {
      strict.close();
    }
  });

  test("it is closed when idle, and opened again when needed", async () => {
    const resources = { [type]: remoteCommand(new SshPool(30)) };
    const impatient = await startWithClient({ name: "command", version: "", resources });
    await impatient.client.create(type, inputs({ create: "wait 100" }));
    await expect.poll(() => server.seen).toMatchObject({ connections: 1, open: 0 });
    await impatient.client.create(type, inputs({ create: "cat" }));
    expect(server.seen.connections).toBe(2);
    impatient.close();
  });

  test("one that the host closed meanwhile is opened again", async () => {
    await provider.client.create(type, inputs({ create: "cat" }));
    server.disconnect();
    await provider.client.create(type, inputs({ create: "cat" }));
    expect(server.seen.connections).toBe(2);
  });

  test("closing the provider closes it", async () => {
    await provider.client.create(type, inputs({ create: "cat" }));
    expect(server.seen.open).toBe(1);
    provider.close();
    await expect.poll(() => server.seen.open).toBe(0);
  });

  test("a missing host key is refused in check and once more before dialling", async () => {
    const { hostKey: _, ...connection } = server.connection;
    const { failures } = await provider.client.check(type, { connection, create: "cat" });
    expect(failures).toEqual([expect.stringMatching(/^connection\.hostKey: required:/)]);
    const message = await messageOf(provider.client.delete(type, { connection: secret(connection), delete: "cat" }));
    expect(message).toContain("hostKey is required:");
    expect(server.seen.connections).toBe(0);
  });

  test.each([
    ["another key of the same type", () => newKey().publicKey],
    ["a key of another type", () => newKey("P-384").publicKey],
  ])("%s is a full stop: no login, no command, both fingerprints, the line to pin", async (_, make) => {
    const connection = secret({ ...server.connection, hostKey: make() });
    const message = await messageOf(provider.client.create(type, { connection, create: "cat" }));
    expect(message).toMatch(
      /not the pinned one; nothing was sent.*expected SHA256:\S+ .*got {6}SHA256:\S+ \(ecdsa-sha2-nistp256\)/s,
    );
    expect(message).toContain((server.connection.hostKey as string).split(" ").slice(0, 2).join(" "));
    expect(await messageOf(provider.client.create(type, { connection, create: "cat" }))).toBe(message);
    expect(server.seen).toMatchObject({ connections: 1, refusals: 0, commands: [] });
  });

  test("a refused login is tried once, also by later commands", async () => {
    const connection = secret({ ...server.connection, privateKey: newKey().privateKey });
    const many = Array.from({ length: 5 }, () =>
      messageOf(provider.client.create(type, { connection, create: "cat" })),
    );
    for (const message of await Promise.all(many))
      expect(message).toMatch(/refused the login \(private key\)\. Not tried/);
    expect(await messageOf(provider.client.create(type, { connection, create: "cat" }))).toMatch(/refused the login/);
    expect(server.seen).toMatchObject({ connections: 1, refusals: 1 });
  });

  test("a port that accepts and stays silent is given up in time", async () => {
    const silent = net.createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as net.AddressInfo;
    const started = performance.now();
    const connection = secret({ ...server.connection, port, perDialTimeout: 1, dialErrorLimit: 2 });
    const message = await messageOf(provider.client.create(type, { connection, create: "cat" }));
    silent.close();
    expect(message).toMatch(/no connection after 2 attempts: no answer within 1 s/);
    // OpenSSH's own limit is two minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(provider.logged[0]).toMatchObject({ status: true, message: expect.stringMatching(/attempt 1\/2/) });
  });

  test("cancelling ends the attempts to connect, not a command that runs", async () => {
    const running = provider.client.create(type, inputs({ create: "wait 300" }));
    await expect.poll(() => server.seen.commands).toEqual(["wait 300"]);
    const refused = secret({ ...server.connection, port: 1, dialErrorLimit: -1 });
    const dialling = messageOf(provider.client.create(type, { connection: refused, create: "cat" }));
    await expect.poll(() => provider.logged.length).toBeGreaterThan(0);
    await provider.client.cancel();
    expect(await dialling).toMatch(/cancelled while connecting/);
    expect((await running).id).not.toBe("");
    expect(await messageOf(provider.client.create(type, inputs({ create: "cat" })))).toMatch(/cancelled/);
  });

  test("a key that cannot be read is named, and nothing is dialled", async () => {
    const connection = secret({ ...server.connection, privateKey: "nonsense" });
    const message = await messageOf(provider.client.create(type, { connection, create: "cat" }));
    expect(message).toMatch(/connection\.privateKey cannot be used/);
    expect(server.seen.connections).toBe(0);
  });
});
