import { rangeText, readRule } from "./rule.ts";

/**
 * What a change of the rules of a firewall opens and closes, and for whom, in sentences.
 * @param of whose it is, in words
 */
export function describeRules(of: string, was: readonly string[] = [], is: readonly string[] = []): string[] {
  const [gone, added] = [without(was, is), without(is, was)];
  const sentences = [
    ...gone.map((rule) => `${said(rule, of, false)}: the rule "${rule}" is gone.`),
    ...added.map(
      (rule) => `${said(rule, of, true)}: new rule "${rule}", number ${is.indexOf(rule) + 1} of ${is.length}.`,
    ),
  ];
  const kept = [without(was, gone), without(is, added)].map((rules) => rules.join("\n"));
  if (kept[0] !== kept[1])
    sentences.push(`Puts rules of the firewall of ${of} in another order: the first that matches decides.`);
  return sentences;
}

/** The items of one list that another one does not have; of items that are there several times, each counts. */
function without(list: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return list.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function said(text: string, of: string, isNew: boolean): string {
  const { action, direction, protocol, ports, hosts, ip } = readRule(text);
  const verb = (action === "accept") === isNew ? "Opens" : "Closes";
  const whom = hosts.length === 0 ? "everybody" : hosts.join(", ");
  const name = protocol === "icmp" ? "ICMP" : protocol === "all" ? "everything" : protocol.toUpperCase();
  const what = ports.length === 0 ? name : `${name} port ${ports.map(rangeText).join(", ")}`;
  const version = ip === undefined ? "" : ` over IPv${ip}`;
  return direction === "in"
    ? `${verb} ${what} of ${of} for ${whom}${version}`
    : `${verb} calls from ${of} to ${what} of ${whom}${version}`;
}
