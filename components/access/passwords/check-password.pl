#!/usr/bin/perl
# Says on standard output whether a password is right. Standard input has a line with the user's name, then the password up to a NUL or its end.
#   check-password ACCOUNT PEER
# It runs outside of the account, once for each question: nobody in the account sees the hashes, and the answer to a wrong password comes late.
# PEER is <number>-<process>-<uid> of who asks (systemd.socket(5), Accept=).
use strict;
use warnings;
my ($account, $peer) = @ARGV;
my $delay = 3;

alarm 20; # Who asks and says nothing is not waited for.
my $question = '';
while (length $question < 1024 && $question !~ /\0/ && sysread STDIN, my $part, 1024) { $question .= $part }
my ($user, $password) = $question =~ /\A([^\n]*)\n([^\0]*)/ or exit 0;

open my $file, '<', "$ENV{CREDENTIALS_DIRECTORY}/passwords" or die "passwords: $!\n";
my %hashes = map { /^([^:]+):(\S+)$/ ? ($1, $2) : () } <$file>;
# Somebody without a password, or who is nobody, has to wait as long as others.
my $hash = $hashes{$user} // '$y$j9T$......................';
if (crypt($password, $hash) eq $hash) {
  print "yes\n";
  exit 0;
}

# Where the connection comes from is what systemd says of the relay, by the names of units: who asks cannot choose it.
sub unit_of {
  my ($process) = @_;
  return '' unless defined $process && open my $groups, '<', "/proc/$process/cgroup";
  return join '', <$groups>;
}
my ($asks) = $peer =~ /^\d+-(\d+)-/;
my ($relay) = unit_of($asks) =~ m{/account-$account-ssh\@\d+-(\d+)-\d+\.service\b};
my ($from) = unit_of($relay) =~ m{/fairhost-ssh-$account\@\d+-\S+:\d+-(\S+):\d+\.service\b};
# A name that is not known is not written down: people type their password there.
my $name = exists $hashes{$user} ? $user : 'UNKNOWN';
print STDERR "<4>wrong password: account=$account user=$name from=", $from // 'UNKNOWN', "\n";
# Who bans is told too (components/bans), on the descriptor that systemd has opened (OpenFile=). If nobody listens, the answer is the same.
if (defined $from && $ENV{LISTEN_FDS} && open my $bans, '>&=', 2 + $ENV{LISTEN_FDS}) { syswrite $bans, "ssh: $from" }
sleep $delay;
print "no\n";
