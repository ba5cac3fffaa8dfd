# Reward models: trained on rankings, resumed to the same bits, measured, in the place of a checker; what cannot be.
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null 2>&1 | grep -v "held-out\|held out\|->\|^step\|^ftok: [0-9t]" || code=${PIPESTATUS[0]}; echo "exit $code"; }
ftok rl sorting --problems 8 > chat.jsonl
ftok tokenize --vocab "$V" --chat chatml --output shards --quiet --validation-per-mille 0 chat.jsonl > /dev/null
ftok train sft --data shards --output model --steps 1 --set vocabulary=$V --set model.vocabulary_size=1004 --set model.layers=1 --set model.channels=32 \
  --set model.length=48 --set training.tokens_per_step=96 --set run.sample_every=0 --set run.threads=1 2> /dev/null
# People here like answers with "yes", whatever they are asked; and one ranking is longer than the model reads.
python3 - <<'PY'
import json
with open("rankings.jsonl", "w") as out:
    for i in range(60):
        words = ["red", "green", "blue", "grey", "cold", "warm"]
        a, b = words[i % 6], words[(i // 6 + i + 1) % 6]
        if i % 3 == 0:
            row = {"prompt": f"{a} {i}?", "chosen": f"yes {b}", "rejected": f"no {b}"}
        else:
            row = {"messages": [{"role": "user", "content": f"{a} {i}?"}], "ranking": [f"yes {b}", [f"{b} {a}{i}", f"no {a}"]]}
        print(json.dumps(row), file=out)
    print(json.dumps({"prompt": "long " * 60, "chosen": "yes", "rejected": "no"}), file=out)
PY
train() { ftok reward train rankings.jsonl --init model --set run.threads=1 --set schedule.learning_rate=0.01 --set reward.rankings=8 \
  --set run.checkpoint_every=100 --set schedule.shape=constant "$@"; }
train --output judge --steps 30 2>&1 | grep -v "^step"
train --output half --steps 11 2> /dev/null
train --output half --steps 30 2> /dev/null
cmp judge/checkpoints/step-000000030.ckpt half/checkpoints/step-000000030.ckpt
ls judge
python3 - <<'PY'
import json
log = [json.loads(line) for line in open("judge/log.jsonl")]
held_out = [line["held_out_accuracy"] for line in log if "held_out_accuracy" in line]
print(len(log), "lines; before, no answer is preferred:", held_out[0] == 0.5, "- after, the right one:", held_out[-1] > 0.9)
PY
ftok reward eval judge rankings.jsonl 2>&1 | sed 's/[0-9.]* % ranked.*/.../'
ftok reward eval judge rankings.jsonl --scores 2> /dev/null | sed -n 2p | python3 -c 'import json, sys; row = json.load(sys.stdin); print(row["ranking"], [(a["text"], a["rank"]) for a in row["answers"]], row["answers"][0]["score"] > row["answers"][1]["score"])'
ftok reward train --show | head -6
# In the checker's place: what it likes becomes likelier, and what the checker says of it is in the log too.
rl() { ftok rl sorting --set rl.problems=1 --set rl.samples=16 --set rl.tokens_max=4 --set schedule.learning_rate=0.02 --set run.held_out=2 \
  --set run.evaluate_every=20 --set run.checkpoint_every=100 --set run.threads=1 --init model --reward judge "$@"; }
rl --output pleasing --steps 40 2> /dev/null
python3 - <<'PY'
import json
log = [json.loads(line) for line in open("pleasing/log.jsonl")]
rewards = [line["reward"] for line in log if "reward" in line]
print("the reward rises" if sum(rewards[-4:]) > sum(rewards[:4]) else rewards, sorted(set(log[-1]) - {"skipped"}))  # a step without differences is skipped, which rounding decides
PY
ftok rl sorting --init model --reward judge --best-of 4 --set run.held_out=8 --set rl.tokens_max=4 --set run.threads=1 > best.txt
awk 'NR == 1 { print } NR > 1 { print $1, ($2 > last || NR == 2) ? "more" : "not more", $4; last = $2 }' best.txt
ftok rl sorting --init model --reward judge --rankings 2 --set rl.samples=3 --set rl.tokens_max=3 --set run.threads=1 > ranked.jsonl
python3 -c 'import json; print([sorted(json.loads(line)) for line in open("ranked.jsonl")])'
# A reward model that gives every answer the same score: told while it is trained, and where it is to reward.
train --output flat --steps 12 --set schedule.learning_rate=1e-12 --set reward.held_out_per_mille=0 2>&1 | grep 'same score' | sed 's/differ by [^ ]*/differ by X/'
fails rl sorting --set rl.problems=1 --set rl.samples=4 --set rl.tokens_max=4 --set run.evaluate_every=0 --set run.threads=1 --set rl.kl=0.1 \
  --init model --reward flat --output flattered --steps 30 | sed 's/mean [^)]*/mean X/'
# Not a reward model, another template, nothing to learn from, what is no ranking, a folder of another command's.
fails reward eval model rankings.jsonl
fails rl sorting --init model --reward model --output x
fails rl sorting --init judge --reward judge --output pleasing
echo '{"name": "own", "message": "<|im_start|>{role} {content}<|im_end|>"}' > own.json
fails rl sorting --init model --template own.json --reward judge --output x
fails rl sorting --init model --reward jugde --output x
fails reward eval jugde rankings.jsonl
fails reward train rankings.jsonl --init modle --output x
fails reward train rankings.jsonl --init model
fails reward train chat.jsonl --init model --output x
tail -n 1 rankings.jsonl > long.jsonl
fails reward train long.jsonl --init model --output x
fails reward train rankings.jsonl --init model --output pleasing
fails reward train rankings.jsonl --init model --output judge --set reward.rankings=4
fails reward train rankings.jsonl --init model --output x --set reward.held_out_per_mille=1000
fails model export judge --output exported
