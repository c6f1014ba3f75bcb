import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Problem } from "../apply/validate/problem.ts";
import { problemsIn, type Validator } from "../apply/validate/staged.ts";
import { filesOf } from "../store/generations.ts";

/** Checks each changed configuration. Values from the environment at run time are `/` here. */
export const staticServers: Validator = async (staged, changed) => {
  const problems: Problem[] = [];
  for (const path of changed) {
    const file = filesOf(staged.bundle).get(path);
    if (!file) continue;
    const variables = [...(file.content ?? "").matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => `${name}=/`);
    const result = await staged.run("env", [...variables, "lighttpd", "-tt", "-f", `${currentGeneration}/${path}`]);
    problems.push(...problemsIn(staged, result, "lighttpd", path));
  }
  return problems;
};
