# The HTTP cache of one account (RFC 9111), between the front end and the account's servers. What differs by account is in the file that
# includes this one: the servers, which one the front end names, and where an answer is kept if it is not too large.
# Headers of its own begin with fh-: none of a visitor counts, and none is in an answer.

sub vcl_recv {
  if (local.socket == "purge" || local.socket == "operator") {
    # The account alone can open the one, root alone the other. What is to go is an expression of ban(7) over fh-host and fh-url.
    if (req.method != "BAN") {
      return (synth(405, "Not allowed"));
    }
    if (std.ban(req.http.Fairhost-Ban)) {
      return (synth(200, "Purged"));
    }
    return (synth(400, std.ban_error()));
  }
  if (req.restarts == 0) {
    unset req.http.fh-fwd;
    unset req.http.fh-hit;
    unset req.http.fh-refetch;
    unset req.http.fh-stale;
    unset req.http.fh-unknown;
    unset req.http.fh-whole;
    # Varnish has added its own peer, the front end.
    set req.http.X-Forwarded-For = req.http.X-Real-IP;
  }
  if (!req.backend_hint) {
    return (synth(421, "Misdirected Request"));
  }
  # Nobody waits for another one's answer: a program may keep a request open for minutes, and need the next one meanwhile.
  set req.hash_ignore_busy = true;
  if (req.method != "GET" && req.method != "HEAD") {
    set req.http.fh-fwd = "method";
    return (pass);
  }
  # A body of GET means nothing (RFC 9110, section 9.3.1), and the answer may follow from it all the same.
  if (req.http.Transfer-Encoding || std.integer(req.http.Content-Length, 0) > 0) {
    set req.http.fh-fwd = "bypass";
    return (pass);
  }
  if (req.http.Authorization) {
    set req.http.fh-fwd = "request";
    return (pass);
  }
  # With an answer that is kept, these would reach visitors who did not send them: frameworks take from them what was asked for, by
  # which name, or how. The front end says so itself in headers that belong to the key.
  unset req.http.X-Original-URL;
  unset req.http.X-Rewrite-URL;
  unset req.http.X-Original-Host;
  unset req.http.X-Host;
  unset req.http.X-Forwarded-Server;
  unset req.http.X-Forwarded-Scheme;
  unset req.http.X-Forwarded-Protocol;
  unset req.http.X-Forwarded-Ssl;
  unset req.http.X-Forwarded-Path;
  unset req.http.X-Scheme;
  unset req.http.X-Url-Scheme;
  unset req.http.Front-End-Https;
  unset req.http.X-HTTP-Method;
  unset req.http.X-HTTP-Method-Override;
  unset req.http.X-Method-Override;
  # A visitor who wants it fresh gets it fresh (RFC 9111, section 5.2.1), and so do all after.
  if (req.http.Cache-Control ~ "(?i)no-cache|max-age *= *\x22?0+\x22? *(,|$)" || (!req.http.Cache-Control && req.http.Pragma ~ "(?i)no-cache")) {
    set req.http.fh-fwd = "request";
    set req.hash_always_miss = true;
  }
  if (req.http.Cache-Control ~ "(?i)no-store") {
    set req.http.fh-fwd = "request";
    return (pass);
  }
  return (hash);
}

sub vcl_hash {
  # All that the front end says of a request and that an answer may follow from.
  hash_data(req.http.X-Fairhost-Server);
  hash_data(req.http.X-Forwarded-Proto);
  hash_data(req.http.X-Forwarded-Port);
  hash_data(req.http.X-Forwarded-Prefix);
  hash_data(req.http.Host);
  hash_data(req.url);
  return (lookup);
}

sub vcl_hit {
  # What a program gives to somebody it knows by a cookie may be another answer, unless it says that it is for all.
  if (req.http.Cookie && !obj.http.fh-public) {
    set req.http.fh-fwd = "request";
    return (pass);
  }
  if (obj.ttl > 0s) {
    set req.http.fh-hit = "1";
    return (deliver);
  }
  if (req.http.fh-stale || obj.ttl + std.duration(obj.http.fh-while, 0s) > 0s) {
    set req.http.fh-hit = "1";
    return (deliver);
  }
  # Kept for the case that the program fails: it is asked first.
  set req.http.fh-fwd = "stale";
  set req.http.fh-refetch = "1";
  set req.hash_always_miss = true;
  return (restart);
}

sub vcl_miss {
  if (!req.http.fh-fwd) {
    set req.http.fh-fwd = "miss";
  }
  # To keep an answer it is fetched whole, and a part of a large file may be far behind its beginning.
  if (req.http.Range) {
    return (pass);
  }
  return (fetch);
}

sub vcl_pass {
  if (!req.http.fh-fwd) {
    set req.http.fh-fwd = "bypass";
  }
  return (fetch);
}

sub vcl_backend_fetch {
  unset bereq.http.X-Fairhost-Server;
  unset bereq.http.X-Varnish;
  unset bereq.http.Via;
  unset bereq.http.fh-fwd;
  unset bereq.http.fh-hit;
  unset bereq.http.fh-stale;
  return (fetch);
}

sub vcl_backend_response {
  unset beresp.http.fh-public;
  unset beresp.http.fh-while;
  unset beresp.http.fh-whole;
  unset beresp.http.fh-failed;
  set beresp.http.fh-host = bereq.http.Host;
  set beresp.http.fh-url = bereq.http.X-Forwarded-Prefix + bereq.url;
  if (beresp.status >= 500 && (bereq.http.fh-refetch || bereq.is_bgfetch)) {
    return (abandon);
  }
  # What has changed something makes stale what is kept of its address (RFC 9111, section 4.4).
  if (bereq.method != "GET" && bereq.method != "HEAD" && bereq.method != "OPTIONS" && bereq.method != "TRACE") {
    if (beresp.status >= 200 && beresp.status < 400) {
      std.ban("obj.http.fh-host == " + bereq.http.Host + " && obj.http.fh-url == " + beresp.http.fh-url);
    }
    return (deliver);
  }
  # Varnish takes the answer for a broken one (RFC 9110, section 14.4: of other answers it has no meaning).
  if (beresp.status != 206 && beresp.status != 416) {
    unset beresp.http.Content-Range;
  }
  std.collect(beresp.http.Vary, ",");
  std.collect(beresp.http.Cache-Control, ",");
  if (beresp.http.Cache-Control ~ "(?i)(^|[, ])(public|s-maxage)([ =,]|$)") {
    set beresp.http.fh-public = "1";
  }
  # How long it has been kept elsewhere already; what is not a number says nothing (RFC 9111, section 5.1).
  if (beresp.http.Age !~ "^[0-9]+$") {
    unset beresp.http.Age;
  }
  # RFC 9213: it counts in place of Cache-Control and Expires, if it is a dictionary of structured fields (RFC 9651).
  if (beresp.http.CDN-Cache-Control ~ "^[ ]*[a-z*][a-z0-9_.*-]*(=([0-9]+|[?][01]|[A-Za-z*][!#$%&'*+.^_`|~:/A-Za-z0-9-]*|\x22[^\x22]*\x22))?([ \t]*,[ \t]*[a-z*][a-z0-9_.*-]*(=([0-9]+|[?][01]|[A-Za-z*][!#$%&'*+.^_`|~:/A-Za-z0-9-]*|\x22[^\x22]*\x22))?)*[ ]*$") {
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    if (beresp.http.CDN-Cache-Control ~ "max-age=[0-9]+" && beresp.http.CDN-Cache-Control !~ "(no-store|private|no-cache)") {
      set beresp.ttl = std.duration(regsub(beresp.http.CDN-Cache-Control, "^.*max-age=([0-9]+).*$", "\1") + "s", 0s)
        - std.duration(beresp.http.Age + "s", 0s);
    }
    if (beresp.ttl <= 0s) {
      set beresp.uncacheable = true;
    }
  } elseif (beresp.http.Cache-Control ~ "(?i)(no-store|private|no-cache)") {
    set beresp.uncacheable = true;
  }
  # By the clock that wrote both (RFC 9111, section 4.2.1): Varnish takes Expires by its own if they differ by less than ten seconds.
  if (beresp.http.Expires && beresp.http.Date && !beresp.http.CDN-Cache-Control && beresp.http.Cache-Control !~ "(?i)(^|[, ])(s-maxage|max-age)="
    && beresp.ttl > std.time(beresp.http.Expires, now) - std.time(beresp.http.Date, now) - std.duration(beresp.http.Age + "s", 0s)) {
    set beresp.ttl = std.time(beresp.http.Expires, now) - std.time(beresp.http.Date, now) - std.duration(beresp.http.Age + "s", 0s);
  }
  # Whatever stood between may say no Age: its Date does (RFC 9111, section 4.2.3). Up to ten seconds are the clocks' difference, as for Varnish itself.
  if (beresp.http.Date && std.time(beresp.http.Date, now) + std.duration(beresp.http.Age + "s", 0s) + 10s < now) {
    set beresp.ttl = beresp.ttl - (now - (std.time(beresp.http.Date, now) + std.duration(beresp.http.Age + "s", 0s)));
  }
  # Not for others: what gives or depends on a cookie, what varies by everything, what never ends.
  if (beresp.http.Set-Cookie
    || beresp.http.Vary ~ "(^|,)[ \t]*\*[ \t]*(,|$)"
    || (bereq.http.Cookie && !beresp.http.fh-public)
    || beresp.http.Content-Type ~ "(?i)^(text/event-stream|multipart/x-mixed-replace)"
    || beresp.ttl <= 0s) {
    set beresp.uncacheable = true;
  }
  # It did not fit: for ten minutes nobody tries again.
  if (bereq.http.fh-whole) {
    set beresp.http.fh-whole = "1";
    return (pass(600s));
  }
  if (bereq.uncacheable || beresp.uncacheable) {
    set beresp.uncacheable = true;
    set beresp.ttl = 10s;
    return (deliver);
  }
  # Stale while it is fetched again, or if that fails (RFC 5861), unless it must not be.
  set beresp.http.fh-while = beresp.grace + "s";
  if (beresp.http.Cache-Control ~ "(?i)(must|proxy)-revalidate") {
    set beresp.http.fh-while = "0s";
    set beresp.grace = 0s;
  } elseif (beresp.http.Cache-Control ~ "(?i)stale-if-error *= *[0-9]+") {
    if (std.duration(regsub(beresp.http.Cache-Control, "(?i)^.*stale-if-error *= *([0-9]+).*$", "\1") + "s", 0s) > beresp.grace) {
      set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, "(?i)^.*stale-if-error *= *([0-9]+).*$", "\1") + "s", 0s);
    }
  }
  # Of an answer without its length nobody knows whether it fits: it is kept before it is passed on, and fetched anew if it does not.
  if (!beresp.http.Content-Length && !bereq.is_bgfetch) {
    set bereq.http.fh-unknown = "1";
    set beresp.do_stream = false;
  }
  return (deliver);
}

sub vcl_backend_error {
  if (bereq.http.fh-refetch || bereq.is_bgfetch) {
    return (abandon);
  }
  if (bereq.http.fh-unknown && !bereq.http.fh-whole && bereq.retries == 0) {
    set bereq.http.fh-whole = "1";
    return (retry);
  }
  set beresp.uncacheable = true;
  set beresp.status = 502;
  set beresp.http.Content-Type = "text/html";
  set beresp.http.fh-failed = "1";
  set beresp.body = "<!doctype html><title>Not answering</title><h1>Not answering</h1><p>This site's program ended without an answer. If the site is yours, the reason is in admin/logs.</p>" + {"
"};
  return (deliver);
}

sub vcl_synth {
  if (req.http.fh-refetch && !req.http.fh-stale) {
    set req.hash_always_miss = false;
    set req.http.fh-stale = "1";
    return (restart);
  }
  # Varnish says so itself: of what the program sent it could not make an answer (trailers, for example), or it has no room left.
  if (resp.status == 503) {
    set resp.status = 502;
    set resp.http.Content-Type = "text/html";
    set resp.http.X-Fairhost-Cache = "failed";
    unset resp.http.X-Varnish;
    set resp.body = "<!doctype html><title>Not answering</title><h1>Not answering</h1><p>This site's program ended without an answer. If the site is yours, the reason is in admin/logs.</p>" + {"
"};
    return (deliver);
  }
  set resp.http.Content-Type = "text/plain";
  set resp.body = resp.reason + {"
"};
  return (deliver);
}

sub vcl_deliver {
  # RFC 9211: caches nearer to the program stand before.
  if (req.http.fh-hit) {
    set req.http.fh-status = "fairhost; hit; ttl=" + std.integer(duration = obj.ttl);
  } elseif (obj.uncacheable || resp.http.fh-whole || req.method != "GET") {
    set req.http.fh-status = "fairhost; fwd=" + req.http.fh-fwd;
  } else {
    set req.http.fh-status = "fairhost; fwd=" + req.http.fh-fwd + "; stored";
  }
  if (resp.http.Cache-Status) {
    set resp.http.Cache-Status = resp.http.Cache-Status + ", " + req.http.fh-status;
  } else {
    set resp.http.Cache-Status = req.http.fh-status;
  }
  # For the front end alone, which counts it.
  set resp.http.X-Fairhost-Cache = "-";
  if (req.http.fh-hit) {
    set resp.http.X-Fairhost-Cache = "hit";
  } elseif (resp.http.fh-failed) {
    set resp.http.X-Fairhost-Cache = "failed";
  }
  unset resp.http.fh-host;
  unset resp.http.fh-url;
  unset resp.http.fh-public;
  unset resp.http.fh-while;
  unset resp.http.fh-whole;
  unset resp.http.fh-failed;
  unset resp.http.X-Varnish;
  unset resp.http.Via;
  return (deliver);
}
