import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

export const fixture: Fixture<"tasks"> = (size) =>
  upTo(size.accounts).map((account) => ({
    account,
    name: "tidy",
    host: hostOf(account, size),
    command: ["bin/tidy", "--all"],
    directory: "data",
    environment: { LANG: "C.UTF-8" },
    calendar: "Mon..Fri 03:30",
    timeZone: "Europe/Paris",
    limitSeconds: 3600,
    randomDelaySeconds: 1800,
    persistent: true,
  }));
