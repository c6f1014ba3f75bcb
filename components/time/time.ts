import { z } from "zod";
import { flag, text } from "../inputs.ts";
import { key, trust } from "../registry/fields/field-class.ts";
import { hostnameSchema } from "../schema.ts";

/**
 * Public servers of three organisations, all with NTS and over IPv6: one that is wrong is outvoted, one that is gone is not missed.
 */
export const publicServers = ["time.cloudflare.com", "nts.netnod.se", "ptbtime1.ptb.de", "ptbtime2.ptb.de"] as const;

/** `time` in network.yaml. */
export const timeSchema = z
  .strictObject({
    servers: z
      .array(
        z.strictObject({
          name: hostnameSchema.describe("Host name of the server. With NTS its certificate has this name."),
          nts: z
            .boolean()
            .default(true)
            .describe(
              "Whether it answers with NTS (RFC 8915), by TCP port 4460 first: nobody on the way can forge its time. Default true.",
            ),
        }),
      )
      .min(1)
      .max(10)
      .describe(
        "Servers that hosts ask for the time, by UDP port 123. Name four: with only two, nobody can tell which one is wrong.",
      ),
  })
  .optional()
  .describe(`Time servers of the hosts. Default: public servers with NTS (${publicServers.join(", ")}).`);

/** What the network declares of it. */
export const timeServersInputs = trust(
  z.array(
    z.strictObject({
      name: key(text).describe("Host name of the server."),
      nts: flag.describe("Whether it must authenticate its answers (NTS)."),
    }),
  ),
  { means: "whose time hosts believe" },
);
