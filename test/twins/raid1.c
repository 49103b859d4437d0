//go:build ignore

/* An init that makes a btrfs over two disks of the one that it was started from: adds the second disk, turns
 * everything into raid1, and powers off. mkfs.btrfs fills a file system over one device only.
 * Build: cc -O2 -static -o raid1 raid1.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void) {
  int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  FILE *o = fopen("/dev/console", "w");
  struct btrfs_ioctl_vol_args add = {.name = "/dev/vdb"};
  struct btrfs_ioctl_balance_args all = {.flags = BTRFS_BALANCE_DATA | BTRFS_BALANCE_METADATA | BTRFS_BALANCE_SYSTEM | BTRFS_BALANCE_FORCE};
  struct btrfs_balance_args to = {.flags = BTRFS_BALANCE_ARGS_CONVERT, .target = BTRFS_BLOCK_GROUP_RAID1};
  all.data = all.meta = all.sys = to;
  int bad = ioctl(root, BTRFS_IOC_ADD_DEV, &add) ? errno : ioctl(root, BTRFS_IOC_BALANCE_V2, &all) ? errno : 0;
  fprintf(o ? o : stdout, "\nRAID1 %s\n", bad ? strerror(bad) : "made");
  fflush(0);
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
