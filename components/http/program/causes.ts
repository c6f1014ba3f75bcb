import { slowestBody } from "../front-end/body-speeds.ts";

/** Why a request failed, in words, for the log of its account; and the bounds that these words are about. */

/** Seconds in which an account's server takes no byte of a request after which it fails. */
export const sendTimeout = 60;

/**
 * Bytes of memory through which an answer passes: its headers must fit in at once, so this is also a little more than the 64 KiB that
 * they may have. A visitor who reads slowly holds this much, the kernel's buffers, and the connection of the account's server.
 */
export const answerBuffer = 72 * 1024;

/** What stands before the last try's value where a server was asked more than once. */
const earlier = "(?:[^|]*, )?";

/** Of the front end's `http`. */
export const causeHttp = `  map $place $too_many {
    default "more requests with passwords came than the front end checks";
    refused "one visitor had as many requests open as it may have at once";
  }
  map $body_speed $by_whom {
    default "the server itself answered so";
    slow "the body came with less than ${slowestBody.rate / 1024} KiB a second";
  }
  # Why, in words: what the front end said itself (no $upstream_status), or how far the account's server got.
  map "$status|$upstream_status|$upstream_connect_time|$upstream_header_time|$upstream_bytes_received" $cause {
    default $by_whom;
    "~^413\\|-?\\|" "the request's body is larger than $body_mb MiB";
    "~^401\\|\\|" "the request has no password of this web site, or a wrong one";
    "~^429\\|\\|" $too_many;
    "~^503\\|\\|" "as many requests are open already as one visitor, server or account may have";
    "~^[0-9]+\\|\\|" "the front end refused the request";
    "~^50[24]\\|${earlier}50[24]\\|${earlier}-\\|" "the server's socket takes no connections";
    "~^502\\|${earlier}502\\|${earlier}[0-9.]+\\|${earlier}-\\|${earlier}0$" "the server closed the connection without an answer";
    "~^502\\|${earlier}502\\|${earlier}[0-9.]+\\|${earlier}-\\|${earlier}${answerBuffer}$" "the headers of the server's answer are larger than 64 KiB";
    "~^502\\|${earlier}502\\|" "the server's answer is not HTTP, or ended within its headers";
    "~^504\\|${earlier}504\\|" "the server took no data for ${sendTimeout} s, or sent none for $answer_seconds s";
  }
`;

/** The same, after the maps of what stands between the front end and the server. */
export const toldCauseHttp = `  map "$cache_seen$waf_seen|$waf $upstream_status $upstream_connect_time" $told_cause {
    default $cause;
    "~^[^|]*failed" "the server's socket takes no connections, or its answer is not HTTP";
    "~^[^|]*refused" "the web application firewall refused the request: waf.log beside this says why";
    "~^--[|][^ ]+ 502 -$" "the web application firewall of the host does not run";
  }
`;
