//go:build ignore

/* The real root's /sbin/init of the tests of hibernation: counts in a file on a tmpfs, suspends the machine to disk, and counts on
 * when it is resumed. Words of the kernel's command line come in the environment:
 *   HIBERNATE=N   how often to suspend; without it the machine is only switched off
 *   SWAP=DEVICE   the swap device; SWAP=file makes /swapfile and says where its header lies
 * Prints lines that begin with HIB. The boot's id tells a resumed system from a new one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static FILE *out;

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  int n = write(fd, text, strlen(text)), e = errno;
  close(fd);
  errno = e;
  return n < 0 ? -1 : 0;
}

static int say(const char *what, int n) {
  char id[64] = "";
  FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
  if (f && fscanf(f, "%63s", id) == 1) fclose(f);
  return fprintf(out, "\nHIB %s counter=%d id=%s\n", what, n, id), fflush(out);
}

static int count(void) {
  int n = 0;
  FILE *f = fopen("/tmp/counter", "r");
  if (f) { if (fscanf(f, "%d", &n) != 1) n = -1000; fclose(f); }
  f = fopen("/tmp/counter", "w");
  fprintf(f, "%d\n", ++n);
  fclose(f);
  return n;
}

/* swapfile makes a file with the header of a swap area (include/linux/swap.h) and tells the kernel where it lies. */
static int swapfile(const char *path) {
  const long size = 128 << 20, page = 4096;
  char head[4096] = "", text[64];
  unsigned version = 1, last = size / page - 1;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), block = 0, bs = 0;
  memcpy(head + 1024, &version, 4);
  memcpy(head + 1028, &last, 4);
  memcpy(head + page - 10, "SWAPSPACE2", 10);
  if (fd < 0 || posix_fallocate(fd, 0, size) || pwrite(fd, head, page, 0) != page || fsync(fd)) return -1;
  if (ioctl(fd, FIBMAP, &block) || ioctl(fd, FIGETBSZ, &bs) || block == 0 || bs != page) return -1;
  struct stat st;
  if (fstat(fd, &st)) return -1;
  close(fd);
  snprintf(text, sizeof text, "%d", block);
  put("/sys/power/resume_offset", text);
  fprintf(out, "\nHIB offset=%d\n", block);
  snprintf(text, sizeof text, "%u:%u", major(st.st_dev), minor(st.st_dev));
  put("/sys/power/resume", text);
  return 0;
}

int main(void) {
  const char *times = getenv("HIBERNATE"), *swap = getenv("SWAP");
  mount("proc", "/proc", "proc", 0, 0);
  mount("sys", "/sys", "sysfs", 0, 0);
  mount("tmp", "/tmp", "tmpfs", 0, 0);
  out = fopen("/dev/console", "w");
  if (!out) return 1;
  say("begins", count());
  if (times && swap && !strcmp(swap, "file")) {
    swap = "/swapfile";
    if (swapfile(swap)) fprintf(out, "HIB no swap file: %m\n");
  }
  if (times && swapon(swap, 0)) fprintf(out, "HIB swapon: %m\n");
  put("/sys/power/disk", "shutdown");
  for (int i = times ? atoi(times) : 0; i > 0; i--) {
    say("suspends", count());
    sync();
    if (put("/sys/power/state", "disk")) { fprintf(out, "HIB state: %m\n"); break; }
    say("resumed", count());
  }
  say("ends", count());
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
