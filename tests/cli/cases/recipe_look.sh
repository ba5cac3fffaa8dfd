# Recipes: the presets, a key overridden, what is wrong with one.
ftok recipe list
cat > a.toml <<'TOML'
preset = "fineweb-head"
[c4]
sentences_min = 3
TOML
ftok recipe show a.toml | grep -n 'sentences_min' | sed 's/^[0-9]*://'
refused() { local code=0; ftok recipe show "$@" || code=$?; echo "exit $code"; }
printf '[c4]\nsentences_min = "many"\n' > b.toml
refused b.toml
printf '[c4]\nsentences_min = true\n' > c.toml
refused c.toml
printf '[c4\n' > d.toml
refused d.toml
printf 'preset = "fineweb"\n' > e.toml
refused e.toml
# Old names are read, with one line each.
ftok recipe show fineweb-head --plain | grep -E '^(preset|rules)'
printf 'preset = "fineweb-head"\n[c4]\nrules = "head"\n[fineweb]\nrules = "head"\n' > f.toml
ftok recipe show f.toml --set gopher_quality.rules=head --plain | grep -E '^(preset|rules)'
ftok filter --recipe fineweb-datatrove-0.10 - < /dev/null
