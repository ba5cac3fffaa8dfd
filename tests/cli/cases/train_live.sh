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
import fcntl, os, pty, re, struct, sys, termios
columns, rows = 60, int(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ.pop("NO_COLOR", None)
    os.execvp("ftok", ["ftok", *sys.argv[2:]])
written = b""
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    written += data
lines = [""]  # what stands on an endless screen; the cursor is at the end of the last line
for piece in re.findall(r"\x1b\[\d+F\x1b\[J|\x1b\[\d*m|\r\n|[^\x1b\r\n]+", written.decode()):
    if piece.endswith("J"):
        lines[-1 - int(piece[2 : piece.index("F")]) :] = [""]
    elif piece == "\r\n":
        lines.append("")
    elif piece[0] != "\x1b":
        lines[-1] += piece
said = [line for line in lines if line.startswith(("ftok:", "step"))]
numbers_out = [re.sub(r"[0-9. ]*[0-9][0-9. ]*", " # ", line) for line in said]
print(*(re.sub("(?<=lr # ).*", "...", line) for line in numbers_out), sep="\n")  # how much of the speed fits depends on the speed
lines = [line for line in lines if not line.startswith("ftok: `ftok generate")]  # said when all is done
curve = [line for line in lines if "█" in line]
print(f"{len(curve)} lines of the curve, {max(map(len, lines))} columns at most, the status last: {lines[-2].startswith('step 40/40')}")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
flags="--data shards --steps 40 --set model.layers=1 --set model.heads=1 --set model.channels=8 --set model.length=8 --set model.vocabulary_size=61 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=20 --set run.sample_tokens=4 --set vocabulary='' --set schedule.warmup_steps=5"
python3 screen.py 24 train tiny $flags --output a
python3 screen.py 10 train tiny $flags --output b
python3 screen.py 4 train tiny $flags --output c
