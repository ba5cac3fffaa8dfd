# Names of models stand for the vocabularies that they use; a name that only begins like one does not.
export FTOK_CACHE=$PWD/none
ftok encode --vocab gpt-4-0613 --count hello || true
ftok encode --vocab llama-3.1 --count hello || true
ftok encode --vocab gpt-40 --count hello || true
ftok encode --vocab cl100k=nothing --count hello || true
ftok encode --vocab gpt2 --count hello || true
ftok encode --vocab gpt-5.1 --count hello || true
ftok encode --vocab ft:gpt-4o:mill:x --count hello || true
ftok encode --vocab davinci-codex --count hello || true
