//go:build ignore

/* The real root's /sbin/init of a measured boot: says when it was reached and what it was handed, then
 * leaves the file /reached and powers off. Times are the kernel log's clock: from its "Run /init as init process" to a line that this
 * program writes first of all. Build: cc -O2 -static -o rootfs/sbin/init rootinit.c
 * Prints lines that begin with BENCH:
 *   init_s   seconds from "Run /init" to here        total_s  seconds from the kernel's start to here
 *   left_kB  Unevictable + Shmem of /proc/meminfo: what the initramfs left in memory
 *   fds, processes (kernel threads apart), argv and environment as handed over
 *   CapBnd   the bounding set of capabilities, from /proc/self/status
 *   span     the lines of the timeline that preroot left, one each
 * After them the program /sbin/facts of the root has its say, if there is one. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;

int main(int argc, char **argv) {
  int k = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (k < 0) { mount("dev", "/dev", "devtmpfs", 0, 0); k = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC); }
  if (write(k, "<7>BENCH here\n", 14) < 0) return 1;
  int fds = 0;
  mount("proc", "/proc", "proc", 0, 0);
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) fds++;
  if (d) { fds -= 4; closedir(d); } /* ".", "..", the folder itself, kmsg */
  int procs = 0;
  d = opendir("/proc");
  for (struct dirent *e; d && (e = readdir(d));) {
    char p[300], b[64]; int fd; ssize_t n;
    if (!isdigit((unsigned char)*e->d_name)) continue;
    snprintf(p, sizeof p, "/proc/%s/cmdline", e->d_name);
    if ((fd = open(p, O_RDONLY)) < 0) continue;
    n = read(fd, b, sizeof b); /* empty for kernel threads */
    if (n > 0) procs++;
    close(fd);
  }
  double run = -1, here = -1; char b[8192]; ssize_t n;
  while ((n = read(k, b, sizeof b - 1)) > 0) {
    unsigned p; unsigned long long s, us; b[n] = 0;
    if (sscanf(b, "%u,%llu,%llu", &p, &s, &us) != 3) continue;
    if (strstr(b, ";Run /init as init process")) run = us / 1e6;
    if (strstr(b, ";BENCH here")) here = us / 1e6;
  }
  long v, left = 0; char l[256];
  FILE *m = fopen("/proc/meminfo", "r");
  while (m && fgets(l, sizeof l, m))
    if (sscanf(l, "Unevictable: %ld", &v) == 1 || sscanf(l, "Shmem: %ld", &v) == 1) left += v;
  /* For boots without a console; before the first word, which a stalled line may hold for ever. */
  close(open("/reached", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)); /* for boots without a console */
  sync();
  FILE *o = fopen("/dev/console", "w");
  if (!o) o = stdout;
  fprintf(o, "\nBENCH init_s=%.6f total_s=%.6f left_kB=%ld fds=%d processes=%d\n", here - run, here, left, fds, procs);
  fprintf(o, "BENCH argv");
  for (int i = 0; i < argc; i++) fprintf(o, " [%s]", argv[i]);
  fprintf(o, "\n");
  for (char **e = environ; *e; e++) fprintf(o, "BENCH env %s\n", *e);
  FILE *c = fopen("/proc/self/status", "r");
  while (c && fgets(l, sizeof l, c))
    if (strncmp(l, "CapBnd:", 7) == 0) fprintf(o, "BENCH %s", l);
  FILE *t = fopen("/run/initramfs/preroot/timeline", "r");
  while (t && fgets(l, sizeof l, t)) fprintf(o, "BENCH span %s", l);
  fflush(o);
  pid_t facts = access("/sbin/facts", X_OK) == 0 ? fork() : -1;
  if (facts == 0) {
    dup2(fileno(o), 1);
    dup2(fileno(o), 2);
    execl("/sbin/facts", "/sbin/facts", (char *)0);
    _exit(127);
  }
  if (facts > 0) waitpid(facts, 0, 0);
  fprintf(o, "BENCH done\n");
  fflush(o);
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
