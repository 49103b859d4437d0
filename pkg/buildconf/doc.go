// Package buildconf reads the configuration of the image builder: /etc/preroot.conf and preroot.conf.d in the syntax of
// dracut.conf(5), and before them what an existing configuration of dracut says that means the same.
//
// For dracut such a file is shell text that it sources. Here it is data: of the shell's language only assignments with
// values that stand there as they are count (KEY=value, KEY+=" value "), with the shell's quotes, comments and continued
// lines. Everything else (a variable, a command, an if, a function, an array) is named with file and line, not read and
// never run, and the rest of the file counts. What is read has the value that a shell gives it.
package buildconf
