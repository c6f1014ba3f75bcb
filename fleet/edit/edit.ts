import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { Document, isCollection, parseDocument } from "yaml";
import { type Loaded, loadFiles } from "../load/load.ts";
import { InventoryError, type Path, type Problem } from "../load/problem.ts";
import { type FleetFiles, kindOfFile, maxBytes, readFleet } from "../load/read-fleet.ts";
import { readSource } from "../load/source.ts";
import { validate } from "../load/validate.ts";
import { type Edit, editsSchema } from "./edit-schema.ts";

/** Text of a file before and after the edits; `undefined`: it is not there. */
interface Edited {
  readonly before: string | undefined;
  readonly after: string | undefined;
}
type Files = Map<string, Edited>;

/** What edits would do. */
export interface EditPreview {
  /**
   * Files that would be written, created or removed, each with its unified diff (`git apply` takes it). They are listed even if the
   * fleet would not be sound; none if an edit itself is impossible.
   */
  readonly files: readonly { readonly file: string; readonly diff: string }[];
  /** What {@link editFleet} would throw; if there are none, it would write the files. */
  readonly problems: readonly Problem[];
  /** The edited fleet, if it is sound: for rules and the guard. */
  readonly loaded?: Loaded;
}

/**
 * Edits the files of an inventory: all edits or none. Comments, order and layout of what is not edited stay. The edited fleet is
 * loaded before anything is written, and each file is replaced in one step.
 * @returns the fleet as it is then
 * @throws {InventoryError} with every problem at once: first of the form of the edits, then of the edits, then of the fleet that
 * they would give; nothing was written
 */
export function editFleet(directory: string, edits: readonly Edit[]): Loaded {
  const { files, error, loaded } = plan(directory, edits);
  if (error) throw error;
  write(directory, files);
  return loaded!;
}

/** The same as a dry run: writes nothing, and returns problems instead of throwing them. */
export function previewEdits(directory: string, edits: readonly Edit[]): EditPreview {
  const { files, error, loaded } = plan(directory, edits);
  const sorted = [...files].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    files: sorted.map(([file, edited]) => ({ file, diff: diffOf(file, edited) })),
    problems: error?.problems ?? [],
    ...(loaded && { loaded }),
  };
}

interface Plan {
  /** Files that the edits change. */
  readonly files: Files;
  readonly error?: InventoryError;
  readonly loaded?: Loaded;
}

function plan(directory: string, edits: readonly Edit[]): Plan {
  const none: Files = new Map();
  // As text they have lines and columns like a file, and nothing that is no plain data.
  const { source } = readSource("edits", JSON.stringify(edits ?? [null], undefined, 1));
  const { entry, problems: malformed } = validate(editsSchema, source);
  if (malformed.length > 0) return { files: none, error: new InventoryError("", malformed) };

  const files: Files = new Map();
  const problems = entry.whole!.flatMap((edit) => applyTo(files, directory, edit));
  if (problems.length > 0) return { files: none, error: new InventoryError(directory, problems) };

  for (const [file, { before, after }] of files) if (before === after) files.delete(file);
  try {
    return { files, loaded: loadFiles(directory, readEdited(directory, files)) };
  } catch (error) {
    if (error instanceof InventoryError) return { files, error };
    throw error;
  }
}

/** The fleet's files with the edited ones in place of those on disk. */
function readEdited(directory: string, files: Files): FleetFiles {
  const read = readFleet(directory);
  const edited = [...files].flatMap(([file, { after }]) => {
    return after === undefined ? [] : [{ key: kindOfFile(file)!, ...readSource(file, after) }];
  });
  const isKept = (file: string): boolean => !files.has(file);
  return {
    sources: [...read.sources.filter(({ source }) => isKept(source.file)), ...edited],
    problems: [...read.problems.filter(({ file }) => isKept(file)), ...edited.flatMap((file) => file.problems)],
  };
}

/** Makes one edit in the texts. @returns what stands in its way */
function applyTo(files: Files, directory: string, edit: Edit): Problem[] {
  const { file } = edit;
  const problem = (message: string, fix: string, path: Path = []): Problem[] => [
    { file, line: 1, column: 1, path: path.join("."), message, fix },
  ];
  if (!files.has(file) && lstatSync(join(directory, file), { throwIfNoEntry: false })?.isFile() === false) {
    return problem("not a regular file", "replace it by a regular file");
  }
  const before = files.has(file) ? files.get(file)!.before : textOf(join(directory, file));
  const text = files.has(file) ? files.get(file)!.after : before;
  const become = (after: string | undefined): Problem[] => {
    if (after !== undefined && Buffer.byteLength(after) > maxBytes) {
      return problem(`the file would have more than ${maxBytes} bytes`, "split it, or write less");
    }
    files.set(file, { before, after });
    return [];
  };
  if (edit.op === "create") {
    if (text !== undefined) return problem("the file exists already", "choose another name, or set properties in it");
    return become(new Document(edit.content).toString());
  }
  if (text === undefined) return problem("there is no such file", "create it, or correct its name");
  if (edit.op === "remove") return become(undefined);
  const document = parseDocument(text);
  if (document.errors.length > 0) return problem("the file is not valid YAML", "fix it by hand first");
  if (edit.op === "unset") {
    if (!document.hasIn(edit.path)) return problem("there is no such property", "correct the path", edit.path);
    document.deleteIn(edit.path);
  } else {
    const parent = document.getIn(edit.path.slice(0, -1), true);
    if (parent !== undefined && !isCollection(parent)) {
      return problem("there is no map or list to set this in", "correct the path", edit.path);
    }
    document.setIn(edit.path, document.createNode(edit.value));
  }
  return become(document.toString({ lineWidth: 0, flowCollectionPadding: /[[{] \S/.test(text) }));
}

function diffOf(file: string, { before, after }: Edited): string {
  const names = [
    before === undefined ? "/dev/null" : `a/${file}`,
    after === undefined ? "/dev/null" : `b/${file}`,
  ] as const;
  const options = { headerOptions: FILE_HEADERS_ONLY };
  return createTwoFilesPatch(...names, before ?? "", after ?? "", undefined, undefined, options);
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
function write(directory: string, files: Files): void {
  const written = [...files].flatMap(([file, { after }]) => (after === undefined ? [] : [{ file, text: after }]));
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
  for (const [file, { after }] of files) if (after === undefined) rmSync(join(directory, file), { force: true });
}

/** A hidden name, which the loader does not read: a deploy at the same time, or after a crash, is not refused for it. */
function temporaryName(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}~`);
}
