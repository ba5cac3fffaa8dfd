"""The model that the benches of the assistant train from random weights: the preset `nano` with squared ReLU, by flags of `ftok train sft`; with Muon."""
KEYS = ("model.norm=rmsnorm", "model.positions=rotary", "model.mlp=relu2", "model.qk_norm=true", "model.qkv_bias=false", "model.projection_bias=false", "model.mlp_bias=false",
        "optimizer.matrices=muon", "schedule.learning_rate=3e-3")
FLAGS = [word for key in KEYS for word in ("--set", key)]
