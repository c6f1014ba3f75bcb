import { expect, test, vi } from "vitest";
import type { Part, Renderer } from "../components/registry/bundle/renderer.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { renderBundle } from "./render-bundle.ts";

/** What a kind renders that is not registered. */
const part = vi.hoisted(() => ({ now: { files: [] } as Part }));
vi.mock("../components/registry/bundle/renderers.generated.ts", () => {
  const renderer: Renderer<"hosts"> = { key: "hosts", ofHost: () => part.now };
  const kept: Renderer<"accounts"> = { key: "accounts", whileSuspended: true, ofAccount: () => part.now };
  const stops: Renderer<"services"> = { key: "services", ofAccount: () => part.now };
  return { renderers: [renderer, kept, stops] };
});

const rendered = (now: Part) => {
  part.now = now;
  return renderBundle(declarationFixture(), "h1").groups.host;
};

test("a file in a folder that nobody declared is refused", () => {
  expect(() => rendered({ files: [{ path: "cron/backup", content: "" }] })).toThrow(
    "cron/backup is not in a registered folder: declare the folder in a *.host.ts",
  );
});

test("a template is a unit that something else starts instances of; systemd cannot start it", () => {
  const unit = { name: "account-1-ssh@.service", restartOn: [] };
  expect(rendered({ files: [], units: [{ ...unit, want: "on-demand" }] })?.units).toHaveLength(1);
  expect(() => rendered({ files: [], units: [{ ...unit, want: "start" }] })).toThrow(
    "account-1-ssh@.service is a template, which cannot be started: want must be on-demand",
  );
});

test("of a suspended account only what a renderer keeps is there, and that may hold no unit", () => {
  const whole = declarationFixture();
  const accounts = whole.accounts.map((each) => ({ ...each, suspended: { since: "2026-11-22", reason: "unpaid" } }));
  const suspended = () => renderBundle({ ...whole, accounts }, "h1").groups["account-1"];
  part.now = { files: [{ path: "proc/1.meminfo", content: "" }] };
  expect(suspended()?.files).toHaveLength(1);
  expect(renderBundle(whole, "h1").groups["account-1"]?.files).toHaveLength(2);
  part.now = { files: [], units: [{ name: "account-1-ssh.socket", want: "start", restartOn: [] }] };
  expect(suspended).toThrow("account-1-ssh.socket would run while account 1 is suspended");
});
