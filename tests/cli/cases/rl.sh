# Reinforcement learning: problems, a command that rewards the letter a, resumed to the same bits; what cannot be.
# replace: "answer":"[^"]*" => "answer":X
fails() { local code=0; ftok "$@" < /dev/null 2>&1 | grep -v "held-out\|->\|^step\|^ftok: task [a-z]*," || code=${PIPESTATUS[0]}; echo "exit $code"; }
ftok rl arithmetic --problems 2 --set task.steps=true
ftok rl letters --problems 1 --held-out
ftok rl sorting --show | head -8
. "$FTOK_SOURCE/tests/cli/rl_model.sh"
rl() { ftok rl command --set 'task.command=["python3","letters.py"]' --set rl.problems=1 --set rl.samples=16 --set rl.tokens_max=4 \
  --set schedule.learning_rate=0.02 --set run.held_out=1 --set run.evaluate_every=10 --set run.checkpoint_every=100 --set run.threads=1 --init model "$@"; }
rl --output whole --steps 20 --set rl.updates=2 --set rl.kl=0.01 2> /dev/null
rl --output parts --steps 7 --set rl.updates=2 --set rl.kl=0.01 --set schedule.shape=constant 2> /dev/null
rl --output parts --steps 20 --set rl.updates=2 --set rl.kl=0.01 2> /dev/null
cmp whole/checkpoints/step-000000020.ckpt parts/checkpoints/step-000000020.ckpt
ls whole
python3 - <<'PY'
import json
rewards = [json.loads(line)["reward"] for line in open("whole/log.jsonl") if "reward" in line]
print(len(rewards), "steps;", "more than twice the reward" if sum(rewards[-5:]) > 2 * sum(rewards[:5]) else rewards)
print([json.loads(line)["step"] for line in open("whole/log.jsonl") if "held_out" in line], sorted(json.loads(open("whole/samples.jsonl").readline())))
PY
ftok generate whole --chat model --tokens 4 --temperature 0 "Say a." | wc -l
# Another recipe, another model, nothing to learn from, a checker that dies or gives no number.
rl --output whole --steps 20 2>&1 | sed 's/.*holds/holds/' || true
fails rl letters --init whole --output nothing --set rl.problems=2 --set rl.samples=2 --set rl.tokens_max=2 --set run.evaluate_every=0
test ! -e nothing/checkpoints
# Stopped on the way, it ends at the same step.
for steps in 12 30; do
  fails rl letters --init whole --output stopped --set rl.problems=2 --set rl.samples=2 --set rl.tokens_max=2 --set run.evaluate_every=0 --steps $steps | tail -2
done
sed 's/print(json.dumps({"reward".*/sys.exit("no more")/' letters.py > dies.py
fails rl command --set 'task.command=["python3","dies.py"]' --init model --output dies --set rl.tokens_max=4 --set run.held_out=1
sed 's/print(json.dumps({"reward".*/print("{\\"reward\\": NaN}")/' letters.py > nan.py
fails rl command --set 'task.command=["python3","nan.py"]' --init model --output nan --set rl.tokens_max=4 --set run.held_out=1
# Rewards are numbers up to a million, either way.
for reward in 1e308 -1000001; do
  sed "s/print(json.dumps({\"reward\".*/print('{\"reward\": $reward}')/" letters.py > large.py
  fails rl command --set 'task.command=["python3","large.py"]' --init model --output large --set rl.tokens_max=4 --set run.held_out=1 | sed 's/ to {.*//'
done
fails rl command --init model --output x
fails rl arithmatic --init model --output x
fails rl arithmetic --output x
fails rl arithmetic --init model --output x --set rl.samples=1
