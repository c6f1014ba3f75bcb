import { programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

const site = (name: string, waf?: object) =>
  programServer(name, ["/usr/bin/node", "answers.mjs"], waf && { waf: waf as never });
/** Whose web sites the firewall stands before, at every level: all but two are attacked. */
export const accounts = [
  {
    number: 1,
    name: "alice",
    servers: [
      site("none"),
      { ...staticServer("files"), waf: { level: "strong" as const } },
      site("basic", { level: "basic" }),
      site("strong", { level: "strong" }),
      site("complete", { level: "complete" }),
      { ...site("cached", { level: "strong" }), cache: true },
      // Called as what another one's mode is.
      site("watch", { level: "strong" }),
      site("watched", { level: "complete", watchOnly: true }),
      site("but", {
        level: "strong",
        exclusions: [
          "942100",
          "941100 /pages/",
          "941110 /pages/",
          "941160 /pages/",
          "932160 from 2001:db8:5::/48",
          "941000-941999 /rich",
        ],
      }),
    ],
  },
  { number: 2, name: "bob", servers: [site("app", { level: "strong" }), site("plain")] },
  ...[3, 4, 5, 6, 7, 8, 9].map((number) => ({
    number,
    name: `attacked${number}`,
    servers: [{ ...staticServer("files"), waf: { level: "strong" as const } }],
  })),
];
