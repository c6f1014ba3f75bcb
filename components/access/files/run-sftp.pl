#!/usr/bin/perl
# SFTP of a user who may do nothing else: what it sees in the place of the account's home is its directory.
#   run-sftp HOME [USER=DIRECTORY ...]
# Without directories those of the users' records count, and the session brings its standard input and output (bring-session.pl). With them the connection
# itself is what is served, and nobody follows a symlink below one, as in WebDAV (run-webdav.pl).
# It runs in the account's sandbox, as the account's uid. Inside the sandbox's own user namespace it may mount (CAP_SYS_ADMIN there, and
# nowhere else): so symlinks on the way to the directory lead to what the account itself reaches, and to nothing of the host.
use strict;
use warnings;
my ($home, @directories) = @ARGV;
# Numbers of system calls (lib/architectures.ts).
my ($unshare, $mount, $recvmsg) = (UNSHARE, MOUNT, RECVMSG);
my ($newNamespace, $bind, $private) = (0x20000, 4096, 0x4000 | 0x40000);

# The session's end of the connection has the user as its name: /tmp/<user>.<process>.
my ($user) = ($ENV{REMOTE_ADDR} // '') =~ m{/([a-z][a-z0-9_-]*)\.\d+\z} or die "no user has connected\n";
my %directories = map { split /=/, $_, 2 } @directories;
my $directory = (@directories ? $directories{$user} : (getpwnam $user)[7]) or die "user $user is not known\n";
if ($directory ne $home) {
  syscall($unshare, $newNamespace) == 0 or die "unshare: $!\n";
  my ($none, $root) = ('none', '/');
  syscall($mount, $none, $root, $none, $private, 0) == 0 or die "cannot make mounts private: $!\n";
  syscall($mount, $directory, $home, $none, $bind, 0) == 0 or die "$directory: $!\n";
  my ($remount, $nosuid, $nodev, $nosymfollow) = (32, 2, 4, 256);
  !@directories || syscall($mount, $none, $home, $none, $bind | $remount | $nosuid | $nodev | $nosymfollow, 0) == 0 or die "cannot mount without symlinks: $!\n";
}
takeSession() unless @directories;
chdir $home or die "$home: $!\n";
# Without symlinks: the account's own programs, such as its HTTP servers, would follow them out of the directory.
# Without the right to mount, for ever: no program has more than who starts it (NoNewPrivileges=).
exec '/usr/bin/setpriv', '--inh-caps=-all', '--ambient-caps=-all', '--', '/usr/bin/tini', '--',
  '/usr/lib/openssh/sftp-server', '-e', '-P', 'symlink', '-d', $home;
die "setpriv: $!\n";

# What bring-session.pl has sent becomes standard input and output. The connection stays open: its end tells the session that all is over.
sub takeSession {
  my ($octet, $rights) = ("\0" x 1, "\0" x 24);
  my $part = pack 'P Q', $octet, 1;
  my $message = pack 'Q L x4 P Q P Q l x4', 0, 0, $part, 1, $rights, length $rights, 0;
  my $received = syscall $recvmsg, 0, $message, 0;
  my ($length, undef, undef, $in, $out) = unpack 'Q l4', $rights;
  $received == 1 && $length == 24 or die "no session was brought\n";
  $^F = 255;
  open my $connection, '<&', \*STDIN or die "cannot keep the connection: $!\n";
  open STDIN, "<&$in" or die "cannot read of the session: $!\n";
  open STDOUT, ">&$out" or die "cannot write to the session: $!\n";
}
