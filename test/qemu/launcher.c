//go:build ignore

/* A PID 1 before PID 1: started as rdinit=/launcher, it forks a child that does what /launcher.conf says, and
 * executes /init in its own place. So a test can send a signal, kill the engine or close descriptors, and
 * /init needs no switch for tests. Build: cc -O2 -static -o launcher launcher.c
 *
 * /launcher.conf, one order a line. Orders to PID 1 itself, done before it executes /init:
 *   close-fds             close descriptors 0, 1 and 2
 *   fill N                write N lines of 100 bytes to the kernel log
 *   insmod PATH [WORDS]   load a module, with its parameters
 *   arm                   start the first hardware watchdog and leave it running
 *   overlay               make an overlay of the initramfs the root of /init
 *   files N               make N files in /many
 *   mounts first N        let the kernel take N mounts and no more (rootfs and /proc are two)
 *   shared                make every mount shared
 *   stray                 mount a tmpfs with one file on /stray
 * Orders to the child, done in this sequence; each is told to the kernel log when done ("launcher: ..."):
 *   ms N                  let N milliseconds pass
 *   kmsg TEXT             wait until the kernel log holds TEXT (from now on or before)
 *   engine                wait until PID 1 has a child that is not this one
 *   blocked SYSCALL       wait until a thread of that child is in that system call (its number) for 200 ms on end
 *   kill-engine SIGNAL    send a signal to that child of PID 1
 *   mounts N              the same, later
 *   cat PATH              tell the first line of a file
 *   signal SIGNAL         send a signal to PID 1
 *   signals ROUNDS SKIP   send every signal from 1 to 64 but SKIP (0 for none) to PID 1, ROUNDS times, one every
 *                         half millisecond
 * The child's argv[0] starts with '@': it lives on when the processes of the initramfs are killed. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static int kmsg = -1;

static void say(const char *form, ...) {
  char b[512] = "<5>launcher: ";
  va_list a;
  va_start(a, form);
  vsnprintf(b + strlen(b), sizeof b - strlen(b), form, a);
  va_end(a);
  if (write(kmsg, b, strlen(b)) < 0) _exit(1);
}

static void nap_us(long us) {
  struct timespec t = {us / 1000000, us % 1000000 * 1000};
  nanosleep(&t, 0);
}

static void await_kmsg(const char *text) {
  char b[8192];
  int k = open("/kmsg-launcher", O_RDONLY | O_CLOEXEC);
  for (ssize_t n;;) {
    n = read(k, b, sizeof b - 1);
    if (n < 0 && errno == EPIPE) continue;
    if (n <= 0) break;
    b[n] = 0;
    if (strstr(b, text) && !strstr(b, "launcher: ")) break;
  }
  close(k);
}

/* The parent of a process, by /proc/PID/stat; -1 if it is gone. */
static int parent(int pid) {
  char p[64], b[512], *e; int fd, pp; ssize_t n; char st;
  snprintf(p, sizeof p, "/proc/%d/stat", pid);
  if ((fd = open(p, O_RDONLY | O_CLOEXEC)) < 0) return -1;
  n = read(fd, b, sizeof b - 1);
  close(fd);
  if (n <= 0) return -1;
  b[n] = 0;
  e = strrchr(b, ')');
  if (!e || sscanf(e + 1, " %c %d", &st, &pp) != 2 || st == 'Z') return -1;
  return pp;
}

/* The engine: the child of PID 1 that is not this process. 0 if there is none. */
static int engine(void) {
  DIR *d = opendir("/proc");
  int found = 0;
  for (struct dirent *e; d && !found && (e = readdir(d));) {
    int pid = atoi(e->d_name);
    if (pid > 1 && pid != getpid() && parent(pid) == 1) found = pid;
  }
  if (d) closedir(d);
  return found;
}

/* Whether a thread of the engine is in the system call now. */
static int in_syscall(long nr) {
  char p[64]; DIR *d; int pid = engine(), yes = 0;
  if (!pid) return 0;
  snprintf(p, sizeof p, "/proc/%d/task", pid);
  d = opendir(p);
  for (struct dirent *e; d && (e = readdir(d));) {
    char q[400], b[64]; int fd; ssize_t n;
    if (!isdigit((unsigned char)*e->d_name)) continue;
    snprintf(q, sizeof q, "%s/%s/syscall", p, e->d_name);
    if ((fd = open(q, O_RDONLY | O_CLOEXEC)) < 0) continue;
    n = read(fd, b, sizeof b - 1);
    close(fd);
    if (n > 0) { b[n] = 0; if (isdigit((unsigned char)*b) && atol(b) == nr) yes = 1; }
  }
  if (d) closedir(d);
  return yes;
}

static void await_blocked(long nr) {
  for (int held = 0; held < 20; nap_us(10000)) held = in_syscall(nr) ? held + 1 : 0;
}

static void signals(int rounds, int skip) {
  int sent = 0;
  for (int r = 0; r < rounds; r++)
    for (int s = 1; s <= 64; s++) {
      if (s == skip) continue;
      if (!kill(1, s)) sent++;
      nap_us(500);
    }
  say("%d signals sent in %d rounds", sent, rounds);
}

static void cat(const char *path) {
  char b[200];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, b, sizeof b - 1);
  close(fd);
  b[n < 0 ? 0 : n] = 0;
  b[strcspn(b, "\n")] = 0;
  say("%s holds %s", path, n < 0 ? strerror(errno) : b);
}

static void insmod(char *path) {
  char *words = strchr(path, ' ');
  if (words) *words++ = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || syscall(SYS_finit_module, fd, words ? words : "", 0)) say("insmod %s: %s", path, strerror(errno));
  close(fd);
}

static void arm(void) {
  mknod("/watchdog-launcher", S_IFCHR | 0600, makedev(10, 130));
  int fd = open("/watchdog-launcher", O_WRONLY | O_CLOEXEC);
  if (fd < 0) say("arm: %s", strerror(errno));
  close(fd);
}

static void overlay(void) {
  mkdir("/over", 0755);
  if (mount("tmpfs", "/over", "tmpfs", 0, 0)) say("tmpfs: %s", strerror(errno));
  mkdir("/over/upper", 0755);
  mkdir("/over/work", 0755);
  mkdir("/over/root", 0755);
  if (mount("overlay", "/over/root", "overlay", 0, "lowerdir=/,upperdir=/over/upper,workdir=/over/work")) say("overlay: %s", strerror(errno));
  if (chroot("/over/root") || chdir("/")) say("chroot: %s", strerror(errno));
}

static void files(int n) {
  char p[64];
  mkdir("/many", 0755);
  for (int i = 0; i < n; i++) {
    snprintf(p, sizeof p, "/many/%d", i);
    mknod(p, S_IFREG | 0644, 0);
  }
}

static void stray(void) {
  mkdir("/stray", 0755);
  if (mount("tmpfs", "/stray", "tmpfs", 0, 0) || mknod("/stray/file", S_IFREG | 0644, 0)) say("stray: %s", strerror(errno));
}

static void mounts(const char *n) {
  mkdir("/proc", 0555);
  if (access("/proc/sys", F_OK)) mount("proc", "/proc", "proc", 0, 0);
  int fd = open("/proc/sys/fs/mount-max", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, n, strlen(n)) < 0) say("mounts: %s", strerror(errno));
  close(fd);
}

/* Orders to PID 1 itself; 1 if the line is one. */
static int obey_first(char *line) {
  int n;
  if (!strcmp(line, "close-fds")) for (int i = 0; i < 3; i++) close(i);
  else if (sscanf(line, "fill %d", &n) == 1) for (int i = 0; i < n; i++) say("%087d", i);
  else if (!strncmp(line, "insmod ", 7)) insmod(line + 7);
  else if (!strcmp(line, "arm")) arm();
  else if (!strcmp(line, "overlay")) overlay();
  else if (sscanf(line, "files %d", &n) == 1) files(n);
  else if (!strcmp(line, "stray")) stray();
  else if (sscanf(line, "mounts first %d", &n) == 1) mounts(line + 13);
  else if (!strcmp(line, "shared")) { if (mount("", "/", "", MS_REC | MS_SHARED, 0)) say("shared: %s", strerror(errno)); }
  else return 0;
  return 1;
}

static int is_first(const char *line) {
  static const char *words[] = {"close-fds", "fill ", "insmod ", "arm", "overlay", "files ", "stray", "shared", "mounts first ", 0};
  for (int i = 0; words[i]; i++)
    if (!strncmp(line, words[i], strlen(words[i]))) return 1;
  return 0;
}

static void obey(char *line) {
  int a = 0, b = 0, pid;
  if (sscanf(line, "ms %d", &a) == 1) nap_us(a * 1000L);
  else if (!strncmp(line, "kmsg ", 5)) await_kmsg(line + 5);
  else if (!strcmp(line, "engine")) while (!engine()) nap_us(1000);
  else if (sscanf(line, "blocked %d", &a) == 1) await_blocked(a);
  else if (sscanf(line, "kill-engine %d", &a) == 1) {
    pid = engine();
    if (!pid || kill(pid, a)) { say("no engine to kill"); return; }
  } else if (sscanf(line, "signals %d %d", &a, &b) == 2) { signals(a, b); return; }
  else if (sscanf(line, "signal %d", &a) == 1) kill(1, a);
  else if (!strncmp(line, "cat ", 4)) { cat(line + 4); return; }
  else if (is_first(line)) return;
  else if (!strncmp(line, "mounts ", 7)) mounts(line + 7);
  else if (*line) { say("order not understood: %s", line); return; }
  say("done: %s", line);
}

int main(int argc, char **argv) {
  char text[4096] = "", *child[] = {"@launcher", "child", 0};
  int fd = open("/launcher.conf", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && read(fd, text, sizeof text - 1) < 0) return 1;
  close(fd);
  mknod("/kmsg-launcher", S_IFCHR | 0600, makedev(1, 11));
  kmsg = open("/kmsg-launcher", O_WRONLY | O_CLOEXEC);
  if (argc > 1 && !strcmp(argv[0], "@launcher")) {
    for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) obey(line);
    return 0;
  }
  if (!fork()) { execv("/launcher", child); _exit(1); }
  for (char *line = strtok(text, "\n"); line; line = strtok(0, "\n")) obey_first(line);
  argv[0] = "/init";
  execv("/init", argv);
  say("cannot execute /init: %s", strerror(errno));
  return 1;
}
