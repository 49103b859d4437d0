//go:build ignore

/* Holds what it has inherited open until it is killed. busybox cannot be called "@holds": it takes its name for an applet's.
 * Build: cc -O2 -static -o hold hold.c */
#include <unistd.h>

int main(void) {
  for (;;) pause();
}
