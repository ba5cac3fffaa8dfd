# What each stage measured of one text, against which threshold.
# stderr: ignored
printf 'The tide comes in. The tide goes out.\nA gull sat on the wall.\n' > a.txt
ftok explain --text --recipe fineweb-datatrove-0.10 --set stages='["gopher_quality","c4","fineweb","pii"]' --set dedup.scope=off a.txt
ftok explain --text --recipe fineweb-datatrove-0.10 --set stages='["fineweb"]' --set dedup.scope=off --json a.txt
