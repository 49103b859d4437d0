//go:build ignore

/* The /sbin/init of a root that is asked what it was handed: prints the state of PID 1, one line each, and
 * powers off. Values that differ from boot to boot are left out. Build: cc -O2 -static. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
extern char **environ;

static FILE *out;

/* Prints the lines of a file, those that begin with one of the words where any are given. */
static void file(const char *path, const char *words) {
  char l[1024];
  FILE *f = fopen(path, "r");
  while (f && fgets(l, sizeof l, f)) {
    char key[128] = " ";
    sscanf(l, "%62[^:\n]", key + 1);
    strcat(key, " ");
    l[strcspn(l, "\n")] = 0;
    if (!words || strstr(words, key)) fprintf(out, "STATE %s = %s\n", path, l);
  }
  if (f) fclose(f);
}

int main(void) {
  struct sigaction a;
  mount("proc", "/proc", "proc", 0, 0);
  mkdir("/dev", 0755);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  mode_t mask = umask(0);
  char cwd[256] = "";
  if (!getcwd(cwd, sizeof cwd)) strcpy(cwd, "?");
  int fds[64], n = 0;
  DIR *d = opendir("/proc/self/fd");
  for (struct dirent *e; d && (e = readdir(d));)
    if (isdigit((unsigned char)*e->d_name) && n < 64) {
      int fd = 0;
      sscanf(e->d_name, "%d", &fd);
      if (fd != dirfd(d)) fds[n++] = fd;
    }
  if (d) closedir(d);
  out = fopen("/dev/console", "w");
  if (!out) out = stdout;
  fprintf(out, "\n");
  file("/proc/1/status", " Umask  State  Tgid  Pid  PPid  TracerPid  Uid  Gid  FDSize  Groups  NStgid  Threads  SigPnd  ShdPnd  SigBlk  SigIgn  SigCgt  CapInh  CapPrm  CapEff  CapBnd  CapAmb  NoNewPrivs  Seccomp ");
  file("/proc/1/limits", 0);
  file("/proc/1/oom_score_adj", 0);
  file("/proc/1/cgroup", 0);
  file("/proc/1/timerslack_ns", 0);
  for (char **e = environ; *e; e++) fprintf(out, "STATE environ: %s\n", *e);
  for (int i = 0; i < n; i++) {
    char p[64], t[256] = "";
    snprintf(p, sizeof p, "/proc/self/fd/%d", fds[i]);
    if (readlink(p, t, sizeof t - 1) < 0) strcpy(t, "?");
    fprintf(out, "STATE fd: %d %s\n", fds[i], t);
  }
  for (int s = 1; s <= 64; s++)
    if (!sigaction(s, 0, &a) && a.sa_handler != SIG_DFL) fprintf(out, "STATE signal: %d not default\n", s);
  fprintf(out, "STATE self: umask %o cwd %s session %d group %d dumpable %d\n", mask, cwd, getsid(0), getpgrp(), prctl(PR_GET_DUMPABLE));
  const char *sysctls[] = {"kernel/printk", "kernel/printk_devkmsg", "kernel/ctrl-alt-del", "kernel/core_pattern", "kernel/sysrq", "kernel/panic",
                           "kernel/modprobe", "kernel/hotplug", "fs/suid_dumpable", "vm/overcommit_memory", 0};
  for (int i = 0; sysctls[i]; i++) {
    char p[128];
    snprintf(p, sizeof p, "/proc/sys/%s", sysctls[i]);
    file(p, 0);
  }
  fprintf(out, "STATE done\n");
  fflush(out);
  sync();
  reboot(RB_POWER_OFF);
  return 0;
}
