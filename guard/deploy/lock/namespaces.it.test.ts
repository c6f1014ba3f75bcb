import { execa } from "execa";
import { expect, test } from "vitest";
import { lifeOfEngine, localFacts } from "./engine-lock.ts";

const state = "file:///tmp";
const engine = { directory: "/", stack: "prod", environment: { PULUMI_BACKEND_URL: state } };

test("an engine that lives in a container of this host's name is not dead, seen from outside or from a second container", async () => {
  // In its own namespace it is process 1 or 2, as the engine of a container often is.
  const child = execa("unshare", ["-p", "-f", "--kill-child", "sh", "-c", "sleep 60 & echo $!; wait"], {
    reject: false,
  });
  const [printed] = await new Promise<[Buffer]>((resolve) =>
    child.stdout.once("data", (data: Buffer) => resolve([data])),
  );
  const pid = Number(printed.toString());
  const facts = await localFacts(engine, []);
  const lock = {
    ...{ path: "x", user: "eve", hostname: facts.me.hostname, pid },
    since: new Date(Date.now() + 1_000).toISOString(),
  };
  expect(await lifeOfEngine(lock, facts)).toBe(facts.seesAll ? "alive" : "elsewhere");

  const script = `
    import { lifeOfEngine, localFacts } from ${JSON.stringify(new URL("./engine-lock.ts", import.meta.url).href)};
    const facts = await localFacts(${JSON.stringify(engine)}, []);
    console.log(await lifeOfEngine(${JSON.stringify({ ...lock, pid: 4242 })}, facts));
  `;
  const inside = await execa("unshare", [
    ...["-p", "-f", "--mount-proc", "--kill-child"],
    ...[process.execPath, "--input-type=module-typescript", "-e", script],
  ]);
  expect(inside.stdout).toBe("elsewhere");
  child.kill("SIGKILL");
  await child;
});
