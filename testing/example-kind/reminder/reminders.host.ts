import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

const text = String.raw`"(?:[^"\\]|\\.)*"`;

/** One file for each reminder of the host's accounts. */
export const reminders = {
  name: "reminders",
  takesEffect: { by: "look-up" },
  ofAccount: [
    {
      path: /(?<number>\d+)-[a-z0-9-]+/,
      lines: [
        new RegExp(
          `\\{"everyMinutes":\\d+,"user":"(?<user>a\\d+)","directory":${text},"command":\\[(?:${text},?)*\\],"environment":\\{(?:${text}:${text},?)*\\}\\}`,
        ),
      ],
    },
  ],
} as const satisfies BundleFolder;
