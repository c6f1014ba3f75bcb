import { type Fixture, hostOf, upTo } from "../../testing/fixtures/kind-fixture.ts";
import { serverFixtures } from "./kinds/server-fixtures.generated.ts";

export const fixture: Fixture<"frontEnds"> = (size) =>
  [...upTo(size.hosts).map((index) => `h${index}`), "b1"].map((host) => {
    const accounts = upTo(size.accounts).filter((number) => hostOf(number, size) === host).length;
    return { host, ports: [80], accounts, httpServers: serverFixtures.length * accounts };
  });
