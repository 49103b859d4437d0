//go:build ignore

/* The real root's /sbin/init in the catalogue of faults: says from which file system it runs, leaves that line in
 * /reached where root can be written, and powers off. Build: cc -O2 -static.
 *   at       seconds since the kernel started
 *   marker   what /marker holds
 *   mounts   how often the device of / is mounted
 *   source, type, mount, super: of / as mountinfo has them
 *   usr      what /usr/marker holds
 *   checked  the files fsck-root and fsck-usr of /run/initramfs that are there
 *   report   whether the report of a failed boot was handed over */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static void read_word(const char *path, char *to, int size) {
  FILE *f = fopen(path, "r");
  if (!f || !fgets(to, size, f)) strcpy(to, "-");
  to[strcspn(to, " \n")] = 0;
  if (f) fclose(f);
}

int main(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  char marker[64], usr[64], line[1024], dev[32] = "", source[128] = "-", type[32] = "-", options[128] = "-", super[512] = "-";
  mount("proc", "/proc", "proc", 0, 0);
  read_word("/marker", marker, sizeof marker);
  read_word("/usr/marker", usr, sizeof usr);
  int mounts = 0;
  for (int pass = 0; pass < 2; pass++) {
    FILE *f = fopen("/proc/self/mountinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
      char d[32], where[256], o[128];
      if (sscanf(line, "%*d %*d %31s %*s %255s %127s", d, where, o) != 3) continue;
      char *rest = strstr(line, " - ");
      if (!pass && !strcmp(where, "/") && rest) {
        strcpy(dev, d);
        strcpy(options, o);
        sscanf(rest, " - %31s %127s %511s", type, source, super);
      }
      if (pass && !strcmp(d, dev)) mounts++;
    }
    if (f) fclose(f);
  }
  char text[2048];
  snprintf(text, sizeof text, "ROOT at=%ld.%06ld marker=%s usr=%s mounts=%d source=%s type=%s mount=%s super=%s checked=%s%s report=%s\n",
           (long)t.tv_sec, t.tv_nsec / 1000, marker, usr, mounts, source, type, options, super,
           access("/run/initramfs/fsck-root", F_OK) ? "" : "root", access("/run/initramfs/fsck-usr", F_OK) ? "" : "+usr",
           access("/run/initramfs/rdsosreport.txt", F_OK) ? "no" : "yes");
  int fd = open("/reached", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0 && write(fd, text, strlen(text)) < 0) return 1;
  if (fd >= 0) syncfs(fd); /* sync would wait for every disk, and one may hang */
  mount("dev", "/dev", "devtmpfs", 0, 0);
  FILE *o = fopen("/dev/console", "w");
  if (!o) o = stdout;
  fprintf(o, "\n%s", text);
  fflush(o);
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
