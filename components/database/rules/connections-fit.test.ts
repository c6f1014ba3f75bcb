import { changed, testRule } from "../../../testing/test-rule.ts";
import { connectionsFit } from "./connections-fit.ts";

testRule(connectionsFit, {
  "more than the server has slots for": {
    break: (valid) => changed(valid, "databases", 0, (database) => ({ ...database, connections: 2000, tcp: true })),
    expect: [
      "database 1/postgresql/shop connections: 2 databases of postgresql on h1 may have 4013 connections together, more than 4000.",
    ],
  },
});
