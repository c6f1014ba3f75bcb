import { valuesThatMean } from "../../components/registry/meanings.ts";
import { defineRule } from "../../components/rule.ts";

const listening = valuesThatMean("listen");

export const listensOnOwnAddress = defineRule({
  name: "listens-on-own-address",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "Everything that listens for an account listens on the address of that account.",
  reason: "On any other address, it would answer for the host or for another account.",
  fix: "Do not set it by hand: the address follows from the account's `number` and site.",
  *find(declaration) {
    const owned = new Map(declaration.addresses.map((address) => [address.account, address.address]));
    for (const { subject, owner, account, value } of listening(declaration)) {
      const own = account === undefined ? undefined : owned.get(account);
      const { address } = value as { readonly address: string };
      // `references-exist` reports an account without an address.
      if (own === undefined || own === address) continue;
      yield {
        subject: { ...subject, path: `${subject.path}.address` },
        message: `${owner} listens on ${address}, but its account's address is ${own}.`,
      };
    }
  },
});
