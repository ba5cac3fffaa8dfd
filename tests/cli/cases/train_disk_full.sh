# A disk that is full while a checkpoint, or the log, is written: one line, nothing half-written, and the run goes on when there is room.
# A limit on the size of files stands in for the disk.
mkdir shards
python3 - <<'PY'
import random, struct
random.seed(1)
with open("shards/x_train_0.bin", "wb") as f:
    tokens = [random.randrange(61) for _ in range(3000)]
    f.write(struct.pack("<256i", 20240520, 1, len(tokens), *[0] * 253) + struct.pack(f"<{len(tokens)}H", *tokens))
PY
flags="--data shards --steps 30 --set model.layers=2 --set model.heads=2 --set model.channels=16 --set model.length=8 --set model.vocabulary_size=61 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=0 --set vocabulary='' --set run.checkpoint_every=10"
ftok train tiny $flags --output whole 2> /dev/null
limited() { # KIBIBYTES FLAG...
  local code=0
  (trap '' XFSZ; ulimit -f "$1"; shift; ftok train tiny $flags "$@" 2> messages) || code=$?
  grep -v 'no validation\|^step \|parameters' messages
  echo "exit $code"
}
losses() { cut -d, -f1,2 "$1/log.jsonl"; }

mkdir -p model/checkpoints
cp whole/checkpoints/step-000000010.ckpt model/checkpoints
limited 60 --output model
ls model/checkpoints
ftok train tiny $flags --output model 2> /dev/null
cmp whole/checkpoints/step-000000030.ckpt model/checkpoints/step-000000030.ckpt && echo "the same model"

limited 2 --output logged --set run.checkpoint_every=1000
[ -d logged/checkpoints ] || echo "no checkpoint"
ftok train tiny $flags --output logged 2> /dev/null
cmp <(losses whole) <(losses logged) && echo "the same losses"
cmp whole/checkpoints/step-000000030.ckpt logged/checkpoints/step-000000030.ckpt && echo "the same model"
