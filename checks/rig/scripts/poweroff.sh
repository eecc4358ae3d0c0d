#!/bin/sh
# Switches the host off: all processes but the first and this one end, and nothing begins.
kill -KILL -1
rm -f /run/sshd.pid
