/**
 * nginx's `$visitor`, which limits count: the address, of IPv6 its first half, since whoever has one address of a /64 has them all. Stands in `http`.
 */
export const visitorHttp = `  map $binary_remote_addr $visitor {
    default $binary_remote_addr;
    "~(?s)^(?<first_half>.{8}).{8}\\z" $first_half;
  }
`;
