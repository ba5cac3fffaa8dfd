# A completion script for each shell, which the shell itself takes.
for shell in bash zsh fish; do ftok completion $shell > script.$shell; head -1 script.$shell; done
cp script.bash c.bash
bash -n c.bash
bash -c 'source c.bash; COMP_WORDS=(ftok ru); COMP_CWORD=1; _ftok; echo "${COMPREPLY[@]}"'
# What an argument takes beside files: vocabularies, recipes, presets, tasks, models.
offered() { bash -c 'source c.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ftok; echo "${COMPREPLY[@]}"' - "$@"; }
touch ftok-mine.tiktoken fineweb-mine.toml
offered ftok run --vocab ftok-
offered ftok encode -v cl1
offered ftok run --recipe fineweb
offered ftok recipe show fineweb
offered ftok train ti
offered ftok rl c
offered ftok models get lid
offered ftok run --language-model lid
offered ftok tokenize --shard-format m
offered ftok reward train --recipe fineweb
grep -c "compadd -- .*ftok-100k.*; _files" script.zsh
grep -c "'ftok-100k" script.fish
# Commands to be shown, presets to be compared, stages, and keys, whose value follows without a space.
offered ftok help cra
offered ftok recipe diff c
offered ftok run --stop-after ex
offered ftok recipe show --set dedup.sc
offered ftok train --set run.th
