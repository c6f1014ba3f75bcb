/**
 * What hosts ask a CA for at most, by Let's Encrypt's limits (https://letsencrypt.org/docs/rate-limits/). Each host has an account of its own there, so
 * what is counted by account is not shared by the fleet. Let's Encrypt counts a renewal in neither of both.
 */
export const caLimits = {
  /** Orders of a host in an hour, renewals and failures too: Let's Encrypt takes 300 in three hours. */
  ordersAnHour: 100,
  /** New certificates below one registered domain in a week, of all hosts together. */
  newOfDomainAWeek: 50,
};
