//go:build ignore

/* Stands for /bin/sh in the image of a test: says on its terminal what it was given, and ends.
 * Build: cc -O2 -static. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  printf("\nSHELL interactive=%d terminal=%d session=%d foreground=%d PATH=%s\n",
         argc > 1 && !strcmp(argv[1], "-i"), isatty(0) && isatty(1) && isatty(2), getsid(0) == getpid(),
         tcgetpgrp(0) == getpgrp(), getenv("PATH") ? getenv("PATH") : "");
  return 0;
}
