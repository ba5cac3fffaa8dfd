# Runs of reinforcement learning and of reward models that end before their last step, by a kill or a checker that dies, and are started again: every file has the
# bytes of a run that nothing disturbed. Problems that are too long are left out.
# replace: differ by [^ ]+ at most => differ by X at most
. "$FTOK_SOURCE/tests/cli/rl_model.sh"
# A look at one problem held out (1 answer) before the first step and after the 4th and 8th; steps of 8 answers; a checkpoint after the 5th, 10th and 12th step.
rl() { ftok rl command --set 'task.command=["python3","letters.py"]' --set rl.problems=1 --set rl.samples=8 --set rl.tokens_max=4 \
  --set schedule.learning_rate=0.02 --set run.held_out=1 --set run.evaluate_every=4 --set run.checkpoint_every=5 --set run.threads=1 --init model "$@"; }
same() { for file in log.jsonl samples.jsonl reward.svg length.svg checkpoints/step-000000012.ckpt; do cmp "whole/$file" "$1/$file"; done; echo "$1: the same"; }
rl --output whole --steps 12 2> /dev/null
grep -c '"step":0' whole/log.jsonl
# Killed in the 3rd step, before the first checkpoint; then in the 7th, after it.
echo kill 20 > end
rl --output killed --steps 12 > /dev/null 2>&1 || echo "exit $?"
ls killed/checkpoints 2> /dev/null || true
rl --output killed --steps 12 2> /dev/null
same killed
echo kill 55 > end
rl --output later --steps 12 > /dev/null 2>&1 || echo "exit $?"
rl --output later --steps 12 2> /dev/null
same later
# Where another run was killed before its first checkpoint.
echo kill 20 > end
rl --output other --steps 12 --seed 7 > /dev/null 2>&1 || echo "exit $?"
rl --output other --steps 12 2> /dev/null
same other
# A checker that dies in the 4th step: the three before it are kept.
echo die 28 > end
rl --output dies --steps 12 2>&1 | grep -v "^step\|^  \|task command" || echo "exit ${PIPESTATUS[0]}"
ls dies/checkpoints
rl --output dies --steps 12 2>&1 | grep "steps 4 to"
same dies
# Problems that are too long for the model are left out, and told of once; of all, the run ends.
touch long
rl --output lengthy --steps 3 --set rl.problems=2 2>&1 | grep -v "^step\|^  \|task command" || true
grep -c reward lengthy/log.jsonl
ftok rl command --set 'task.command=["python3","letters.py"]' --init model --rankings 2 --set rl.samples=4 --set rl.tokens_max=4 2>&1 | sed 's/{.*/{.../'
rm long
ftok rl command --set 'task.command=["python3","letters.py"]' --init model --output short --set rl.tokens_max=4 --set run.held_out=1 --set rl.system="$(printf 'long %.0s' {1..60})" 2>&1 || echo "exit $?"
# Reward models: killed before the first checkpoint by a file that is too large for what is written then.
python3 - > rankings.jsonl <<'PY'
import json
for i in range(40):
    print(json.dumps({"prompt": f"{i}?", "chosen": f"yes {i}", "rejected": f"no {i}"}))
PY
train() { ftok reward train rankings.jsonl --init model --set run.threads=1 --set reward.rankings=4 --steps 6 --set run.evaluate_every=2 --set run.checkpoint_every=100 -q "$@"; }
train --output judge
cp -r judge begun
rm -r begun/checkpoints
train --output begun
diff -r judge begun && echo "the same"
ftok reward train rankings.jsonl --init model --output two --steps 2 --set schedule.learning_rate=1e-12 -q -j 1
ftok reward train rankings.jsonl --init model --output three --steps 3 --set schedule.learning_rate=1e-12 --set reward.held_out_per_mille=0 -q -j 1
