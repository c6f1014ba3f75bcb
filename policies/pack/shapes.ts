import { z } from "zod";
import {
  type AccountAddressInputs,
  type AccountContainerInputs,
  type AddressRangeInputs,
  type BareMetalHostInputs,
  type DatacenterInputs,
  type Declaration,
  type FrontEndInputs,
  failures,
  type HttpServerInputs,
  type NetworkInputs,
  type PlanInputs,
  type RegisterInputs,
  type RouterInputs,
  type SwitchInputs,
} from "../../components/declaration.ts";
import { type Subject, subject } from "../../components/rule.ts";

const text = z.string();
const number = z.number();
const texts = z.array(text);

const waivers = z
  .array(z.strictObject({ rule: text, path: text.exactOptional(), owner: text, reason: text, expires: text }))
  .exactOptional();
const powerSupplies = z.array(z.strictObject({ name: text, model: text, chain: text, feed: text }));
const placed = { waivers, name: text, site: text, hall: text, rack: text };
const device = { ...placed, manufacturer: text, model: text, pair: text.exactOptional(), powerSupplies };

const site = z.strictObject({
  waivers,
  name: text,
  provider: text,
  city: text,
  country: text,
  latitude: number,
  longitude: number,
  availabilityClass: number,
  emulated: z.boolean(),
  prefix: text,
  prefix4: text.exactOptional(),
  backupSite: text.exactOptional(),
  halls: z.array(
    z.strictObject({ name: text, chains: z.array(z.strictObject({ name: text, feed: text })), racks: texts }),
  ),
  spares: z.array(z.strictObject({ model: text, count: number })),
}) satisfies z.ZodType<DatacenterInputs>;

const network = z.strictObject({
  waivers,
  asNumber: number,
  prefixes: texts,
  prefixes4: texts,
  operators: z.array(
    z.strictObject({ name: text, asNumber: number, parentAsNumber: number.exactOptional(), routers: texts }),
  ),
}) satisfies z.ZodType<NetworkInputs>;

const router = z.strictObject({ ...device, address: text, links: texts }) satisfies z.ZodType<RouterInputs>;

const switchShape = z.strictObject({
  ...device,
  uplinks: z.array(z.strictObject({ port: text, router: text })),
}) satisfies z.ZodType<SwitchInputs>;

const range = z.strictObject({
  prefix: text,
  version: number,
  within: text.exactOptional(),
  site: text.exactOptional(),
  purpose: text,
}) satisfies z.ZodType<AddressRangeInputs>;

const register = z.strictObject({
  tombstones: z.array(number),
  retired: texts,
  vanished: z.array(z.strictObject({ kind: text, name: text, protect: z.boolean() })),
}) satisfies z.ZodType<RegisterInputs>;

const plan = z.strictObject({
  waivers,
  name: text,
  cpuWeight: number,
  ioWeight: number,
  memoryMaxMb: number,
  tasksMax: number,
  diskGb: number,
  retentionDays: number,
  survives: z.array(z.enum(failures)),
  takeover: z.boolean(),
  guaranteed: z.strictObject({ cores: number, memoryMb: number }),
  overcommit: z.strictObject({ memory: number, disk: number }),
}) satisfies z.ZodType<PlanInputs>;

const host = z.strictObject({
  ...placed,
  cell: text,
  role: text,
  manufacturer: text,
  model: text,
  serial: text,
  managementAddress: text,
  release: text,
  address: text,
  asNumber: number,
  disks: z.array(
    z.strictObject({ slot: text, serial: text, model: text, sizeGb: number, kind: text, hotSwap: z.boolean() }),
  ),
  mirrors: z.array(z.strictObject({ name: text, level: text, disks: texts, mount: text })),
  powerSupplies,
  links: z.array(z.strictObject({ port: text, switch: text, switchPort: text, switchManufacturer: text })),
  capacity: z.strictObject({ cores: number, memoryMb: number, diskGb: number }),
  routers: z.array(z.strictObject({ name: text, address: text, asNumber: number })),
}) satisfies z.ZodType<BareMetalHostInputs>;

const account = z.strictObject({
  waivers,
  name: text,
  number,
  host: text,
  standby: text.exactOptional(),
  plan: text,
  protect: z.boolean(),
  backup: z.strictObject({ site: text, retentionDays: number }).exactOptional(),
  uid: number,
  gid: number,
  user: text,
  slice: text,
  directory: text,
  limits: z.strictObject({
    cpuWeight: number,
    ioWeight: number,
    memoryMaxMb: number,
    tasksMax: number,
    diskGb: number,
  }),
}) satisfies z.ZodType<AccountContainerInputs>;

const address = z.strictObject({
  account: number,
  host: text,
  site: text,
  prefix: text,
  address: text,
}) satisfies z.ZodType<AccountAddressInputs>;

const serverCommon = {
  waivers,
  account: number,
  name: text,
  number,
  host: text,
  hostnames: texts,
  idleSeconds: number,
  listen: z.strictObject({ address: text, port: number }),
  unit: text,
};
const staticServer = z.strictObject({ ...serverCommon, kind: z.literal("static"), root: text });
const programServer = z.strictObject({
  ...serverCommon,
  kind: z.literal("program"),
  command: texts,
  directory: text,
  socketActivation: z.boolean(),
  environment: z.record(text, text),
});
const httpServer = z.discriminatedUnion("kind", [staticServer, programServer]) satisfies z.ZodType<HttpServerInputs>;

const frontEnd = z.strictObject({
  host: text,
  ports: z.array(number),
  address4: text.exactOptional(),
  accounts: number,
  httpServers: number,
}) satisfies z.ZodType<FrontEndInputs>;

/** One element of a declaration, and what a violation calls it. */
export interface Element {
  readonly kind: keyof Declaration;
  readonly value: Declaration[Element["kind"]][number];
  readonly subject: Subject;
}

/** How a component's properties are read. */
export interface Shape {
  readonly kind: Element["kind"];
  /** Refuses properties it does not know: what no rule reads could be a privilege, a path of the host or a device. */
  parse(properties: unknown): z.ZodSafeParseResult<Element>;
}

type Keys<T> = T extends unknown ? keyof T : never;
/** Nothing when every input of a component has its place in the schema, optional ones too; else no argument fits. */
type Whole<T, S> = [Exclude<Keys<T>, Keys<z.output<S>>>] extends [never] ? unknown : never;

function shape<K extends Element["kind"], S extends z.ZodType<Declaration[K][number]>>(
  kind: K,
  schema: S & Whole<Declaration[K][number], S>,
  subjectOf: (value: Declaration[K][number]) => Subject,
): Shape {
  const element = schema.transform((value) => ({ kind, value, subject: subjectOf(value) }));
  return { kind, parse: (properties) => element.safeParse(properties) };
}

/** The components that carry a declaration, by type token. */
export const shapes: ReadonlyMap<string, Shape> = new Map([
  ["fairhost:datacenter:Datacenter", shape("sites", site, subject.site)],
  ["fairhost:network:Network", shape("networks", network, subject.network)],
  ["fairhost:network:Router", shape("routers", router, subject.router)],
  ["fairhost:network:Switch", shape("switches", switchShape, subject.switch)],
  ["fairhost:network:AddressRange", shape("ranges", range, subject.range)],
  ["fairhost:account:Register", shape("registers", register, () => subject.register())],
  ["fairhost:account:Plan", shape("plans", plan, subject.plan)],
  ["fairhost:host:BareMetalHost", shape("hosts", host, subject.host)],
  ["fairhost:account:AccountContainer", shape("accounts", account, subject.account)],
  ["fairhost:network:AccountAddress", shape("addresses", address, subject.address)],
  ["fairhost:http:HttpServer", shape("httpServers", httpServer, subject.httpServer)],
  ["fairhost:http:FrontEnd", shape("frontEnds", frontEnd, subject.frontEnd)],
]);
