#!/bin/sh
# Leaves a process that runs from the RAM disk.
. /lib.sh
mknod /dev/null c 1 3 # the shell opens it for what runs in the background
sleep 1000 &
