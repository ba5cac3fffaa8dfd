# Data swapped under a training run is refused, also where size, name and time of modification are as before; the old bytes are taken
# again, whatever their times.
# stderr: ignored
# replace: [0-9a-f]{32} => CHECKSUM
tiny="--set model.layers=1 --set model.heads=2 --set model.channels=16 --set model.length=8 --set training.tokens_per_step=64 --set run.threads=1 --set run.sample_every=0"
for i in $(seq 60); do echo '{"text":"a b c d e f g h i j"}'; done > in.jsonl
ftok tokenize --vocab ftok-4k --output data --quiet in.jsonl > log
ftok train tiny --data data --output model --steps 1 $tiny
ls model
shard=data/ftok_train_000000.bin
cp -p $shard kept
printf '\001' | dd of=$shard bs=1 seek=1100 conv=notrunc status=none
touch -r kept $shard
ftok train tiny --data data --output model --steps 2 $tiny 2>&1 || echo "exit $?"
cp kept $shard
ftok train tiny --data data --output model --steps 2 $tiny && wc -l < model/log.jsonl
