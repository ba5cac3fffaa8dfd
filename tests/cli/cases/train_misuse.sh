# What is wrong with a training run is said in one line.
refused() { local code=0; ftok "$@" || code=$?; echo "exit $code"; }
refused train tiny
refused train tinny --data shards --output model
refused train tiny --data shards --output model --set model.layerz=3
refused train tiny --data shards --output model --set training.tokens_per_step=100
refused train tiny --data shards --output model --set model.heads=3
refused train tiny --data shards --output model --set model.score_head=true
refused train tiny --data no-such-folder --output model
mkdir shards
refused train tiny --data shards --output model
printf 'no shard' > shards/x_train_0.bin
refused train tiny --data shards --output model
refused generate no-such-model
refused generate model --top-p 0
cp shards/x_train_0.bin shards/x_val_0.bin
refused train tiny --data shards/x_val_0.bin --output model
