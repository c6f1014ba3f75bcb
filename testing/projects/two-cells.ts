import { type TwoHosts, twoHosts } from "./two-hosts.ts";
import { type Routers, withRouters } from "./with-routers.ts";

/** Two hosts in a cell each, `main` and `second`, and a pair of routers: three stacks of one project. */
export interface TwoCells extends AsyncDisposable {
  readonly two: TwoHosts;
  readonly routers: Routers;
}

/** Stacks of {@link TwoCells}, by their cells. */
export const stacks = { main: "test", second: "test-second", routers: "test-routers" } as const;
export type Cell = keyof typeof stacks;

/** Nothing is deployed yet. */
export async function twoCells(): Promise<TwoCells> {
  const two = await twoHosts();
  const routers = await withRouters(two);
  routers.reach();
  two.draft.edit("hosts/web2.yaml", "name: web2\n", "name: web2\ncell: second\n");
  // Each cell has one host, so no other one of it has room for what a lost one leaves.
  two.draft.edit("plans/small.yaml", "name: small\n", "name: small\ntakeover: false\n");
  await two.project.configure({ ...two.settings, cell: "main" });
  for (const cell of ["second", "routers"] as const)
    await two.project.addStack(stacks[cell], { ...two.settings, cell });
  return {
    two,
    routers,
    async [Symbol.asyncDispose]() {
      await routers[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
    },
  };
}
