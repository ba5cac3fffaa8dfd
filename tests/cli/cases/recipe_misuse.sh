# A recipe's mistakes are named with the line, what was expected and the nearest valid key; nothing is written.
refused() { printf "$1" > recipe.toml; local code=0; ftok run --recipe recipe.toml --input "$SAMPLE" --output out --vocab ftok-4k || code=$?; echo "exit $code"; }
refused '[c4]\nsentence_min = 5\n'
refused '[c4]\nsentences_min = "five"\n'
refused '[c44]\nsentences_min = 5\n'
refused 'preset = "fineweb-2023"\n'
refused 'preset = \n'
refused 'stages = ["http", "extrac"]\n'
code=0; ftok run --recipe no-such-recipe --input "$SAMPLE" --output out --vocab ftok-4k || code=$?; echo "exit $code"
code=0; ftok run --set c4.sentence_min=1 --input "$SAMPLE" --output out --vocab ftok-4k || code=$?; echo "exit $code"
refused '[shards]\nvalidation_per_mille = 1001\n'
refused '[language]\nlanguages = {en = 1.5}\n'
refused '[language]\nshare_min = 2\n'
# A preset is not a key that is set, on any command: what it would change has been read by then.
for command in "run --input $SAMPLE --output out" "recipe show" "filter recipe.toml"; do
  code=0; ftok $command --set 'preset="c4"' < /dev/null || code=$?; echo "exit $code"
done
ls
