//go:build ignore

/* The /sbin/init of a machine that exports its root file system by the kernel's NFS server, without any of its tools: the exports are written into the
 * caches of the kernel (what rpc.mountd answers there), and of the other services there is just what a client of version 3 asks for: GETPORT of the
 * portmapper (RFC 1833) and MNT of the mount protocol (RFC 1813, appendix I). Build: cc -O2 -static -o nfsserver nfsserver.c
 * It says SERVING on the console when all is there. The address is that of the wire in nfs_test.go. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PMAP = 100000, NFS = 100003, MOUNT = 100005, PMAP_PORT = 111, NFS_PORT = 2049, MOUNT_PORT = 20048 };

static void die(const char *what) {
  fprintf(stderr, "nfsserver: %s: %m\n", what);
  sync();
  reboot(RB_POWER_OFF);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

/* An address, and the device up. */
static void address(const char *device, const char *text, const char *mask) {
  struct ifreq r = {0};
  struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  strcpy(r.ifr_name, device);
  a->sin_family = AF_INET;
  inet_aton(text, &a->sin_addr);
  if (ioctl(s, SIOCSIFADDR, &r) < 0) die(device);
  inet_aton(mask, &a->sin_addr);
  if (ioctl(s, SIOCSIFNETMASK, &r) < 0) die(device);
  r.ifr_flags = IFF_UP;
  if (ioctl(s, SIOCSIFFLAGS, &r) < 0) die(device);
  close(s);
}

static int listener(int port) {
  int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s, (void *)&a, sizeof a) < 0 || listen(s, 8) < 0) die("listen");
  return s;
}

/* The handle of a directory, as the kernel gives it (/proc/fs/nfsd/filehandle). Its length, or 0. */
static int handle(const char *dir, unsigned char *fh) {
  char b[600];
  int fd = open("/proc/fs/nfsd/filehandle", O_RDWR), n = 0;
  snprintf(b, sizeof b, "all %s 64\n", dir);
  if (fd >= 0 && write(fd, b, strlen(b)) > 0) {
    ssize_t size = read(fd, b, sizeof b - 1);
    for (char *p = size > 2 ? b + 2 : b; size > 2 && n < 64 && sscanf(p, "%2hhx", fh + n) == 1; p += 2) n++;
  }
  close(fd);
  return n;
}

/* The results of a call, after the words that say that it was accepted; how many words. */
static int results(unsigned program, unsigned procedure, unsigned *arg, unsigned *out) {
  if (procedure == 0) return 0;
  if (program == PMAP) { /* SET and UNSET are the kernel's, for itself */
    unsigned wanted = ntohl(arg[0]);
    unsigned port = wanted == NFS ? NFS_PORT : wanted == MOUNT ? MOUNT_PORT : 0;
    out[0] = htonl(procedure == 3 ? port : 1);
    return 1;
  }
  if (procedure != 1) return 0; /* UMNT has no result */
  char dir[1024] = {0};
  unsigned size = ntohl(arg[0]);
  memcpy(dir, arg + 1, size < sizeof dir ? size : sizeof dir - 1);
  unsigned char fh[64] = {0};
  int n = handle(dir, fh);
  if (n == 0) {
    out[0] = htonl(2); /* MNT3ERR_NOENT */
    return 1;
  }
  out[0] = 0;
  out[1] = htonl(n);
  memcpy(out + 2, fh, (n + 3) & ~3);
  out += 2 + (n + 3) / 4;
  out[0] = htonl(1); /* flavours: AUTH_SYS alone */
  out[1] = htonl(1);
  return 2 + (n + 3) / 4 + 2;
}

/* Answers calls (RFC 5531, records of one fragment) until the other side closes. */
static void serve(int s) {
  unsigned call[1024], reply[256];
  for (;;) {
    if (recv(s, call, 4, MSG_WAITALL) != 4) return;
    unsigned size = ntohl(call[0]) & 0x7fffffff;
    if (size > sizeof call - 4 || recv(s, call + 1, size, MSG_WAITALL) != (ssize_t)size) return;
    /* xid, call, 2, program, version, procedure, credential (flavour, length, ...), verifier (the same), arguments */
    unsigned *arg = call + 8 + (ntohl(call[8]) + 3) / 4 + 1;
    arg += 2 + (ntohl(arg[1]) + 3) / 4;
    int n = 7 + results(ntohl(call[4]), ntohl(call[6]), arg, reply + 7);
    reply[0] = htonl(0x80000000 | (n - 1) * 4);
    reply[1] = call[1];
    reply[2] = htonl(1);
    memset(reply + 3, 0, 16); /* accepted, no verifier, success */
    if (write(s, reply, n * 4) != n * 4) return;
  }
}

int main(void) {
  mount("dev", "/dev", "devtmpfs", 0, 0);
  mount("proc", "/proc", "proc", 0, 0);
  if (mount("nfsd", "/proc/fs/nfsd", "nfsd", 0, 0) < 0) die("nfsd");
  address("lo", "127.0.0.1", "255.0.0.0");
  address("eth0", "10.9.9.1", "255.255.255.0");
  signal(SIGCHLD, SIG_IGN);
  struct pollfd at[2] = {{listener(PMAP_PORT), POLLIN}, {listener(MOUNT_PORT), POLLIN}};
  if (fork() == 0)
    for (;;) {
      poll(at, 2, -1);
      for (int i = 0; i < 2; i++) {
        int s = at[i].revents ? accept(at[i].fd, 0, 0) : -1;
        if (s >= 0 && fork() == 0) {
          serve(s);
          _exit(0);
        }
        close(s);
      }
    }
  /* Who the client is, what he sees (flags: no root squashing, any port, no subtree check, a number: 0x2402), and what the number 0 stands for. */
  put("/proc/net/rpc/auth.unix.ip/channel", "nfsd 10.9.9.2 2147483647 all\n");
  put("/proc/net/rpc/nfsd.export/channel", "all / 2147483647 9218 65534 65534 0\n");
  put("/proc/net/rpc/nfsd.fh/channel", "all 1 \\x00000000 2147483647 /\n");
  put("/proc/fs/nfsd/threads", "2\n");
  int fd = open("/dev/console", O_WRONLY);
  if (write(fd, "\nSERVING\n", 9) < 0) die("console");
  for (;;) pause();
}
