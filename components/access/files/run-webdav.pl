#!/usr/bin/perl
# WebDAV of one user: what it serves as the account's home is the user's directory. Standard: the socket that systemd hands over.
#   run-webdav HOME DIRECTORY PATH
# It runs in the account's sandbox, as the account's uid, and mounts as run-sftp does: inside the sandbox's own user namespace, so symlinks on the
# way to the directory lead to what the account itself reaches. The right to mount is gone before a request is read.
use strict;
use warnings;
my ($home, $directory, $path) = @ARGV;
# Numbers of system calls (lib/architectures.ts).
my ($unshare, $mount) = (UNSHARE, MOUNT);
my ($newNamespace, $bind, $private) = (0x20000, 4096, 0x4000 | 0x40000);

my $served = $home;
if (!-d $directory) {
  # Whoever asks is told 404, and this process ends as soon as the directory is there, however many requests come.
  print STDERR "the directory $directory is not there: make it, or give the user another one\n";
  $served = '/tmp/nothing';
  if (!(fork // 1)) { sleep 1 until -d $directory; kill 'INT', 1; exit }
} elsif ($directory ne $home) {
  syscall($unshare, $newNamespace) == 0 or die "unshare: $!\n";
  my ($none, $root) = ('none', '/');
  syscall($mount, $none, $root, $none, $private, 0) == 0 or die "cannot make mounts private: $!\n";
  syscall($mount, $directory, $home, $none, $bind, 0) == 0 or die "$directory: $!\n";
  # lighttpd looks for symlinks when it sends files, and not when it writes, lists or deletes: here nobody follows one (mount(2)).
  my ($remount, $nosuid, $nodev, $nosymfollow) = (32, 2, 4, 256);
  syscall($mount, $none, $home, $none, $bind | $remount | $nosuid | $nodev | $nosymfollow, 0) == 0 or die "cannot mount without symlinks: $!\n";
}
chdir '/' or die "/: $!\n";
# This process is the first of its PID namespace; LISTEN_PID as systemd set it is the number outside.
@ENV{qw(LISTEN_PID FAIRHOST_HOME FAIRHOST_PATH)} = (1, $served, $path);
exec '/usr/bin/setpriv', '--inh-caps=-all', '--ambient-caps=-all', '--', '/usr/sbin/lighttpd', '-D', '-i', '600', '-f', '/etc/lighttpd/lighttpd.conf';
die "setpriv: $!\n";
