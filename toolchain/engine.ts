import { once } from "node:events";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ExecaError, execa } from "execa";
import { ToolchainError } from "./error.ts";
import { engineDirectory, engineModule, engineVersion } from "./paths.ts";

const enginePackage = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/** Oldest Go that can read `engine/go.mod`. */
const oldestGo = [1, 24] as const;

/**
 * Finds a Go that can build the engine.
 *
 * @param candidates names or paths; the first suitable one is used.
 * @throws ToolchainError that lists versions that are too old, and says how to install one.
 */
export async function findGo(candidates: readonly string[] = ["go", "/usr/local/go/bin/go"]): Promise<string> {
  const seen: string[] = [];
  for (const go of candidates) {
    const found = await execa(go, ["env", "GOVERSION", "GOTOOLCHAIN"], { cwd: "/", reject: false });
    if (found.exitCode !== 0) continue;
    const [version = "", toolchain = ""] = found.stdout.split("\n");
    const [, major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
    const newEnough = major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1]);
    // From 1.21 on, Go fetches a newer one by itself unless told to stay local.
    if (newEnough || (major === 1 && minor >= 21 && !toolchain.startsWith("local"))) return go;
    seen.push(`${go} is ${version}`);
  }
  throw new ToolchainError(
    `Building Pulumi's engine needs Go ${oldestGo.join(".")} or newer; ${seen.join(", ") || "none was found"}. ` +
      "Install it (Debian 13: `apt-get install golang-go`), or install Pulumi itself, then run this again.",
  );
}

/** The last lines of a failed program's output. */
function tail(error: unknown, lines = 15): string {
  const { all, stderr, shortMessage } = error as ExecaError & { all?: string };
  return String(all || stderr || shortMessage || error)
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .join("\n");
}

/**
 * Makes sure that the engine is built and returns its directory, with `pulumi` in it.
 *
 * The build comes from the Go module proxy alone, takes two to four minutes on two cores when nothing is cached, and is
 * kept in the user's cache directory for every checkout with the same recipe. It appears there by a rename, so an
 * interrupted build leaves nothing that looks complete; parallel builds wait for each other.
 *
 * @param onProgress gets short progress messages, often.
 * @throws ToolchainError when Go is missing or too old, or the build fails.
 */
export async function ensureEngine(onProgress: (text: string) => void = () => {}): Promise<string> {
  const directory = engineDirectory();
  if (existsSync(join(directory, "pulumi"))) return directory;
  const go = await findGo();
  mkdirSync(dirname(directory), { recursive: true });
  const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false -trimpath", GOWORK: "off" };
  const options = { cwd: engineModule, env, all: true } as const;

  // The kernel releases flock's lock when its holder ends, however that happens.
  const lock = `${directory}.lock`;
  const holder = execa("flock", ["--exclusive", lock, "sh", "-c", "echo locked; exec cat"], { stdin: "pipe" });
  holder.catch(() => {});
  try {
    const waiting = setTimeout(() => onProgress("waiting for another build of the same engine"), 500);
    try {
      // Not `for await ... break`: leaving execa's iteration waits for the program's end.
      await Promise.race([once(holder.stdout, "data"), holder]);
    } catch (error) {
      throw new ToolchainError(`Cannot lock ${lock}: ${tail(error)}. The program flock (util-linux) is needed.`);
    } finally {
      clearTimeout(waiting);
    }
    if (existsSync(join(directory, "pulumi"))) return directory;

    const partial = `${directory}.partial`;
    rmSync(partial, { recursive: true, force: true });
    onProgress("downloading Go modules");
    const list = await execa(go, ["list", "-deps", enginePackage], options);
    const total = list.stdout.split("\n").length;

    const version = `github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${engineVersion()}`;
    const flags = ["-v", `-ldflags=-s -w -X ${version}`, "-o", join(partial, "pulumi")];
    const build = execa(go, ["build", ...flags, enginePackage], options);
    let compiled = 0;
    onProgress(`compiling ${total} packages`);
    for await (const line of build.iterable({ from: "stderr" })) {
      // -v prints a package as its compilation starts; what is cached is not printed.
      onProgress(`compiling, ${++compiled} of at most ${total} packages (${line})`);
    }
    await build;
    renameSync(partial, directory);
    return directory;
  } catch (error) {
    if (error instanceof ToolchainError) throw error;
    throw new ToolchainError(
      `Building Pulumi's engine v${engineVersion()} in ${engineModule} failed:\n${tail(error)}\n` +
        "It needs the Go module proxy (`go env GOPROXY`) and 3 GB of free disk. Fix the cause and run this again.",
    );
  } finally {
    // Its child holds the lock too, and ends when there is no more to read.
    holder.stdin.end();
    await holder.catch(() => {});
  }
}
