//go:build ignore

/* Plays the kernel: as the given user, tells everybody who has a socket for uevents, and the kernel's group of listeners, that
 * /dev/vda was removed. Build: cc -O2 -static. */
#define _GNU_SOURCE
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char path[256] = "", line[512];
  ssize_t n = readlink("/sys/class/block/vda", path, sizeof path - 1);
  if (argc < 2 || n < 0) return 1;
  char *dev = strstr(path, "/devices/");
  char message[1024];
  int len = sprintf(message, "remove@%s", dev) + 1;
  len += sprintf(message + len, "ACTION=remove") + 1;
  len += sprintf(message + len, "DEVPATH=%s", dev) + 1;
  len += sprintf(message + len, "SUBSYSTEM=block") + 1;
  len += sprintf(message + len, "MAJOR=254") + 1;
  len += sprintf(message + len, "MINOR=0") + 1;
  len += sprintf(message + len, "DEVNAME=vda") + 1;
  len += sprintf(message + len, "DEVTYPE=disk") + 1;
  len += sprintf(message + len, "SEQNUM=99999") + 1;
  FILE *ports = fopen("/proc/net/netlink", "r");
  if (setresuid(atoi(argv[1]), atoi(argv[1]), atoi(argv[1]))) return 1;
  int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT), sent = 0, told = 0;
  struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = 1};
  told = sendto(s, message, len, 0, (struct sockaddr *)&to, sizeof to) == len;
  while (ports && fgets(line, sizeof line, ports)) {
    unsigned protocol, port;
    if (sscanf(line, "%*s %u %u", &protocol, &port) != 2 || protocol != NETLINK_KOBJECT_UEVENT || !port) continue;
    struct sockaddr_nl one = {.nl_family = AF_NETLINK, .nl_pid = port};
    if (sendto(s, message, len, 0, (struct sockaddr *)&one, sizeof one) == len) sent++;
  }
  FILE *k = fopen("/dev/kmsg", "w");
  if (k) fprintf(k, "<5>helper: forged as uid %s: to the group %s, to %d ports\n", argv[1], told ? "taken" : "refused", sent);
  return 0;
}
