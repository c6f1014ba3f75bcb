import { z } from "zod";
import { flag, meaning, text, texts } from "../inputs.ts";
import { trust } from "../registry/fields/field-class.ts";
import { format } from "../schema.ts";

/** How a host proves in DNS that a wildcard is its own (RFC 8555, section 8.4). */

/** DNS providers that lego 4.9 speaks to. Not `exec` and `manual`: nothing on a host answers them. */
const providers = `
  acme-dns, alidns, allinkl, arvancloud, auroradns, autodns, azure, bindman, bluecat, checkdomain, civo, clouddns, cloudflare, cloudns, cloudxns, conoha, constellix, desec, designate, digitalocean, dnsimple, dnsmadeeasy, dnspod, dode, domeneshop, dreamhost, duckdns, dyn, dynu, easydns, edgedns, epik, exoscale, freemyip, gandi, gandiv5, gcloud, gcore, glesys, godaddy, hetzner, hostingde, hosttech, httpreq, hurricane, hyperone, ibmcloud, iij, iijdpf, infoblox, infomaniak, internetbs, inwx, ionos, iwantmyname, joker, lightsail, linode, liquidweb, loopia, luadns, mydnsjp, mythicbeasts, namecheap, namedotcom, namesilo, nearlyfreespeech, netcup, netlify, nicmanager, nifcloud, njalla, ns1, oraclecloud, otc, ovh, pdns, porkbun, rackspace, regru, rfc2136, rimuhosting, route53, safedns, sakuracloud, scaleway, selectel, servercow, simply, sonic, stackpath, tencentcloud, transip, variomedia, vegadns, vercel, versio, vinyldns, vkcloud, vscale, vultr, wedos, yandex, yandexcloud, zoneee, zonomi
`;
const known = new Set(providers.trim().split(/,\s+/));
const provider = format("a DNS provider of lego 4.9, as `lego dnshelp` lists them", (says) =>
  z.string().refine((name) => known.has(name), says),
);

/** No variable that changes how the host's own programs run (`LD_PRELOAD`, `BASH_ENV`), and none of lego itself. */
const variableSchema = format(
  "a variable of the provider such as RFC2136_NAMESERVER, as `lego dnshelp -c <provider>` lists them",
  (says) => z.string().regex(/^(?!LD_|BASH_|LEGO_)[A-Z][A-Z0-9]*_[A-Z0-9_]{1,80}$/, says),
);

/** Names of variables whose values nobody writes into an inventory. Not the name of a file, which a variable `..._FILE` is. */
const secretive = /SECRET|TOKEN|PASS|API_KEY|AUTH_KEY|PRIVATE_KEY|CONSUMER_KEY/;

const settingSchema = format("a variable that is not a secret; list that one in `secrets`", (says) =>
  z.string().refine((name) => !secretive.test(name) || name.endsWith("_FILE"), says),
);

/** In `network.yaml`. */
export const dnsEntry = z
  .strictObject({
    provider: provider.describe(
      "Name of the DNS provider, as lego knows it: `rfc2136` is any DNS server that takes dynamic updates (BIND, Knot, PowerDNS).",
    ),
    settings: z
      .record(
        variableSchema.pipe(settingSchema),
        format("one line of at most 200 characters", (says) => z.string().regex(/^[ -~]{1,200}$/, says)),
      )
      .exactOptional()
      .describe("Variables of the provider that everybody may read, such as the address of its server. Default: none."),
    secrets: z
      .array(variableSchema)
      .min(1)
      .max(10)
      .exactOptional()
      .describe(
        "Names of the provider's variables with secrets. Their values are in the stack's configuration, encrypted: `pulumi config set --secret --path fairhost:dnsSecrets.<name>`. Default: none.",
      ),
    delegated: z
      .boolean()
      .exactOptional()
      .describe(
        "Whether proofs follow a CNAME of `_acme-challenge.<name>`, so that owners of names who keep their DNS elsewhere can delegate the proof. Whoever may use a name decides then where a host writes and removes TXT records: set it only if the secrets reach a zone that has nothing but proofs. Default: false.",
      ),
  })
  .exactOptional()
  .describe(
    "How hosts prove in DNS that wildcards are theirs. With it wildcards get certificates too. Default: none, and only accounts that bring their own have some.",
  );

/** Inputs of a network. */
export const dnsInputs = trust(
  z.strictObject({
    provider: text.describe("Name of the DNS provider."),
    settings: meaning(z.record(z.string(), z.string()), "text")
      .exactOptional()
      .describe("Variables of the provider that are not secret."),
    secrets: texts.exactOptional().describe("Names of its variables that are secret."),
    delegated: flag.exactOptional().describe("Whether proofs follow a CNAME. Default: false."),
  }),
  { means: "who proves in DNS that wildcards are the platform's" },
)
  .exactOptional()
  .describe("How hosts prove in DNS that wildcards are theirs.");
