#!/usr/bin/perl
# Says to the front end whether a request for WebDAV has the right password: HTTP on the listening socket of systemd, as auth_request of nginx asks.
#   check-webdav ACCOUNT
# It runs outside of the account: nobody in it sees the hashes. The answer to a wrong password comes late. A right one is remembered for some
# minutes, as a hash of this process's own that costs little, because each request of a client brings it anew.
use strict;
use warnings;
my ($account) = @ARGV;
# Seconds: the clock has whole ones, so that a no takes three at the least.
my ($delay, $kept, $idle, $most) = (4, 300, 600, 200);

open my $file, '<', "$ENV{CREDENTIALS_DIRECTORY}/passwords" or die "passwords: $!\n";
my %hashes = map { /^([^:]+):(\S+)$/ ? ($1, $2) : () } <$file>;
open my $listening, '+<&=', 3 or die "socket: $!\n";
# Who bans is told on the last descriptor (OpenFile=).
open my $bans, '>&=', 2 + $ENV{LISTEN_FDS} if $ENV{LISTEN_FDS} > 1;
open my $random, '<', '/dev/urandom' or die "urandom: $!\n";
sysread $random, my $salt, 12;
$salt = '$6$rounds=1000$' . unpack('H*', $salt) =~ s/^(.{16}).*/$1/r;

my (%right, %asking, @late);
sub right {
  my ($user, $password) = @_;
  my ($until, $known) = @{ $right{$user} // [0, ''] };
  return 1 if $until > time && crypt($password, $known) eq $known;
  # Who has no password waits as long as others.
  my $hash = $hashes{$user} // '$y$j9T$......................';
  return 0 if crypt($password, $hash) ne $hash;
  $right{$user} = [time + $kept, crypt($password, $salt)];
  return 1;
}
sub answer {
  my ($client, $status) = @_;
  syswrite $client, "HTTP/1.0 $status\r\nWWW-Authenticate: Basic realm=\"Files\", charset=\"UTF-8\"\r\nContent-Length: 0\r\n\r\n";
  close $client;
}
sub decide {
  my ($client, $request) = @_;
  my ($wanted) = $request =~ m{\AGET /([a-z0-9_-]+) } or return close $client;
  my ($given) = $request =~ /^Authorization: +Basic +([A-Za-z0-9+\/=]{1,2000})\r$/mi or return answer($client, '401 No');
  # Base64 by unpack: its lines of 60 characters are 45 octets each.
  $given =~ tr{A-Za-z0-9+/=}{ -_}d;
  my $plain = join '', map { unpack 'u', chr(32 + int(length($_) * 3 / 4)) . $_ } $given =~ /(.{1,60})/g;
  my ($user, $password) = $plain =~ /\A([^:]*):(.*)\z/s;
  return answer($client, '204 Yes') if defined $user && $user eq $wanted && right($user, $password);
  my ($from) = $request =~ /^X-Address: ([0-9a-f.:]+)\r$/mi;
  # A name that is not known is not written down: people type their password there.
  my $name = defined $user && exists $hashes{$user} ? $user : 'UNKNOWN';
  print STDERR "<4>wrong password: account=$account user=$name from=", $from // 'UNKNOWN', "\n";
  syswrite $bans, "webdav: $from" if $bans && defined $from;
  return answer($client, '401 No') if @late >= $most;
  push @late, [time + $delay, $client];
}

my $quiet = time;
while (1) {
  answer(${ shift @late }[1], '401 No') while @late && $late[0][0] <= time;
  my $ready = '';
  vec($ready, fileno $_, 1) = 1 for $listening, map { $$_[0] } values %asking;
  select $ready, undef, undef, @late ? 0.2 : 5;
  if (vec($ready, fileno $listening, 1) && accept my $client, $listening) { $asking{ fileno $client } = [$client, '', time + 5] }
  for my $number (keys %asking) {
    my $ask = $asking{$number};
    if (vec($ready, $number, 1)) {
      $quiet = time;
      my $got = sysread $$ask[0], $$ask[1], 8192, length $$ask[1];
      delete $asking{$number};
      if ($got && $$ask[1] =~ /\r\n\r\n/) { decide($$ask[0], $$ask[1]) }
      elsif ($got && length $$ask[1] < 16384) { $asking{$number} = $ask }
    } elsif ($$ask[2] < time) { delete $asking{$number} }
  }
  last if !%asking && !@late && $quiet + $idle < time;
}
