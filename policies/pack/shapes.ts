import { z } from "zod";
import type {
  AccountAddressInputs,
  AccountContainerInputs,
  BareMetalHostInputs,
  Declaration,
  FrontEndInputs,
  HttpServerInputs,
} from "../../components/declaration.ts";
import { type Subject, subject } from "../rule.ts";

const text = z.string();
const number = z.number();
const texts = z.array(text);

const host = z.object({
  name: text,
  cell: text,
  site: text,
  hall: text,
  rack: text,
  release: text,
  address: text,
  asNumber: number,
  disks: z.array(z.object({ slot: text, serial: text, model: text, sizeGb: number, kind: text, hotSwap: z.boolean() })),
  mirrors: z.array(z.object({ name: text, level: text, disks: texts, mount: text })),
  powerSupplies: z.array(z.object({ name: text, chain: text, feed: text })),
  links: z.array(z.object({ port: text, switch: text, switchManufacturer: text })),
  capacity: z.object({ cores: number, memoryMb: number, diskGb: number }),
  routers: z.array(z.object({ name: text, address: text, asNumber: number })),
}) satisfies z.ZodType<BareMetalHostInputs>;

const account = z.object({
  name: text,
  number,
  host: text,
  plan: text,
  protect: z.boolean(),
  uid: number,
  gid: number,
  user: text,
  slice: text,
  directory: text,
  limits: z.object({
    cpuWeight: number,
    ioWeight: number,
    memoryMaxMb: number,
    tasksMax: number,
    diskGb: number,
  }),
}) satisfies z.ZodType<AccountContainerInputs>;

const address = z.object({
  account: number,
  host: text,
  site: text,
  prefix: text,
  address: text,
}) satisfies z.ZodType<AccountAddressInputs>;

const serverCommon = {
  account: number,
  name: text,
  number,
  host: text,
  hostnames: texts,
  idleSeconds: number,
  listen: z.object({ address: text, port: number }),
  unit: text,
};
const staticServer = z.object({ ...serverCommon, kind: z.literal("static"), root: text });
const programServer = z.object({
  ...serverCommon,
  kind: z.literal("program"),
  command: texts,
  directory: text,
  socketActivation: z.boolean(),
  environment: z.record(text, text),
});
const httpServer = z.discriminatedUnion("kind", [staticServer, programServer]) satisfies z.ZodType<HttpServerInputs>;

const frontEnd = z.object({
  host: text,
  ports: z.array(number),
  accounts: number,
  httpServers: number,
}) satisfies z.ZodType<FrontEndInputs>;

/** One element of a declaration, and what a violation calls it. */
export interface Element {
  readonly kind: Exclude<keyof Declaration, "plans">;
  readonly value: Declaration[Element["kind"]][number];
  readonly subject: Subject;
}

/** How a component's properties are read. */
export interface Shape {
  /** The properties that are read; further ones may be anything. */
  readonly keys: readonly string[];
  parse(properties: unknown): z.ZodSafeParseResult<Element>;
}

function shape<K extends Element["kind"]>(
  kind: K,
  keys: object,
  schema: z.ZodType<Declaration[K][number]>,
  subjectOf: (value: Declaration[K][number]) => Subject,
): Shape {
  const element = schema.transform((value) => ({ kind, value, subject: subjectOf(value) }));
  return { keys: Object.keys(keys), parse: (properties) => element.safeParse(properties) };
}

/** The components that carry a declaration, by type token. */
export const shapes: ReadonlyMap<string, Shape> = new Map([
  ["fairhost:host:BareMetalHost", shape("hosts", host.shape, host, subject.host)],
  ["fairhost:account:AccountContainer", shape("accounts", account.shape, account, subject.account)],
  ["fairhost:network:AccountAddress", shape("addresses", address.shape, address, subject.address)],
  [
    "fairhost:http:HttpServer",
    shape("httpServers", { ...staticServer.shape, ...programServer.shape }, httpServer, subject.httpServer),
  ],
  ["fairhost:http:FrontEnd", shape("frontEnds", frontEnd.shape, frontEnd, subject.frontEnd)],
]);
