import type { AppliedHost } from "./applied-host.ts";

/**
 * Puts an account's directory on an ext4 of its own, as it is on a host: in a container all is in memory, so the kernel writes no pages to a disk. Nothing of
 * the account may run.
 */
export async function onOwnDisk({ shell }: Pick<AppliedHost, "shell">, number: number): Promise<void> {
  const own = `/srv/accounts/${number}`;
  await shell(`mknod /dev/loop-control c 10 237; for i in $(seq 0 63); do mknod /dev/loop$i b 7 $i; done
mkdir -p /run/disk && mount -t tmpfs -o size=100M tmpfs /run/disk
truncate -s 64M /run/disk/${number} && mke2fs -q -F -t ext4 -m 0 /run/disk/${number}
mv ${own} ${own}.was && mkdir ${own} && mount -o loop,nosuid,nodev /run/disk/${number} ${own} && rmdir ${own}/lost+found
cp -a ${own}.was/. ${own}/ && rm -r ${own}.was`);
}
