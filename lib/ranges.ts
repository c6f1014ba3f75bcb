import { Address4, Address6 } from "ip-address";

/** Whether an IPv6 prefix or address is inside another prefix. */
export function within6(inner: string, outer: string): boolean {
  return new Address6(inner).isInSubnet(new Address6(outer));
}

/** Whether an IPv4 range or address is inside another range. */
export function within4(inner: string, outer: string): boolean {
  return new Address4(inner).isInSubnet(new Address4(outer));
}
