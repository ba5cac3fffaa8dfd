#!/usr/bin/env python3
"""summary.py REPORT: the training steps of a report of tools/gpu_check/run, one line per model: tokens per second, MFU, what computed attention, the
best of PyTorch beside it, and whether the goal was reached. Names what is missing."""
import json, sys

BARS = {"124M": 600_000, "350M": 220_000, "774M": None, "1558M": 55_000, "llama-124m": None}
RATIO_MIN = 1.15  # of PyTorch's best
MFU_RATIOS_MIN = {("llama-124m", "124M"): 0.9}  # of the one's MFU to the other's, each by its own arithmetic


def lines(path):
    with open(path, errors="replace") as report:
        for line in report:
            if line.startswith("{"):
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    pass  # cut short


def verdict(reached):
    return "reached" if reached else "MISSED"


def main(path):
    own, torch = {}, {}
    for line in lines(path):
        if "tokens_per_second" not in line:
            continue
        if line["what"] == "default":
            own[line["model"]] = line
        elif line["what"].startswith("PyTorch"):
            best = torch.get(line["model"])
            if best is None or line["tokens_per_second"] > best["tokens_per_second"]:
                torch[line["model"]] = line
    for model, bar in BARS.items():
        mine, other = own.get(model), torch.get(model)
        if mine is None:
            print(f"{model}: not measured" + (f"; PyTorch {other['tokens_per_second']:,}" if other else ""))
            continue
        text = f"{model}: {mine['tokens_per_second']:,} tokens/s, MFU {mine['mfu_of_datasheet']:.1%} of the datasheet's peak, {mine['mfu_of_measured']:.1%} of a measured one"
        if bar is not None:
            text += f"; bar {bar:,} {verdict(mine['tokens_per_second'] >= bar)}"
        if other is None:
            text += "; PyTorch not measured"
        else:
            ratio = mine["tokens_per_second"] / other["tokens_per_second"]
            text += f"; {ratio:.2f} times PyTorch's best ({other['tokens_per_second']:,}, {other['what']}, by {other['attention']}), {RATIO_MIN} {verdict(ratio >= RATIO_MIN)}"
        print(text + f"; {mine['attention']}")
    for (model, other), bar in MFU_RATIOS_MIN.items():
        missing = [name for name in (model, other) if name not in own]
        if missing:
            print(f"{model}'s MFU beside {other}'s: {' and '.join(missing)} not measured")
            continue
        ratio = own[model]["mfu_of_datasheet"] / own[other]["mfu_of_datasheet"]
        print(f"{model}'s MFU is {ratio:.1%} of {other}'s; {bar:.0%} {verdict(ratio >= bar)}")


main(sys.argv[1])
