/** The unit that is the web application firewall of a host, and the socket that the front end alone opens. */
export const wafUnit = "fairhost-waf.service";
export const wafSocket = "/run/fairhost-waf/socket";
