import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

/** For every account a service with all its keys, and a plain one. */
export const fixture: Fixture<"services"> = (size) =>
  upTo(size.accounts).flatMap((account) => [
    {
      account,
      name: "queue",
      host: hostOf(account, size),
      command: ["bin/work", "--queue=mail"],
      directory: "queue",
      environment: { LANG: "C.UTF-8" },
      reload: "SIGHUP",
      port: 8300,
      maxFailures: 20,
      monitor: { command: ["bin/check"], everySeconds: 60, limitSeconds: 30, failures: 3 },
    },
    {
      account,
      name: "worker",
      host: hostOf(account, size),
      command: ["/usr/bin/python3", "worker.py"],
      directory: ".",
      environment: {},
      maxFailures: 20,
    },
  ]);
