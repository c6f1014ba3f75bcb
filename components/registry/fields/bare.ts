import { z } from "zod";

/** Schemas around one other schema, which has the type of the values. */
type Wrapper = z.ZodType & { readonly def: { readonly type: string; readonly innerType: z.ZodType } };
const wrappers = ["default", "prefault", "optional", "nonoptional", "nullable", "readonly", "catch"];

/** A schema without defaults, optionals and the like around it. Of a pipe what comes out. */
export function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPipe) return bare(schema.def.out as z.ZodType);
  return wrappers.includes(schema.def.type) ? bare((schema as Wrapper).def.innerType) : schema;
}
