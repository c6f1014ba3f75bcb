#!/bin/bash
# Gets a certificate for each host name of the front end and renews those that are due, by ACME (RFC 8555): over HTTP, for wildcards over DNS.
#   issue-certificates CA EMAIL ORDERS [DNS-PROVIDER [VARIABLE=VALUE...]]
# ORDERS: how many certificates this host asks for in an hour. Secrets of the DNS provider are credentials of the service: `dns_VARIABLE`.
# A name that fails, or of which the CA says that it had enough, stops no other: it is tried again after an hour, then two, up to a day.
# Nothing here interrupts the front end: it reads a certificate with each handshake.
set -u -o pipefail
ca=$1 email=$2 most=$3 dns=${4:-} again=("$0" "$@")
state=${STATE_DIRECTORY:-/var/lib/fairhost-certificates}
names=/var/lib/fairhost/current/sites/accounts
cd "$state" || exit 1
mkdir -p issued own www wait unproved held
now=$(date +%s)

if [ ! -s default.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=invalid -keyout new.key -out new.crt 2>/dev/null &&
    cat new.key new.crt >new.pem && mv new.pem default.pem
  rm -f new.key new.crt
fi

shopt -s nullglob
list() ( # the file of each declared name with its account, sorted; `_.example.org` is that of *.example.org
  # All of one generation, also if another one takes its place meanwhile: a name that goes to another account is in another file there.
  cd "${names%/*}" || exit
  for map in accounts/*.certificates; do
    account=${map##*/}
    sed -n "s/^[^ ]* \([a-z0-9._-]*\);$/\1 ${account%.certificates}/p" "$map" || exit
  done | LC_ALL=C sort -u
)
# On a full disk, or without a generation, nobody knows what is declared: nothing is removed then.
list >names.new && mv names.new names || exit 1

# For Prometheus: of each declared name when its certificate ends, and how often it was tried in vain since; why is in the account's log.
series() { # NAME WORDS: of lines "FILE VALUE ACCOUNT", sorted
  echo "# HELP fairhost_certificate_$1 $2"
  echo "# TYPE fairhost_certificate_$1 gauge"
  awk -v name="fairhost_certificate_$1" '{ sub(/^_\./, "*.", $1); printf "%s{account=\"%s\",name=\"%s\"} %s\n", name, $3, $1, $2 }'
}
values() ( # FOLDER, which may be empty: then grep ends with 1
  cd "$1" && { grep -r . || [ $? = 1 ]; } | sed 's/:/ /' | LC_ALL=C sort | LC_ALL=C join - ../names
)
measure() {
  local name end
  # Of certificates that an older release got.
  find issued -type f -empty -printf '%f\n' | while read -r name; do
    end=$(openssl x509 -noout -enddate -in "$name.pem" 2>/dev/null) && date -d "${end#*=}" +%s >"issued/$name"
  done
  {
    values issued | series expires_seconds "When the certificate ends, in seconds since 1970." &&
      values wait | series failed_tries "Tries in vain in a row."
  } >certificates.prom.new && mv certificates.prom.new certificates.prom
}
trap measure EXIT

here() { find . -maxdepth 1 -name '*.pem' ! -name default.pem "$@" -printf '%f\n' | sed 's/\.pem$//' | LC_ALL=C sort; }
# The front end finds a file for each name at once.
comm -23 <(cut -d' ' -f1 names) <(here) | while read -r name; do ln -sf default.pem "$name.pem"; done
# What nobody serves any longer.
comm -13 <(cut -d' ' -f1 names) <(here) | while read -r name; do
  rm -f "$name.pem" "issued/$name" "own/$name" "wait/$name" "unproved/$name" "lego/certificates/$name".*
done

say() { # NAME ACCOUNT TEXT: to the host's journal and to the account's own log, where only root can write
  echo "${1/#_./*.}: $3" >&2
  local log=/srv/accounts/$2/admin/logs/certificates.log
  [ ! -d "${log%/*}" ] || printf '%(%FT%T%z)T %s: %s\n' -1 "${1/#_./*.}" "$3" >>"$log" || true
}
secrets() { find "${CREDENTIALS_DIRECTORY:-/nowhere}" -name 'dns_*' -type f 2>/dev/null; }
without_secrets() { # a message of a provider may show what it was sent
  local text file line
  text=$(cat)
  while read -r file; do
    while read -r line || [ -n "$line" ]; do [ ${#line} -lt 4 ] || text=${text//"$line"/(secret)}; done <"$file"
  done < <(secrets)
  printf '%s\n' "$text"
}

registered() { # whether this host has an account at this CA, with this address for mail: lego keeps each by itself
  local at=${ca#*://}
  at=${at%%/*}
  [ -s "lego/accounts/${at//:/_}/$email/account.json" ]
}

ask_ca() { # SECONDS ARGUMENTS...: in a shell of its own, which alone has the secrets
  local file
  # shellcheck disable=SC2163
  [[ $2 != --dns ]] || while read -r file; do export "${file##*/dns_}=$(<"$file")"; done < <(secrets)
  exec timeout "$1" lego --accept-tos --email "$email" --server "$ca" --path lego --key-type ec256 "${@:2}"
}

told_to_wait() { # NAME ACCOUNT: whether the CA gives none for now, to this host or below a domain; the account reads until when
  local at=${1#_.} told=held/_all
  if [ ! -e $told ]; then
    until [ -e "held/$at" ]; do
      [[ $at == *.* ]] || return 1
      at=${at#*.}
    done
    told=held/$at
  fi
  [ -e "wait/$1" ] || echo 0 >"wait/$1"
  touch -r "$told" "wait/$1"
  say "$1" "$2" "no certificate, the CA gives no more before $(date -r "$told" +%FT%T%z): $(<"$told")"
}

# What the CA itself says: the first problem in what lego prints. Behind it stands what servers of accounts have answered, in their words.
problem_of() { # OUTPUT: "STATUS TYPE TEXT"
  local said=${1#*acme: error: }
  [[ $1 == *"acme: error: "* && $said =~ ^([0-9]{3})\ ::(\ [A-Z]+\ ::\ [^ ]+\ ::)?\ urn:ietf:params:acme:error:([a-zA-Z]+)\ ::\ (.*) ]] || return 0
  printf '%s\n' "${BASH_REMATCH[1]} ${BASH_REMATCH[3]} ${BASH_REMATCH[4]}"
}

# The answer of a CA that limits what it gives (RFC 8555, section 6.6). lego shows its text alone, not Retry-After; Let's Encrypt's text has the
# same time, and the domain if it is about one.
until_when() { # TEXT: when to ask again: as it says, but in a week at the latest, the longest time of a limit; in an hour if it does not say
  local at now
  now=$(date +%s)
  at=$(sed -nE 's/.*retry after ([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2}) ?(Z|UTC).*/\1 \2 UTC/p' <<<"$1" | tail -n 1)
  [ -n "$at" ] && at=$(date -d "$at" +%s) && [ "$at" -gt "$now" ] || at=$((now + 3600))
  echo $((at < now + 604800 ? at : now + 604800))
}
limited() { # NAME TEXT: a domain, nothing if it is about the certificate of this name, or _all: whatever this host asks for
  local domain
  domain=$(sed -nE 's/.* for:? "?(\*\.)?([a-z0-9-]+(\.[a-z0-9-]+)+).*/\2/p' <<<"$2" | tail -n 1)
  if [[ -n $domain && .${1#_.} == *".$domain" ]]; then echo "$domain"; elif [[ $2 != *"exact set"* ]]; then echo _all; fi
}

issue() { # NAME ACCOUNT
  local name=$1 account=$2 what=(run) proof=(--http --http.webroot www) limit=180 out cause problem
  # Another one was told so meanwhile.
  ! told_to_wait "$name" "$account" || return 0
  printf '%(%s)T\n' -1 >>orders
  # Some providers need minutes until each of their servers has the proof.
  [[ $name != _.* ]] || proof=(--dns "$dns") limit=600
  # Without an account at the CA, only the first way makes one.
  [ ! -e "lego/certificates/$name.crt" ] || ! registered || what=(renew --days 9999 --reuse-key --no-random-sleep)
  if out=$(ask_ca "$limit" "${proof[@]}" --domains "${name/#_./*.}" "${what[@]}" 2>&1); then
    # Due when two thirds of its time are over.
    local dates begin end
    dates=$(openssl x509 -noout -dates -in "lego/certificates/$name.crt") || return 1
    begin=$(date -d "$(sed -n 's/^notBefore=//p' <<<"$dates")" +%s)
    end=$(date -d "$(sed -n 's/^notAfter=//p' <<<"$dates")" +%s)
    # One of the account's own that came meanwhile.
    [ ! -e "own/$name" ] || [ -z "$(find "$name.pem" -newermt "@$(date +%s)")" ] || return 0
    cat "lego/certificates/$name.key" "lego/certificates/$name.crt" >".$name.new" &&
      touch -d "@$((begin + (end - begin) * 2 / 3))" ".$name.new" && mv ".$name.new" "$name.pem" && rm -f "own/$name" || return 1
    [ -e "issued/$name" ] || say "$name" "$account" "has a certificate until $(date -d "@$end" +%F)"
    echo "$end" >"issued/$name"
    rm -f "wait/$name"
    return 0
  fi
  problem=$(problem_of "$out")
  # The CA has lost this host's account, or its key: another one is made, at most one a day.
  if [[ $problem =~ ^[0-9]{3}\ ([a-zA-Z]+\ JWS\ verification\ error|accountDoesNotExist\ ) ]]; then
    [ -n "$(find account-made -newermt '1 day ago' 2>/dev/null)" ] || { touch account-refused; return 0; }
  fi
  # Some providers are told secrets in an address.
  cause=$(without_secrets <<<"$out" | tail -n 1 | sed -E 's#([a-z]+://[^/ ?"]*)[^ "]*#\1/...#g' | tr -d '\000-\037' | cut -c1-300)
  local tries pause next told=
  tries=$(($(cat "wait/$name" 2>/dev/null || echo 0) + 1))
  pause=$((tries > 5 ? 86400 : 3600 << (tries - 1)))
  next=$(($(date +%s) + pause))
  if [[ $problem == "429 rateLimited "* ]]; then
    next=$(until_when "$problem")
    told=$(limited "$name" "$problem")
  fi
  if [ -n "$told" ]; then
    echo "$cause" >".$name.held" && touch -d "@$next" ".$name.held" && mv ".$name.held" "held/$told"
    told_to_wait "$name" "$account"
    return 0
  fi
  echo "$tries" >"wait/$name"
  touch -d "@$next" "wait/$name"
  say "$name" "$account" "no certificate, next try in $(((next - $(date +%s) + 3599) / 3600)) h: $cause"
}
export -f issue told_to_wait problem_of until_when limited ask_ca registered say secrets without_secrets
export ca email dns
shift $(($# < 4 ? $# : 4))
[ $# = 0 ] || export "$@"

# Another provider, or another secret of it: what failed before is tried now.
tried=$({ printf '%s\n' "$dns" "$@"; secrets | sort | xargs -r -d '\n' cat; } | sha256sum)
if [ "$tried" != "$(cat tried 2>/dev/null)" ]; then
  rm -f wait/_.* unproved/_.* && (umask 077 && printf '%s' "$tried" >tried)
fi

# Every try is an order, however often deploys start this.
touch orders
awk -v now="$now" '$1 > now - 3600 && $1 <= now' orders >orders.new && mv orders.new orders || exit 1
left=$((most - $(wc -l <orders)))
find held -type f ! -newermt "@$now" -delete

# Due: no certificate yet, or one whose time has come; but not what waits.
LC_ALL=C join <(here \( -type l -o ! -newermt "@$now" \)) names >due.all || exit 1
if [ -z "$dns" ]; then
  grep '^_\.' due.all | while read -r name account; do
    # Not where the account brings one.
    [ -e "unproved/$name" ] || grep -qsF -- "${name/#_./*.} " "$names/$account.own" ||
      say "$name" "$account" "no certificate: for a wildcard the CA asks for a proof in DNS, and the platform has no DNS provider (certificates.dns in network.yaml); bring your own"
    touch "unproved/$name"
  done
  sed -i '/^_\./d' due.all
fi
LC_ALL=C join -v 1 due.all <(find wait -type f -newermt "@$now" -printf '%f\n' | LC_ALL=C sort) |
  while read -r name account; do told_to_wait "$name" "$account" || echo "$name $account"; done >due.now
# One name of each account, then the second of each: whoever has many, or slow ones, keeps nobody else waiting for long.
fair() { shuf | awk '{ print n[$2]++, $0 }' | sort -s -n -k 1,1 | cut -d ' ' -f 2-; }
{ grep -v '^_\.' due.now | fair; grep '^_\.' due.now | fair; } | head -n $((left > 0 ? left : 0)) >due
more=$(($(wc -l <due.now) - $(wc -l <due)))
[ $more = 0 ] || echo "$more more names wait: this host asks for $most certificates an hour, so that the CA does not refuse them" >&2
[ -s due ] || exit 0
# The first one alone, if the CA does not know this host yet.
if ! registered; then
  read -r name account <due
  issue "$name" "$account"
  # Several that made an account at once would leave the key of one with the name of another, and the CA would refuse all for ever.
  registered || parallel=1
  sed -i 1d due
fi
grep -v '^_\.' due | xargs -r -n 2 -P ${parallel:-8} bash -c 'issue "$@"' issue
# One by one: some providers exchange a zone as a whole. What does not begin in a quarter of an hour is for the next run.
grep '^_\.' due | while read -r name account && [ $SECONDS -lt 900 ]; do
  issue "$name" "$account" </dev/null
done
if [ -e account-refused ]; then
  echo "the CA does not take this host's account any more: makes another one" >&2
  rm -rf account-refused lego/accounts
  touch account-made
  exec "${again[@]}"
fi
# A deploy meanwhile did not start this anew.
list | cmp -s - names || exec "${again[@]}"
