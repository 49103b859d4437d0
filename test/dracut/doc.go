// Package dracut compares pkg/cmdline with dracut itself: the same files, the same questions, the shell
// functions of dracut-lib.sh with the program dracut-util behind them on one side, Params on the other.
//
// Three versions are asked: the newest (Debian sid), those of Debian 13 and of Debian 12. They are unpacked
// under the user's cache folder, never installed, and run in a small root of their own with their own shell
// and C library. The number of lines is a flag:
//
//	go test ./test/dracut -v -timeout=0 -lines=100000
//
// In the same way our applets initqueue, dracut-getarg and dracut-getargs are compared with dracut's programs, initqueue with dash, bash and
// busybox as the shell of the image; the flag is -calls (-librarycalls for those of the hook library).
//
// Every hook of dracut's modules, and of other packages for dracut, runs under a model of dracut's init and under the hook shell of /init, each in
// namespaces of its own (hookbox); hooks.txt lists them, the flag is -hooklines. Hostile values go through everything that is written; the flag is
// -injections.
package dracut
