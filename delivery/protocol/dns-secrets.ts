/** Secrets of the DNS provider on a host that has certificates of wildcards: a file for each variable, which root alone reads. */
export const dnsSecrets = "/var/lib/fairhost/secrets/dns";
