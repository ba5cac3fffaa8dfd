# Without a command: what there is, on standard error, and the exit code of a misuse.
ftok 2> told || echo "exit $?"
ftok help | cmp - told
