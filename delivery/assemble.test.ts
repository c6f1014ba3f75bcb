import { expect, test, vi } from "vitest";
import type { Part, Renderer } from "../components/registry/renderer.ts";
import { declarationFixture } from "../testing/fixture.ts";
import { renderBundle } from "./render-bundle.ts";

/** What a kind renders that is not registered. */
const part = vi.hoisted(() => ({ now: { files: [] } as Part }));
vi.mock("../components/registry/renderers.generated.ts", () => {
  const renderer: Renderer<"hosts"> = { key: "hosts", ofHost: () => part.now };
  return { renderers: [renderer] };
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
