import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Problem } from "../apply/validate/problem.ts";
import { problemsIn, type Validator } from "../apply/validate/staged.ts";
import { filesOf } from "../store/generations.ts";

/** Checks each changed configuration. Values from the environment at run time are `/` here, and 0 for `..._SECONDS`. */
export const staticServers: Validator = async (staged, changed) => {
  const problems: Problem[] = [];
  for (const path of changed) {
    const file = filesOf(staged.bundle).get(path);
    if (!file) continue;
    const names = (file.content ?? "").matchAll(/\benv\.([A-Z_]+)/g);
    const variables = [...names].map(([, name]) => `${name}=${name!.endsWith("_SECONDS") ? 0 : "/"}`);
    const result = await staged.run("env", [...variables, "lighttpd", "-tt", "-f", `${currentGeneration}/${path}`]);
    problems.push(...problemsIn(staged, result, "lighttpd", path));
  }
  return problems;
};
