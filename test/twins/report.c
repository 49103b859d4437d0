//go:build ignore

/* The real root's /sbin/init of test/twins: says which of the twins it was started from, waits until every disk of
 * the test has come, and then copies to the console what the kernel log has about the order of things. /marker holds the
 * name of the disk image and the number of disks. Build: cc -O2 -static -o report report.c
 * Prints lines that begin with TWINS:
 *   marker NAME               the content of the root
 *   device NAME               the kernel's name of the disk that it lies on
 *   mounts N                  how often a file system is mounted on /
 *   log MICROSECONDS TEXT     records of the kernel log that name a disk's uevent, the hand-over or this program, in the log's order */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static int disks(void) {
  int n = 0;
  DIR *d = opendir("/sys/block");
  for (struct dirent *e; d && (e = readdir(d));)
    if (!strncmp(e->d_name, "vd", 2) || !strncmp(e->d_name, "sd", 2)) n++;
  if (d) closedir(d);
  return n;
}

static void nap_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, 0);
}

static int mounts(void) {
  char l[4096], at[4096];
  int n = 0;
  FILE *f = fopen("/proc/self/mountinfo", "r");
  while (f && fgets(l, sizeof l, f))
    if (sscanf(l, "%*d %*d %*s %*s %4095s", at) == 1 && !strcmp(at, "/") && !strstr(l, " - rootfs ")) n++;
  if (f) fclose(f);
  return n;
}

/* device says which disk / lies on. */
static void device(FILE *o) {
  char at[64], to[512];
  struct stat st;
  if (stat("/", &st)) return;
  snprintf(at, sizeof at, "/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
  ssize_t n = readlink(at, to, sizeof to - 1);
  if (n < 0) return;
  to[n] = 0;
  fprintf(o, "TWINS device %s\n", strrchr(to, '/') + 1);
}

static int telling(const char *text) {
  return (strstr(text, "kobject_uevent_env") && (strstr(text, "'vd") || strstr(text, "'sd"))) ||
         strstr(text, "switching root") || strstr(text, "TWINS") || strstr(text, "preroot: ");
}

int main(void) {
  int k = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (k < 0) { mount("dev", "/dev", "devtmpfs", 0, 0); k = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC); }
  if (write(k, "<7>TWINS here\n", 14) < 0) return 1;
  char name[64] = "none", b[8192];
  int want = 0;
  FILE *m = fopen("/marker", "r");
  if (m && fscanf(m, "%63s %d", name, &want) != 2) want = 0;
  mount("sys", "/sys", "sysfs", 0, 0);
  mount("proc", "/proc", "proc", 0, 0);
  for (int i = 0; i < 1000 && disks() < want; i++) nap_ms(10);
  nap_ms(200); /* the disk's uevent comes after its directory in /sys */
  FILE *o = fopen("/dev/console", "w");
  if (!o) o = stdout;
  fprintf(o, "\nTWINS marker %s\nTWINS mounts %d\n", name, mounts());
  device(o);
  for (ssize_t n; (n = read(k, b, sizeof b - 1)) > 0;) {
    unsigned p; unsigned long long s, us;
    b[n] = 0;
    char *text = strchr(b, ';'), *end = text ? strchr(text, '\n') : 0;
    if (!end || sscanf(b, "%u,%llu,%llu", &p, &s, &us) != 3) continue;
    *end = 0;
    if (telling(text + 1)) fprintf(o, "TWINS log %llu %s\n", us, text + 1);
  }
  fprintf(o, "TWINS done\n");
  fflush(o);
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
