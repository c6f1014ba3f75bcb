/** Ports of FTPS at the addresses of accounts whose users have it: connections, and those of data (passive mode), of which each session listens on one at a time. */
export const ftpsPorts = { control: 21, passive: { first: 8900, last: 8999 } } as const;

/** Whether an account's users have it. */
export function hasFtps(users: readonly { readonly protocols: readonly string[] }[]): boolean {
  return users.some(({ protocols }) => protocols.includes("ftps"));
}
