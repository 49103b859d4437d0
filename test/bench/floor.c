//go:build ignore

/* The floor of a boot: an init that knows everything in advance. It loads the modules that /mods names
 * (one path a line, in load order), polls every millisecond for the one device, mounts it, deletes the
 * initramfs, carries /dev over, switches root and executes /sbin/init. It parses, probes and finds
 * nothing. Build: cc -O2 -static -o init floor.c
 * /rootdev (optional): "DEVICE FSTYPE", otherwise "/dev/vda ext4". */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void empty(int dir, dev_t dev) { /* takes dir */
  DIR *d = fdopendir(dir);
  for (struct dirent *e; d && (e = readdir(d));) {
    struct stat s;
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    if (fstatat(dir, e->d_name, &s, AT_SYMLINK_NOFOLLOW) || s.st_dev != dev) continue;
    if (S_ISDIR(s.st_mode)) empty(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), dev);
    unlinkat(dir, e->d_name, S_ISDIR(s.st_mode) ? AT_REMOVEDIR : 0);
  }
  if (d) closedir(d);
}

int main(void) {
  char line[512], device[256] = "/dev/vda", type[64] = "ext4";
  mkdir("/dev", 0755);
  mkdir("/r", 0755);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  FILE *f = fopen("/rootdev", "r");
  if (f) { if (fscanf(f, "%255s %63s", device, type) != 2) printf("floor: bad /rootdev\n"); fclose(f); }
  f = fopen("/mods", "r");
  while (f && fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    int fd = open(line, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) printf("floor: %s: not loaded\n", line);
    close(fd);
  }
  if (f) fclose(f);
  struct timespec ms = {0, 1000000};
  for (int i = 0; i < 30000 && access(device, F_OK); i++) nanosleep(&ms, 0);
  if (mount(device, "/r", type, 0, 0)) perror("floor: mount");
  struct stat s;
  int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fstat(root, &s);
  mount("/dev", "/r/dev", 0, MS_MOVE, 0);
  if (chdir("/r") || mount(".", "/", 0, MS_MOVE, 0) || chroot(".")) perror("floor: switch root");
  empty(root, s.st_dev);
  execl("/sbin/init", "/sbin/init", (char *)0);
  perror("floor: exec");
  sleep(5);
  return 1;
}
