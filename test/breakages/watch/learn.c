// learn is the first program of a boot that shows which files of its image it opens. It starts a watcher, and becomes the image's own /init.
//
// The watcher asks fanotify(7) for every file that is opened or executed in the root file system of the kernel (rootfs), and looks
// ten times a second at which symbolic links were followed (their access time; rootfs keeps it strictly). It writes a line "OPENED
// PATH" for each, once, to the first serial line. It lives in a mount namespace of its own, and its name begins with @, so
// neither inits nor the switch of root touch it. Built static: cc -O2 -static.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int serial;

struct known { char *path; struct timespec atime; int said; struct known *next; };
static struct known *table[65536];

static struct known *find(const char *path) {
  unsigned h = 5381;
  for (const char *p = path; *p; p++) h = h * 33 + (unsigned char)*p;
  struct known **k = &table[h % 65536];
  while (*k && strcmp((*k)->path, path)) k = &(*k)->next;
  if (!*k) {
    *k = calloc(1, sizeof **k);
    (*k)->path = strdup(path);
  }
  return *k;
}

static void say(const char *path) {
  struct known *k = find(path);
  if (k->said) return;
  k->said = 1;
  char line[5000];
  int n = snprintf(line, sizeof line, "\nOPENED %s\n", path);
  for (int at = 0; at < n;) {
    ssize_t w = write(serial, line + at, n - at);
    if (w <= 0) break;
    at += w;
  }
}

static int remember(const char *path, const struct stat *st, int type, struct FTW *f) {
  (void)f;
  if (type == FTW_SL || type == FTW_SLN) find(path)->atime = st->st_atim;
  return 0;
}

static void links(void) {
  struct stat st;
  for (int i = 0; i < 65536; i++)
    for (struct known *k = table[i]; k; k = k->next)
      if (k->atime.tv_sec && !k->said && lstat(k->path, &st) == 0 && S_ISLNK(st.st_mode) &&
          (st.st_atim.tv_sec != k->atime.tv_sec || st.st_atim.tv_nsec != k->atime.tv_nsec))
        say(k->path);
}

static void watch(void) {
  setsid();
  prctl(PR_SET_NAME, "@learn");
  unshare(CLONE_NEWNS);
  mkdir("/.learn", 0700);
  mount("proc", "/.learn", "proc", 0, 0);
  int fan = fanotify_init(FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_NOATIME | O_LARGEFILE);
  if (fan < 0 || fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN | FAN_OPEN_EXEC, AT_FDCWD, "/") < 0) {
    dprintf(serial, "\nLEARN failed: %s\n", strerror(errno));
    _exit(1);
  }
  static char buffer[65536] __attribute__((aligned(8)));
  char proc[64], path[4096];
  for (;;) {
    struct pollfd p = {fan, POLLIN, 0};
    poll(&p, 1, 20);
    ssize_t n = read(fan, buffer, sizeof buffer);
    links();
    struct fanotify_event_metadata *m = (void *)buffer;
    for (; n > 0 && FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
      if (m->fd < 0) continue;
      struct stat st;
      snprintf(proc, sizeof proc, "/.learn/self/fd/%d", m->fd);
      ssize_t l = readlink(proc, path, sizeof path - 1);
      if (l > 0 && fstat(m->fd, &st) == 0 && S_ISREG(st.st_mode)) {
        path[l] = 0;
        say(path);
      }
      close(m->fd);
    }
  }
}

int main(int argc, char **argv, char **env) {
  (void)argc;
  mkdir("/dev", 0755);
  mknod("/.serial", S_IFCHR | 0600, makedev(4, 64));
  serial = open("/.serial", O_RDWR | O_NOCTTY | O_CLOEXEC);
  unlink("/.serial");
  nftw("/", remember, 32, FTW_PHYS | FTW_MOUNT);
  if (fork() == 0) {
    if (fork() == 0) {
      // The name of the process in its argv, which inits look at.
      if (argv[1] == 0 || strcmp(argv[1], "watch")) {
        memset(argv[0], 0, strlen(argv[0]));
        strcpy(argv[0], "@l");
      }
      watch();
    }
    _exit(0);
  }
  wait(0);
  struct timespec t = {0, 500000000};
  nanosleep(&t, 0);
  argv[0] = "/init";
  execve("/init", argv, env);
  dprintf(serial, "\nLEARN cannot start /init: %s\n", strerror(errno));
  return 1;
}
