import { type Fixture, hostOf, upTo } from "../../testing/kind-fixture.ts";
import { serverFixtures } from "./server-fixtures.generated.ts";

export const fixture: Fixture<"frontEnds"> = (size) =>
  upTo(size.hosts).map((index) => {
    const host = `h${index}`;
    const accounts = upTo(size.accounts).filter((number) => hostOf(number, size) === host).length;
    return { host, ports: [80], accounts, httpServers: serverFixtures.length * accounts };
  });
