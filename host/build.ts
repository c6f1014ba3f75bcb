import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian 13's own nodejs. */
const target = "node20.19";

let built: Promise<string> | undefined;

/**
 * The applier as one file for `/usr/local/sbin/fairhost-host`. The same sources always give the same text. Kept beside the
 * other caches under a name made of the sources' content, since starting esbuild takes longer than a whole preview should.
 */
export function buildApplier(): Promise<string> {
  built ??= fromCache();
  return built;
}

async function fromCache(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? tmpdir(), ".cache"), "fairhost", "applier");
  const file = join(cache, `${await sourcesDigest()}.mjs`);
  try {
    return await readFile(file, "utf8");
  } catch {
    const text = await bundleSources();
    await mkdir(cache, { recursive: true });
    await writeFile(`${file}.${process.pid}`, text);
    await rename(`${file}.${process.pid}`, file);
    return text;
  }
}

async function sourcesDigest(): Promise<string> {
  const hash = createHash("sha256").update(target);
  const names = (await readdir(import.meta.dirname, { recursive: true })).filter(
    (name) => name.endsWith(".ts") && !name.endsWith("test.ts"),
  );
  const texts = await Promise.all(names.sort().map((name) => readFile(join(import.meta.dirname, name))));
  for (const [index, name] of names.entries()) hash.update(`\0${name}\0`).update(texts[index]!);
  return hash.digest("hex").slice(0, 32);
}

async function bundleSources(): Promise<string> {
  // Loaded only when something has to be built.
  const { build } = await import("esbuild");
  const result = await build({
    entryPoints: [join(import.meta.dirname, "main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target,
    charset: "utf8",
    legalComments: "none",
    banner: { js: "#!/usr/bin/node" },
  });
  return result.outputFiles[0]!.text;
}
