//go:build ignore

/* The init of every root that a case can end on: says what the real system finds, one fact a line, and powers off. It is static and reads /proc and
 * /sys alone, so it is the same on every kernel. It says
 *   FACT pid N                              and FACT argv, FACT env: what it was started with
 *   FACT root DISK TYPE DEVICE rw|ro        DISK is what /etc/disk of the root says
 *   FACT initrd none | DEVICE NAME...       the directory /initrd, what it lies on and what is in it
 *   FACT mount TARGET TYPE DEVICE           each other mount that was there before its own
 *   FACT process NAME root DEVICE exe DEVICE   each process that is rooted elsewhere or runs from elsewhere
 *   FACT real-root-dev N                    what /proc/sys/kernel has of that name
 *   FACT brd there | gone                   whether there is a RAM disk
 *   FACT left N, FACT memfree N             kB of Unevictable + Shmem, and of MemFree (with the lists of the CPUs), clean caches dropped
 *   FACT umount-initrd okay | TEXT          last of all: whether /initrd can be unmounted, where it is a mount
 * DEVICE is the kernel's name of a block device, the source of a mount without one. Build: cc -O2 -static -o init init.c */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
extern char **environ;

/* device is the name of a block device, in one of a few buffers that are used in turn. */
static const char *device(unsigned maj, unsigned min, const char *fallback) {
  static char names[4][256];
  static int turn;
  char path[64], link[256], *name = names[turn++ % 4];
  snprintf(path, sizeof path, "/sys/dev/block/%u:%u", maj, min);
  ssize_t n = readlink(path, link, sizeof link - 1);
  if (n <= 0) return fallback;
  link[n] = 0;
  snprintf(name, sizeof names[0], "%s", strrchr(link, '/') ? strrchr(link, '/') + 1 : link);
  return name;
}

static const char *device_of(const struct stat *s) { return device(major(s->st_dev), minor(s->st_dev), "none"); }

/* line reads the first line of a file. */
static char *line(const char *path, char *buf, int size) {
  FILE *f = fopen(path, "r");
  if (!f || !fgets(buf, size, f)) strcpy(buf, "-");
  if (f) fclose(f);
  buf[strcspn(buf, "\n")] = 0;
  return buf;
}

/* mounts says what mountinfo said before anything was mounted here. */
static void mounts(char *info, int own_proc) {
  char disk[64];
  for (char *save, *l = strtok_r(info, "\n", &save); l; l = strtok_r(0, "\n", &save)) {
    unsigned maj, min;
    char target[256], opts[256], type[64], source[256], *rest = strstr(l, " - ");
    if (sscanf(l, "%*d %*d %u:%u %*s %255s %255s", &maj, &min, target, opts) != 4 || !rest) continue;
    if (sscanf(rest, " - %63s %255s", type, source) != 2) continue;
    const char *on = device(maj, min, source);
    if (!strcmp(target, "/")) printf("FACT root %s %s %s %.2s\n", line("/etc/disk", disk, sizeof disk), type, on, opts);
    else if (!(own_proc && !strcmp(target, "/proc"))) printf("FACT mount %s %s %s\n", target, type, on);
  }
}

static int visible(const struct dirent *e) { return *e->d_name != '.' && strcmp(e->d_name, "lost+found"); }

static void initrd(void) {
  struct stat s;
  struct dirent **list;
  if (lstat("/initrd", &s)) { printf("FACT initrd none\n"); return; }
  printf("FACT initrd %s", device_of(&s));
  int n = scandir("/initrd", &list, visible, alphasort);
  for (int i = 0; i < n; i++) printf(" %s", list[i]->d_name);
  printf("\n");
}

/* processes says who is rooted elsewhere, or runs a file from elsewhere; kernel threads run none. */
static void processes(void) {
  struct stat here, root, exe;
  char path[300], name[64];
  stat("/", &here);
  DIR *d = opendir("/proc");
  for (struct dirent *e; d && (e = readdir(d));) {
    if (!isdigit((unsigned char)*e->d_name)) continue;
    snprintf(path, sizeof path, "/proc/%s/exe", e->d_name);
    if (stat(path, &exe)) continue;
    snprintf(path, sizeof path, "/proc/%s/root", e->d_name);
    if (stat(path, &root)) continue;
    if (root.st_dev == here.st_dev && exe.st_dev == here.st_dev) continue;
    snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
    printf("FACT process %s root %s exe %s\n", line(path, name, sizeof name), device_of(&root), device_of(&exe));
  }
  if (d) closedir(d);
}

/* waiting is the free memory, in kB, that lies in lists of the CPUs: the kernel does not count it as free, and pages that were freed just now are there. */
static long waiting(void) {
  long pages = 0, v;
  char l[256];
  FILE *f = fopen("/proc/zoneinfo", "r");
  while (f && fgets(l, sizeof l, f))
    if (sscanf(l, " count: %ld", &v) == 1) pages += v;
  if (f) fclose(f);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void memory(void) {
  long v, left = 0, free = 0;
  char l[256];
  sync();
  int f = open("/proc/sys/vm/drop_caches", O_WRONLY);
  if (f >= 0 && write(f, "3\n", 2) < 0) perror("drop_caches");
  close(f);
  FILE *m = fopen("/proc/meminfo", "r");
  while (m && fgets(l, sizeof l, m)) {
    if (sscanf(l, "MemFree: %ld", &v) == 1) free = v;
    if (sscanf(l, "Unevictable: %ld", &v) == 1 || sscanf(l, "Shmem: %ld", &v) == 1) left += v;
  }
  if (m) fclose(m);
  printf("FACT left %ld\nFACT memfree %ld\n", left, free + waiting());
}

/* leave unmounts /initrd, as the real system would. */
static void leave(void) {
  struct stat up, s;
  if (stat("/", &up) || stat("/initrd", &s) || up.st_dev == s.st_dev) return;
  printf("FACT umount-initrd %s\n", umount("/initrd") ? strerror(errno) : "okay");
}

int main(int argc, char **argv) {
  static char info[65536];
  char l[256];
  setvbuf(stdout, 0, _IOLBF, 0);
  int own_proc = access("/proc/self/mountinfo", F_OK) != 0 && !mount("proc", "/proc", "proc", 0, 0);
  FILE *f = fopen("/proc/sys/kernel/printk", "w"); /* no message of the kernel between the lines */
  if (f) { fprintf(f, "1\n"); fclose(f); }
  int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  for (ssize_t have = 0, n; (n = read(fd, info + have, sizeof info - 1 - have)) > 0;) have += n;
  close(fd);
  if (access("/sys/dev/block", F_OK)) mount("sysfs", "/sys", "sysfs", 0, 0);
  printf("\nFACT pid %d\nFACT argv", getpid());
  for (int i = 0; i < argc; i++) printf(" [%s]", argv[i]);
  printf("\n");
  for (char **e = environ; *e; e++) printf("FACT env %s\n", *e);
  mounts(info, own_proc);
  initrd();
  processes();
  printf("FACT real-root-dev %s\n", line("/proc/sys/kernel/real-root-dev", l, sizeof l));
  printf("FACT brd %s\n", access("/sys/block/ram0", F_OK) ? "gone" : "there");
  memory();
  leave();
  printf("FACT end\n");
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
