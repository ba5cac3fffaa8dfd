# A completion script for each shell, which the shell itself takes.
for shell in bash zsh fish; do ftok completion $shell > script.$shell; head -1 script.$shell; done
cp script.bash c.bash
bash -n c.bash
bash -c 'source c.bash; COMP_WORDS=(ftok ru); COMP_CWORD=1; _ftok; echo "${COMPREPLY[@]}"'
