# On a terminal: what is said stands above the loss curve, once each, and the curve stays at the end.
mkdir shards
python3 - <<'PY'
import struct
for name in ("train", "val"):
    with open(f"shards/x_{name}_0.bin", "wb") as f:
        tokens = [i * 7 % 61 for i in range(2000)]
        f.write(struct.pack("<256i", 20240520, 1, len(tokens), *[0] * 253) + struct.pack(f"<{len(tokens)}H", *tokens))
PY
cat > screen.py <<'PY'
import os, re, sys
sys.path.insert(0, os.environ["FTOK_SOURCE"] + "/tests/support")
from pseudo_terminal import on_terminal, screen_of
text, code = on_terminal(["ftok", *sys.argv[2:]], 60, rows=int(sys.argv[1]))
lines = screen_of(text)
said = [line for line in lines if line.startswith(("ftok:", "step"))]
numbers_out = [re.sub(r"[0-9. ]*[0-9][0-9. ]*", " # ", line) for line in said]
print(*(re.sub("(?<=lr # ).*", "...", line) for line in numbers_out), sep="\n")  # how much of the speed fits depends on the speed
lines = [line for line in lines if not line.startswith("ftok: `ftok generate")]  # said when all is done
curve = [line for line in lines if "█" in line]
print(f"{len(curve)} lines of the curve, {max(map(len, lines))} columns at most, the status last: {lines[-2].startswith('step 40/40')}")
sys.exit(code)
PY
flags="--data shards --steps 40 --set model.layers=1 --set model.heads=1 --set model.channels=8 --set model.length=8 --set model.vocabulary_size=61 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=20 --set run.sample_tokens=4 --set vocabulary='' --set schedule.warmup_steps=5"
python3 screen.py 24 train tiny $flags --output a
python3 screen.py 10 train tiny $flags --output b
python3 screen.py 4 train tiny $flags --output c
