# A model fine-tuned on whole conversations, talked to, and measured; calls of the calculator; what cannot be.
# replace: step [0-9]+.* tokens/s.* => (step)
V=$FTOK_SOURCE/tests/data/frozen-1k.tiktoken
fails() { local code=0; ftok "$@" < /dev/null || code=$?; echo "exit $code"; }
python3 - <<'PY'
import json, random
name = {"messages": [{"role": "user", "content": "Your name?"}, {"role": "assistant", "content": "Pip."}], "task": "name"}
parts = [{"type": "tool_call", "text": "6*7"}, {"type": "tool_result", "text": "42"}, {"type": "text", "text": "42."}]
tool = {"messages": [{"role": "user", "content": "What is 6*7?"}, {"role": "assistant", "content": parts}], "task": "tool"}
both = {"messages": name["messages"] + tool["messages"], "task": "tool"}
lines = [name, tool, both] * 40
random.Random(1).shuffle(lines)  # so that each begins windows
open("chat.jsonl", "w").write("".join(json.dumps(line) + "\n" for line in lines))
PY
ftok tokenize --vocab "$V" --chat chatml --output shards --quiet --validation-per-mille 0 chat.jsonl > /dev/null
ftok train sft --data shards --output tuned --steps 80 --set vocabulary=$V --set model.vocabulary_size=1004 --set model.layers=2 --set model.channels=32 \
  --set model.length=64 --set training.tokens_per_step=256 --set schedule.learning_rate=0.02 --set run.sample_every=0 --set run.threads=1 2> /dev/null
head -c 60 tuned/chat.json; echo
printf 'Your name?\n\nWhat is 6*7?\n/regenerate\n/save talk.jsonl\n/nothing\n/clear\n/regenerate\n/help\n/quit\nnever read\n' | ftok chat tuned --temperature 0
cat talk.jsonl
printf 'Your name?' | ftok chat tuned --temperature 0 --system "Be brief." | wc -l
printf 'What is 6*7?' | ftok chat tuned --temperature 0 --no-tools
ftok generate tuned --chat model --temperature 0 "What is 6*7?"
ftok eval tuned --chat chat.jsonl --examples 8
ftok eval tuned --chat chat.jsonl --examples 8 --weights int8
printf 'Your name?' | ftok chat tuned --temperature 0 --weights bf16
ftok eval tuned --chat chat.jsonl --examples 1 --json | sed 's/.*"chat"/"chat"/'
# What it knows, what it makes up, and lessons of that.
printf '%s\n' '{"question": "Your name?", "answer": ["Pipa", "pip"]}' '{"question": "Your mother?", "answer": "Eve"}' > questions.jsonl
ftok probe tuned questions.jsonl --times 3 --temperature 0 --threads 1 --output lessons.jsonl --details details.jsonl
cat lessons.jsonl
grep -c . details.jsonl
ftok probe tuned questions.jsonl --times 2 --temperature 0 --threads 1 --refusal "pip" --json | sed 's/,"refused.*//'
echo '{"question": "What is 6*7?", "answer": "42"}' | ftok probe tuned - --times 2 --temperature 0 --threads 1
# One line too long does not keep the others from being asked.
python3 - <<'PY'
import json
rows = [json.loads(line) for line in open("questions.jsonl")]
rows[1:1] = [{"question": "long " * 200, "answer": "yes"}]
open("long.jsonl", "w").write("".join(json.dumps(row) + "\n" for row in rows))
talk = [json.loads(line) for line in open("chat.jsonl")][:2]
talk[1:1] = [{"messages": [{"role": "user", "content": "long " * 200}, {"role": "assistant", "content": "42."}], "task": talk[0]["task"]}]
open("long-chat.jsonl", "w").write("".join(json.dumps(row) + "\n" for row in talk))
PY
ftok probe tuned long.jsonl --times 3 --temperature 0 --threads 1 --output lessons.jsonl
wc -l < lessons.jsonl
ftok eval tuned --chat long-chat.jsonl | tail -n 1
# The questions are not written over.
fails probe tuned questions.jsonl --output questions.jsonl
fails probe tuned questions.jsonl --details ./questions.jsonl
fails probe tuned questions.jsonl --output x.jsonl --details x.jsonl
# Cut off inside a call: nothing of it is shown, nor kept. Stop texts end an answer, and are not kept either.
printf 'What is 6*7?\n/save cut.jsonl\n' | ftok chat tuned --temperature 0 --tokens 3
cat cut.jsonl
printf 'What is 6*7?\n/save stopped.jsonl\n' | ftok chat tuned --temperature 0 --stop "2."
cat stopped.jsonl
printf 'Your name?' | ftok chat tuned --temperature 0 --stop-token "$(ftok encode --vocab "$V" "." | tr -dc 0-9)"
fails chat tuned --stop ""
ftok generate tuned --chat model --temperature 0 --no-tools "What is 6*7?"
ftok generate tuned --chat model --temperature 0 --system "Be brief." "Your name?" | wc -l
fails generate tuned --system "Be brief." "Your name?"
fails generate tuned --no-tools "Your name?"
echo '{"question": "Your name?", "answer": "!"}' > bad.jsonl
fails probe tuned bad.jsonl
echo '{"answer": "!"}' > bad.jsonl
fails probe tuned bad.jsonl
# A folder of Hugging Face's, by its own template.
ftok model export tuned --output exported
printf 'What is 6*7?' | ftok chat exported --temperature 0
rm exported/chat.json
printf 'What is 6*7?' | ftok chat exported --temperature 0
sed -i 's/endfor/endfro/g' exported/tokenizer_config.json
fails chat exported
rm tuned/chat.json
fails chat tuned
fails chat tuned --template llama3
fails eval tuned --chat chat.jsonl
echo '{"messages": [{"role": "user", "content": "a"}]}' > bad.jsonl
fails eval tuned --template chatml --chat bad.jsonl
fails chat tuned --template chatml --temperature -1
python3 -c 'print("long " * 200)' | { code=0; ftok chat tuned --template chatml || code=$?; echo "exit $code"; }
