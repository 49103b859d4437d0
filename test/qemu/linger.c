//go:build ignore

/* The /sbin/init of a root that waits until every other process is gone, at most two minutes, says what the initramfs has left
 * in memory and how many modules are loaded, each at first and then, and powers off. Build: cc -O2 -static. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The processes but this one; kernel threads have no command line. */
static int others(void) {
  int n = 0;
  DIR *d = opendir("/proc");
  for (struct dirent *e; d && (e = readdir(d));) {
    char p[300], b[8];
    if (!isdigit((unsigned char)*e->d_name) || (e->d_name[0] == '1' && !e->d_name[1])) continue;
    snprintf(p, sizeof p, "/proc/%s/cmdline", e->d_name);
    FILE *f = fopen(p, "r");
    if (f && fread(b, 1, sizeof b, f) > 0) n++;
    if (f) fclose(f);
  }
  if (d) closedir(d);
  return n;
}

static long left(void) {
  long v, sum = 0;
  char l[256];
  FILE *m = fopen("/proc/meminfo", "r");
  while (m && fgets(l, sizeof l, m))
    if (sscanf(l, "Unevictable: %ld", &v) == 1 || sscanf(l, "Shmem: %ld", &v) == 1) sum += v;
  if (m) fclose(m);
  return sum;
}

static int modules(void) {
  char l[4096];
  int n = 0;
  FILE *m = fopen("/proc/modules", "r");
  while (m && fgets(l, sizeof l, m)) n++;
  if (m) fclose(m);
  return n;
}

int main(void) {
  long left_first = left();
  int modules_first = modules(), at_first = others(), now = at_first;
  /* A second more than it takes: the file of a program that was unlinked goes after the process. */
  for (int i = 0, gone = 0; i < 1200 && gone < 10; i++) {
    struct timespec t = {0, 100000000};
    nanosleep(&t, 0);
    while (waitpid(-1, 0, WNOHANG) > 0) {}
    now = others();
    gone = now ? 0 : gone + 1;
  }
  printf("\nLINGER %s: left_kB=%ld, %d processes at first\n", now ? "stays" : "gone", left(), at_first);
  printf("LINGER first: left_kB=%ld modules=%d then=%d\n", left_first, modules_first, modules());
  fflush(stdout);
  reboot(RB_POWER_OFF);
  return 0;
}
