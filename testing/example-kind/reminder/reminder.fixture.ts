import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";

export const fixture: Fixture<"reminders"> = (size) =>
  upTo(size.accounts).map((account) => ({
    account,
    name: "water",
    host: hostOf(account, size),
    everyMinutes: 60,
    command: ["bin/water", "--now"],
    directory: "plants",
    environment: { LANG: "C.UTF-8" },
  }));
