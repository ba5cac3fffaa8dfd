# Commands by what they are for, one command, all of them; none wider than 80 columns; a short flag is the same everywhere.
ftok help
ftok help model info
ftok help tokenise || echo "exit $?"
ftok help vocab trian || echo "exit $?"
ftok help --all > all
test "$(ftok tokenize --help)" = "$(ftok help tokenize)"
python3 - <<'PY'
import re
lines = open("all").read().splitlines()
print("widest:", max(map(len, lines)), [line for line in lines if len(line) > 80])
print("raw ranges:", [line for line in lines if re.search(r"INT|UINT|FLOAT| in \[", line)])
short = {}
for line in lines:
    if match := re.match(r"  (-\w), (--[\w-]+)", line):
        short.setdefault(match[1], set()).add(match[2])
print("short flags:", sorted((key, *sorted(value)) for key, value in short.items()))
print("without one:", [line.split()[0] for line in lines if re.match(r" +--(output|threads|quiet|vocab)( [A-Z]|$)", line)])
PY
