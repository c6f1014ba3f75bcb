#!/usr/bin/perl
# Gives a session's standard input and output to the program that serves the user's files at SOCKET (run-sftp.pl), and ends when that has ended. So no
# process stands between the SSH server and that program: each octet of a file would pass it.
#   bring-session SOCKET
use strict;
use warnings;
use Socket;
# Number of the system call (lib/architectures.ts).
my $sendmsg = SENDMSG;
my ($path) = @ARGV;

socket my $server, PF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
# The name of this end says who the user is.
my $name = "/tmp/$ENV{LOGNAME}.$$";
bind $server, pack_sockaddr_un($name) or die "$name: $!\n";
connect $server, pack_sockaddr_un($path) or die "$path: $!\n";
unlink $name;
# unix(7), cmsg(3): one octet, with descriptors 0 and 1.
my $octet = '.';
my $part = pack 'P Q', $octet, 1;
my $rights = pack 'Q l4', 24, SOL_SOCKET, SCM_RIGHTS, 0, 1;
my $message = pack 'Q L x4 P Q P Q l x4', 0, 0, $part, 1, $rights, length $rights, 0;
syscall($sendmsg, fileno $server, $message, 0) == 1 or die "sendmsg: $!\n";
close STDIN;
close STDOUT;
sysread $server, $octet, 1;
