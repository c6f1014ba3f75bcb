import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { sortBy } from "../lib/lists.ts";

/** The nodejs of Debian 13. */
const target = "node20.19";

const entry = join(import.meta.dirname, "../host/main.ts");

/** Options of esbuild; part of the cache's key. */
const options = {
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  format: "esm",
  target,
  charset: "utf8",
  legalComments: "none",
  banner: { js: "#!/usr/bin/node" },
  // No file that esbuild would look for: host/tsconfig.json is for the types alone, and a base may lack what it extends.
  tsconfigRaw: "{}",
} as const;

let built: Promise<string> | undefined;

/**
 * The applier as one file for `/usr/local/sbin/fairhost-host`. The same sources always give the same text. It is cached, because starting
 * esbuild takes longer than a whole preview should: under the digest of all files that esbuild read, so that no source is missed, even
 * if it moves to another folder.
 */
export function buildApplier(): Promise<string> {
  built ??= fromCache();
  return built;
}

/** Paths that one build has read, relative to the entry's folder. */
type Inputs = readonly string[];

async function fromCache(): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? tmpdir(), ".cache"), "fairhost", "applier");
  // Which files esbuild reads follows from their texts: a list is valid as long as all its files are unchanged.
  const index = join(cache, `inputs-${sha256(await readFile(entry, "utf8"))}.json`);
  // Missing, or cut short by a full disk: built anew.
  const lists = await readFile(index, "utf8")
    .then((text) => JSON.parse(text) as Inputs[])
    .catch(() => []);
  for (const inputs of lists) {
    const digest = await digestOf(inputs);
    const text = digest && (await readFile(join(cache, `${digest}.mjs`), "utf8").catch(() => undefined));
    if (text) return text;
  }
  const { text, inputs } = await bundleSources();
  await mkdir(cache, { recursive: true });
  await replaceFile(join(cache, `${await digestOf(inputs)}.mjs`), text);
  const others = lists.filter((list) => !isDeepStrictEqual(list, inputs));
  await replaceFile(index, JSON.stringify([inputs, ...others].slice(0, mostLists)));
  await prune(cache);
  return text;
}

/**
 * Number of files that the cache keeps: the newest, 4 MiB or so. More checkouts and releases in turn than have room make each other
 * build again, which takes a fraction of a second; nothing else is lost.
 */
const mostFiles = 32;

/** Deletes the oldest files of the cache, also what an interrupted build has left. Another process may be deleting the same ones. */
async function prune(cache: string): Promise<void> {
  const files = (await readdir(cache)).map((name) => join(cache, name));
  const ages = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  const newestFirst = sortBy([...files.keys()], (index) => -(ages[index]?.mtimeMs ?? 0));
  for (const index of newestFirst.slice(mostFiles)) await rm(files[index]!, { force: true });
}

/** Number of lists that are kept for the same entry file, for several checkouts. */
const mostLists = 8;

/** @returns undefined if a file of the list is missing */
async function digestOf(inputs: Inputs): Promise<string | undefined> {
  const hash = createHash("sha256").update(JSON.stringify(options));
  try {
    const texts = await Promise.all(inputs.map((name) => readFile(join(import.meta.dirname, name))));
    for (const [position, name] of inputs.entries()) hash.update(`\0${name}\0`).update(texts[position]!);
  } catch {
    return undefined;
  }
  return hash.digest("hex").slice(0, 32);
}

async function bundleSources(): Promise<{ text: string; inputs: Inputs }> {
  // Loaded only if something must be built.
  const { build } = await import("esbuild");
  const result = await build({ ...options, entryPoints: [entry], absWorkingDir: import.meta.dirname });
  return { text: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs).sort() };
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
