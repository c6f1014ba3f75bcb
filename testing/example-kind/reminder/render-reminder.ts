import { insideHome } from "../account/account-paths.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

export const renderer: Renderer<"reminders"> = {
  key: "reminders",
  ofElement: ({ name, everyMinutes, command, directory, environment }, { account }) => ({
    files: [
      {
        path: `reminders/${account.number}-${name}`,
        content: `${JSON.stringify({
          everyMinutes,
          user: account.user,
          directory: insideHome(account, directory),
          command,
          environment,
        })}\n`,
      },
    ],
  }),
};
