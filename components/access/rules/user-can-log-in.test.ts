import { changed, testRule } from "../../../testing/test-rule.ts";
import { userCanLogIn } from "./user-can-log-in.ts";

testRule(userCanLogIn, {
  "a user with neither a key nor a password": {
    break: (valid) => changed(valid, "users", "1/deploy", (user) => ({ ...user, keys: [] })),
    expect: ["user 1/deploy keys: User 1/deploy has neither a key nor a password."],
  },
  "a user with WebDAV without a password, where no front end has HTTPS": {
    break: (valid) => changed(valid, "users", "1/deploy", (user) => ({ ...user, protocols: ["sftp", "webdav"] })),
    expect: [
      "user 1/deploy protocols: User 1/deploy has WebDAV, but no password for it.",
      "user 1/deploy protocols: User 1/deploy has WebDAV, but front ends have no HTTPS.",
    ],
  },
  "a user with FTPS where no front end has HTTPS": {
    break: (valid) => changed(valid, "users", "1/ada", (user) => ({ ...user, protocols: ["ssh", "ftps"] })),
    expect: ["user 1/ada protocols: User 1/ada has FTPS, but front ends have no HTTPS."],
  },
});
