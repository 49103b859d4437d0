//go:build ignore

/* The /linuxrc of case 1: says what it was given, one fact a line, and changes nothing. It is static, mounts nothing and needs nothing of the initrd.
 * Build: cc -O2 -static -o linuxrc linuxrc.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
extern char **environ;

static void descriptors(void) {
  int more = 0;
  for (int fd = 0; fd < 256; fd++) {
    struct stat s;
    if (fstat(fd, &s)) continue;
    if (fd > 2) { more++; continue; }
    static const char *ways[] = {"read", "write", "both"};
    printf("FACT linuxrc fd %d device %u:%u %s\n", fd, major(s.st_rdev), minor(s.st_rdev), ways[fcntl(fd, F_GETFL) & O_ACCMODE]);
  }
  printf("FACT linuxrc fds more %d\n", more);
}

static void root(void) {
  struct stat s;
  stat("/", &s);
  int f = open("/written", O_CREAT | O_WRONLY, 0600);
  printf("FACT linuxrc root device %u:%u written %s\n", major(s.st_dev), minor(s.st_dev), f < 0 ? strerror(errno) : "okay");
}

int main(int argc, char **argv) {
  char cwd[256];
  setvbuf(stdout, 0, _IOLBF, 0);
  printf("\nFACT linuxrc argv");
  for (int i = 0; i < argc; i++) printf(" [%s]", argv[i]);
  printf("\n");
  for (char **e = environ; *e; e++) printf("FACT linuxrc env %s\n", *e);
  printf("FACT linuxrc pid %s\n", getpid() == 1 ? "1" : "another");
  printf("FACT linuxrc uid %d euid %d gid %d\n", getuid(), geteuid(), getgid());
  printf("FACT linuxrc cwd %s\n", getcwd(cwd, sizeof cwd) ? cwd : strerror(errno));
  printf("FACT linuxrc session %s\n", getsid(0) == getpid() ? "its own" : "another's");
  int tty = open("/dev/tty", O_RDWR); /* ENOENT where there is no /dev */
  printf("FACT linuxrc terminal %s\n", tty < 0 ? "none" : "controlling");
  if (tty >= 0) close(tty);
  mode_t mask = umask(022);
  printf("FACT linuxrc umask %03o\n", mask);
  descriptors();
  root();
  return 0;
}
