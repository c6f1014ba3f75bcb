import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ProgramRun, parseHostArguments, programResult, runnerCall, splitWords } from "./options.ts";

const run: ProgramRun = {
  monitorAddress: "127.0.0.1:1",
  engineAddress: "127.0.0.1:2",
  organization: "organization",
  project: "p",
  stack: "s",
  rootDirectory: "/project",
  pwd: "/project",
  entryPoint: "index.ts",
  args: [],
  dryRun: true,
  parallel: 16,
  config: { "p:key": "value", "p:password": "hunter2" },
  configSecretKeys: ["p:password"],
  options: new Map([["typescript", "false"]]),
  tracing: undefined,
};

describe("parseHostArguments", () => {
  it("reads options, root and address as the engine writes them", () => {
    const parsed = parseHostArguments(["-typescript=false", "-nodeargs=--a=b -c", "-root=/project", "127.0.0.1:4000"]);
    expect(parsed.engineAddress).toBe("127.0.0.1:4000");
    expect(Object.fromEntries(parsed.options)).toEqual({
      typescript: "false",
      nodeargs: "--a=b -c",
      root: "/project",
    });
  });

  it("does not take a flag's value for the address", () => {
    const parsed = parseHostArguments(["--logtostderr", "-v=9", "--tracing", "http://x/", "127.0.0.1:4000"]);
    expect(parsed.engineAddress).toBe("127.0.0.1:4000");
    expect(parsed.options.get("tracing")).toBe("http://x/");
    expect(parsed.options.get("logtostderr")).toBe("true");
  });

  it("has no address when the engine gives it in the handshake", () => {
    expect(parseHostArguments(["-root=/project"]).engineAddress).toBeUndefined();
  });
});

describe("splitWords", () => {
  it.each([
    ["", []],
    ["  --a   -b ", ["--a", "-b"]],
    [`--title='a b' "c d"e`, ["--title=a b", "c de"]],
    [`a\\ b '\\' "\\""`, ["a b", "\\", '"']],
    [`'' ""`, ["", ""]],
  ])("%j", (text, words) => expect(splitWords(text)).toEqual(words));

  it("gives back any words that were quoted", () => {
    const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        expect(splitWords(words.map(quote).join(" "))).toEqual(words);
      }),
    );
  });

  it("refuses an open quote", () => expect(() => splitWords("--a 'b")).toThrow("the quote ' is not closed"));
});

describe("runnerCall", () => {
  it("passes connection, stack and program on the command line", () => {
    expect(runnerCall(run, "/sdk/run").args).toEqual(
      [
        ["/sdk/run", "--monitor", "127.0.0.1:1", "--engine", "127.0.0.1:2", "--organization", "organization"],
        ["--project", "p", "--root-directory", "/project", "--stack", "s", "--pwd", "/project", "--parallel", "16"],
        ["--dry-run", "index.ts"],
      ].flat(),
    );
  });

  it("passes configuration in the environment only", () => {
    const call = runnerCall(run, "/sdk/run");
    expect(call.args.join(" ")).not.toContain("hunter2");
    expect(JSON.parse(call.env.PULUMI_CONFIG!)).toEqual(run.config);
    expect(JSON.parse(call.env.PULUMI_CONFIG_SECRET_KEYS!)).toEqual(["p:password"]);
  });

  it("leaves out what is not known, and puts nodeargs before the runner", () => {
    const options = new Map([["nodeargs", "--a 'b c'"]]);
    const { args } = runnerCall({ ...run, engineAddress: undefined, organization: "", dryRun: false, options }, "/run");
    expect(args.slice(0, 3)).toEqual(["--a", "b c", "/run"]);
    expect(args).not.toContain("--engine");
    expect(args).not.toContain("--organization");
    expect(args).not.toContain("--dry-run");
  });

  it("asks for ts-node unless told otherwise, as the official host does", () => {
    expect(runnerCall(run, "r").env.PULUMI_NODEJS_TYPESCRIPT).toBe("false");
    expect(runnerCall({ ...run, options: new Map() }, "r").env.PULUMI_NODEJS_TYPESCRIPT).toBe("true");
  });

  it("runs what package.json names when there is no entry point", () => {
    expect(runnerCall({ ...run, entryPoint: "" }, "r").args.at(-1)).toBe(".");
  });
});

it.each([
  [0, null, { error: "", bail: false }],
  [32, null, { error: "", bail: true }],
  [3, null, { error: "Program exited with non-zero exit code: 3", bail: false }],
  [null, "SIGKILL", { error: "Program ended by signal SIGKILL", bail: false }],
])("programResult(%j, %j)", (code, signal, result) => expect(programResult(code, signal)).toEqual(result));
