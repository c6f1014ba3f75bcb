import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Document, isCollection, parseDocument } from "yaml";
import { type Loaded, loadFiles } from "../load/load.ts";
import { InventoryError, type Path, type Problem } from "../load/problem.ts";
import { kindOfFile, readFleet } from "../load/read-fleet.ts";
import { readSource } from "../load/source.ts";

/** One change of a fleet's files. `file` is relative to the fleet's directory: `accounts/1204-alice.yaml`. */
export type Edit =
  /** Sets a property, or adds it; the position after the last item of a list appends to it. */
  | { readonly file: string; readonly set: Path; readonly value: unknown }
  /** Removes a property or an item that is there. */
  | { readonly file: string; readonly unset: Path }
  /** Writes a file that is not there yet. */
  | { readonly file: string; readonly create: unknown }
  /** Removes a file. */
  | { readonly file: string; readonly remove: true };

/** Text of a file after the edits; `undefined`: it is not there. */
type Texts = Map<string, string | undefined>;

/**
 * Edits the files of an inventory: all edits or none. Comments, order and layout of what is not edited stay. The edited fleet is
 * loaded before anything is written, and each file is replaced in one step.
 * @returns the fleet as it is then
 * @throws {InventoryError} with every problem at once, of an edit or of the fleet that it would give; nothing was written
 */
export function editFleet(directory: string, edits: readonly Edit[]): Loaded {
  const texts: Texts = new Map();
  const problems = edits.flatMap((edit) => applyTo(texts, directory, edit));
  if (problems.length > 0) throw new InventoryError(directory, problems);

  const read = readFleet(directory);
  const edited = [...texts].flatMap(([file, text]) => {
    return text === undefined ? [] : [{ key: kindOfFile(file)!, ...readSource(file, text) }];
  });
  const isKept = (file: string): boolean => !texts.has(file);
  const loaded = loadFiles(directory, {
    sources: [...read.sources.filter(({ source }) => isKept(source.file)), ...edited],
    problems: [...read.problems.filter(({ file }) => isKept(file)), ...edited.flatMap((file) => file.problems)],
  });
  write(directory, texts);
  return loaded;
}

/** Makes one edit in the texts. @returns what stands in its way */
function applyTo(texts: Texts, directory: string, edit: Edit): Problem[] {
  const { file } = edit;
  const problem = (message: string, fix: string, path: Path = []): Problem[] => [
    { file, line: 1, column: 1, path: path.join("."), message, fix },
  ];
  if (kindOfFile(file) === undefined || file.split("/").includes("..")) {
    return problem("not a file of an inventory", "name one such as network.yaml or accounts/1204-alice.yaml");
  }
  const text = texts.has(file) ? texts.get(file) : textOf(join(directory, file));
  if ("create" in edit) {
    if (text !== undefined) return problem("the file exists already", "choose another name, or set properties in it");
    texts.set(file, new Document(edit.create).toString());
    return [];
  }
  if (text === undefined) return problem("there is no such file", "create it, or correct its name");
  if ("remove" in edit) {
    texts.set(file, undefined);
    return [];
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) return problem("the file is not valid YAML", "fix it by hand first");
  if ("unset" in edit) {
    if (!document.hasIn(edit.unset)) return problem("there is no such property", "correct the path", edit.unset);
    document.deleteIn(edit.unset);
  } else {
    const parent = document.getIn(edit.set.slice(0, -1), true);
    if (edit.set.length === 0 || (parent !== undefined && !isCollection(parent))) {
      return problem("there is no map or list to set this in", "correct the path", edit.set);
    }
    document.setIn(edit.set, document.createNode(edit.value));
  }
  texts.set(file, document.toString({ lineWidth: 0, flowCollectionPadding: /[[{] \S/.test(text) }));
  return [];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes every new text beside its file before the first one takes its place: a full disk is met while all files are still old. */
function write(directory: string, texts: Texts): void {
  const written = [...texts].flatMap(([file, text]) => (text === undefined ? [] : [{ file, text }]));
  const temporary: string[] = [];
  try {
    for (const { file, text } of written) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      const path = join(directory, temporaryName(file));
      const descriptor = openSync(path, "wx");
      temporary.push(path);
      try {
        writeFileSync(descriptor, text);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    }
  } catch (error) {
    for (const path of temporary) rmSync(path);
    throw error;
  }
  // What is new first: a deploy that reads in between sees an element twice, which is refused, rather than not at all.
  for (const { file } of written) renameSync(join(directory, temporaryName(file)), join(directory, file));
  for (const [file, text] of texts) if (text === undefined) rmSync(join(directory, file), { force: true });
}

/** A hidden name, which the loader does not read: a deploy at the same time, or after a crash, is not refused for it. */
function temporaryName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}~`);
}
