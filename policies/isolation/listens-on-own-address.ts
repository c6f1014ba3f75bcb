import { valuesThatMean } from "../../components/registry/meanings.ts";
import { defineRule } from "../../components/rule.ts";

const listening = valuesThatMean("listen");

export const listensOnOwnAddress = defineRule({
  name: "listens-on-own-address",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "Whatever listens for an account listens on the address of that account.",
  reason: "On any other address it would answer in the name of the host or of another account.",
  remediation: "Do not set it by hand: the address follows from the account's `number` and site.",
  *find(declaration) {
    const owned = new Map(declaration.addresses.map((address) => [address.account, address.address]));
    for (const { subject, owner, account, value } of listening(declaration)) {
      const own = account === undefined ? undefined : owned.get(account);
      const { address } = value as { readonly address: string };
      // An account without an address is for `references-exist` to report.
      if (own === undefined || own === address) continue;
      yield {
        subject: { ...subject, path: `${subject.path}.address` },
        message: `${owner} listens on ${address}, its account's address is ${own}.`,
      };
    }
  },
});
