//go:build ignore

/* What an NFS client asks before it talks to the kernel's nfsd, answered without looking: the ports of nfsd and of itself (rpcbind, RFC 1833), and
 * the handle of the one export, whatever its name (mount, RFC 1813 appendix I). nfsd's own registrations are taken and forgotten. A process for
 * each port and protocol, and one for each connection. Build: cc -O2 -static -o mountd mountd.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RPCBIND = 100000, NFS = 100003, MOUNT = 100005 };
enum { RPCBIND_PORT = 111, NFS_PORT = 2049, MOUNT_PORT = 20048 };

/* A message is read and written in words of four bytes. */
struct message { uint32_t word[1024]; unsigned at, end; };

static uint32_t get(struct message *m) { return m->at < m->end ? ntohl(m->word[m->at++]) : 0; }
static void put(struct message *m, uint32_t v) { m->word[m->end++] = htonl(v); }

static void skip_auth(struct message *m) {
  get(m);
  m->at += (get(m) + 3) / 4;
}

static uint32_t port_of(uint32_t program) { return program == NFS ? NFS_PORT : program == MOUNT ? MOUNT_PORT : 0; }

static void put_text(struct message *m, const char *text) {
  put(m, strlen(text));
  memset(m->word + m->end, 0, 4);
  strcpy((char *)(m->word + m->end), text);
  m->end += (strlen(text) + 3) / 4;
}

static void rpcbind(struct message *in, uint32_t version, uint32_t proc, struct message *out) {
  uint32_t port = port_of(get(in));
  char address[32];
  if (proc == 1 || proc == 2) { put(out, 1); return; }
  if (proc != 3) return;
  if (version == 2) { put(out, port); return; }
  snprintf(address, sizeof address, "0.0.0.0.%u.%u", port >> 8, port & 255);
  put_text(out, port ? address : "");
}

/* The handle is that of the top of the export with fsid=1: version 1, no authentication, a number, the top (struct knfsd_fh of the kernel). */
static void mount_(uint32_t proc, struct message *out) {
  if (proc != 1) return;
  put(out, 0);
  put(out, 8);
  put(out, 0x01000100);
  put(out, 0x01000000);
  put(out, 1);
  put(out, 1); /* AUTH_SYS */
}

static void answer(struct message *in, struct message *out) {
  uint32_t xid = get(in);
  in->at += 2; /* a call, of RPC 2 */
  uint32_t program = get(in), version = get(in), proc = get(in);
  skip_auth(in);
  skip_auth(in);
  put(out, xid);
  put(out, 1); /* a reply */
  put(out, 0); /* accepted */
  put(out, 0);
  put(out, 0);
  put(out, program == RPCBIND || program == MOUNT ? 0 : 1);
  if (program == RPCBIND) rpcbind(in, version, proc, out);
  if (program == MOUNT) mount_(proc, out);
}

static int whole(int fd, void *buf, size_t n) { return recv(fd, buf, n, MSG_WAITALL) == (ssize_t)n; }

static void connection(int fd) {
  for (;;) {
    static struct message in, out;
    uint32_t mark, size;
    in.at = out.end = 0;
    if (!whole(fd, &mark, 4)) return;
    size = ntohl(mark) & 0x7fffffff;
    if (size > sizeof in.word || !whole(fd, in.word, size)) return;
    in.end = size / 4;
    put(&out, 0);
    answer(&in, &out);
    out.word[0] = htonl(0x80000000 | (out.end - 1) * 4);
    if (write(fd, out.word, out.end * 4) < 0) return;
  }
}

static void serve(int type, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  int one = 1, s = socket(AF_INET, type, 0);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, (struct sockaddr *)&a, sizeof a)) { perror("mountd: bind"); return; }
  if (type == SOCK_STREAM && listen(s, 16)) { perror("mountd: listen"); return; }
  for (;;) {
    if (type == SOCK_STREAM) {
      int fd = accept(s, 0, 0);
      if (fd >= 0 && fork() == 0) { connection(fd); _exit(0); }
      close(fd);
      continue;
    }
    static struct message in, out;
    socklen_t size = sizeof a;
    ssize_t n = recvfrom(s, in.word, sizeof in.word, 0, (struct sockaddr *)&a, &size);
    in.at = out.end = 0;
    in.end = n > 0 ? n / 4 : 0;
    answer(&in, &out);
    sendto(s, out.word, out.end * 4, 0, (struct sockaddr *)&a, size);
  }
}

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  int ports[] = {RPCBIND_PORT, MOUNT_PORT};
  for (int i = 0; i < 2; i++) {
    if (fork() == 0) { serve(SOCK_DGRAM, ports[i]); _exit(1); }
    if (fork() == 0) { serve(SOCK_STREAM, ports[i]); _exit(1); }
  }
  for (;;) pause();
}
