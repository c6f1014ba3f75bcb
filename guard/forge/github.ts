import { readFile } from "node:fs/promises";
import { UserError } from "../../lib/user-error.ts";
import { Client, ForgeError } from "./client.ts";
import type { Forge, ForgeComment } from "./forge.ts";

/**
 * GitHub, from the variables that GitHub Actions sets.
 * @param number of the pull request; by default from the event
 * @throws Error that names the missing setting
 */
export async function github(environment: NodeJS.ProcessEnv, number?: number, backoffSeconds?: number): Promise<Forge> {
  const {
    GITHUB_TOKEN: token,
    GITHUB_REPOSITORY: repository,
    GITHUB_API_URL: api = "https://api.github.com",
  } = environment;
  if (!token)
    throw new UserError("GITHUB_TOKEN is not set: give the step the workflow's token, with `pull-requests: write`");
  if (!repository || !/^[\w.-]+\/[\w.-]+$/.test(repository))
    throw new UserError("GITHUB_REPOSITORY is not set to owner/name");
  const request = number ?? (await numberOfEvent(environment.GITHUB_EVENT_PATH));
  const client = new Client({
    name: "GitHub",
    api,
    token,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
    },
    ...(backoffSeconds !== undefined && { backoffSeconds }),
  });
  interface Comment extends ForgeComment {
    readonly user: { readonly login: string; readonly type: string } | null;
  }
  const path = `/repos/${repository}/issues`;
  return {
    async *ownComments() {
      const login = await ownLogin(client);
      for await (const comment of client.list<Comment>(`${path}/${request}/comments?per_page=100`)) {
        if (login === undefined ? comment.user?.type === "Bot" : comment.user?.login === login) yield comment;
      }
    },
    create: (body) => client.send("POST", `${path}/${request}/comments`, { body }),
    update: (id, body) => client.send("PATCH", `${path}/comments/${id}`, { body }),
  };
}

/** Login of the token's owner. A workflow's own token has no owner, and its comments are by a bot. */
async function ownLogin(client: Client): Promise<string | undefined> {
  try {
    return (await client.get<{ login: string }>("/user")).login;
  } catch (error) {
    if (error instanceof ForgeError && (error.status === 403 || error.status === 404)) return undefined;
    throw error;
  }
}

async function numberOfEvent(file: string | undefined): Promise<number> {
  const event =
    file === undefined ? {} : (JSON.parse(await readFile(file, "utf8")) as { pull_request?: { number?: unknown } });
  const number = event.pull_request?.number;
  if (typeof number === "number") return number;
  throw new UserError("this run is not for a pull request: run it for the event pull_request, or give --number");
}
