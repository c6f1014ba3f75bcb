import * as pulumi from "@pulumi/pulumi";
import { bootstrapFor } from "./host/bootstrap.ts";
import { declare } from "./inventory/allocate.ts";
import { formatProblems, loadFleet } from "./inventory/load.ts";
import { checkDeclaration, formatViolations } from "./policies/check-declaration.ts";
import { connections } from "./stacks/connections.ts";
import { leanSdk } from "./stacks/lean-sdk.ts";
import { platform } from "./stacks/platform.ts";
import { readSettings } from "./stacks/settings.ts";
