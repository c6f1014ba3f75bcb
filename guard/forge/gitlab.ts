import { UserError } from "../../lib/user-error.ts";
import { Client, ForgeError } from "./client.ts";
import type { Forge, ForgeComment } from "./forge.ts";

/**
 * GitLab, from the variables that its pipelines set.
 * @param number of the merge request; by default from the pipeline
 * @throws Error that names the missing setting
 */
export function gitlab(environment: NodeJS.ProcessEnv, number?: number, backoffSeconds?: number): Forge {
  const { GITLAB_TOKEN, CI_JOB_TOKEN, CI_API_V4_URL: api, CI_PROJECT_ID: project } = environment;
  const token = GITLAB_TOKEN || CI_JOB_TOKEN;
  if (!token)
    throw new UserError(
      "neither GITLAB_TOKEN nor CI_JOB_TOKEN is set: give the job a project access token that may write comments (role Reporter, scope api)",
    );
  if (!api || !project)
    throw new UserError("CI_API_V4_URL or CI_PROJECT_ID is not set: this is not a job of a GitLab pipeline");
  const request = number ?? Number(environment.CI_MERGE_REQUEST_IID);
  if (!Number.isInteger(request)) {
    throw new UserError("this pipeline is not for a merge request: run it for merge_request_event, or give --number");
  }
  const client = new Client({
    name: "GitLab",
    api,
    token,
    headers: GITLAB_TOKEN ? { "private-token": token } : { "job-token": token },
    ...(backoffSeconds !== undefined && { backoffSeconds }),
  });
  interface Note extends ForgeComment {
    readonly system: boolean;
    readonly author: { readonly id: number };
  }
  const path = `/projects/${encodeURIComponent(project)}/merge_requests/${request}/notes`;
  return {
    async *ownComments() {
      const id = await ownId(client);
      for await (const note of client.list<Note>(`${path}?per_page=100&sort=asc&order_by=created_at`)) {
        if (!note.system && (id === undefined || note.author.id === id)) yield note;
      }
    },
    create: (body) => client.send("POST", path, { body }),
    update: (id, body) => client.send("PUT", `${path}/${id}`, { body }),
  };
}

/** User of the token. A job token may not read it; for these, GitLab itself refuses to rewrite comments of others. */
async function ownId(client: Client): Promise<number | undefined> {
  try {
    return (await client.get<{ id: number }>("/user")).id;
  } catch (error) {
    if (error instanceof ForgeError && (error.status === 401 || error.status === 403 || error.status === 404))
      return undefined;
    throw error;
  }
}
