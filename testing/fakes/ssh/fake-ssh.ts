import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { vi } from "vitest";

/** For tests: a program named ssh that comes first on PATH. The script finds its own directory in `$here`. */
export function fakeSsh(script: string): Disposable & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-ssh-"));
  writeFileSync(join(directory, "ssh"), `#!/bin/sh\nhere=${directory}\n${script}\n`);
  chmodSync(join(directory, "ssh"), 0o755);
  vi.stubEnv("PATH", `${directory}${delimiter}${process.env.PATH}`);
  return {
    directory,
    [Symbol.dispose]() {
      vi.unstubAllEnvs();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
