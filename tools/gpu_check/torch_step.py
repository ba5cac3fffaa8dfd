#!/usr/bin/env python3
"""Measures PyTorch on the same step and the same GPU: GPT-2, or Llama's equations at 124M, at T = 1024, 524,288 tokens per step, torch.compile, bfloat16, SDPA, fused
AdamW. Prints one JSON object; tokens are random.

  torch_step.py --model 124M|350M|774M|1558M|llama-124m [--attention default|cudnn|flash] [--seconds S] [--micro-batch B]
"""
import argparse, contextlib, json, math, time

import torch, torch.nn as nn, torch.nn.functional as F

T, VOCABULARY, TOKENS = 1024, 50304, 524288
SHAPES = {"124M": (12, 12, 768, 32), "350M": (24, 16, 1024, 16), "774M": (36, 20, 1280, 8), "1558M": (48, 25, 1600, 8),  # L, H, C, B
          "llama-124m": (12, 12, 768, 32)}
LLAMA_INNER = 2048  # channels inside the MLP
ROPE_THETA = 10000
BACKENDS = {"cudnn": "CUDNN_ATTENTION", "flash": "FLASH_ATTENTION"}


class Block(nn.Module):
    def __init__(self, C, H):
        super().__init__()
        self.H = H
        self.ln_1, self.ln_2 = nn.LayerNorm(C), nn.LayerNorm(C)
        self.qkv, self.projection = nn.Linear(C, 3 * C), nn.Linear(C, C)
        self.fc, self.out = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

    def forward(self, x):
        B, _, C = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(B, T, 3, self.H, C // self.H).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + self.projection(y)
        return x + self.out(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self, L, H, C):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(VOCABULARY, C), nn.Embedding(T, C)
        self.blocks, self.ln_f = nn.ModuleList(Block(C, H) for _ in range(L)), nn.LayerNorm(C)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe(torch.arange(T, device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy((self.ln_f(x) @ self.wte.weight.T).flatten(0, 1).float(), targets.flatten())


class LlamaBlock(nn.Module):
    def __init__(self, C, H):
        super().__init__()
        self.H = H
        self.norm_1, self.norm_2 = nn.RMSNorm(C, eps=1e-5), nn.RMSNorm(C, eps=1e-5)
        self.qkv, self.projection = nn.Linear(C, 3 * C, bias=False), nn.Linear(C, C, bias=False)
        self.gate_up, self.out = nn.Linear(C, 2 * LLAMA_INNER, bias=False), nn.Linear(LLAMA_INNER, C, bias=False)

    def forward(self, x, cosines, sines):
        B, _, C = x.shape
        q, k, v = self.qkv(self.norm_1(x)).view(B, T, 3, self.H, C // self.H).permute(2, 0, 3, 1, 4)
        q, k = (turned(y, cosines, sines) for y in (q, k))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + self.projection(y)
        gate, up = self.gate_up(self.norm_2(x)).chunk(2, -1)
        return x + self.out(F.silu(gate) * up)


def turned(x, cosines, sines):
    first, second = x.chunk(2, -1)
    return torch.cat((first * cosines - second * sines, second * cosines + first * sines), -1).to(x.dtype)


class Llama(nn.Module):
    """RMSNorm, rotary positions, SwiGLU, no biases, tied head: ftok's preset `llama-124m`."""
    def __init__(self, L, H, C):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, C)
        self.blocks, self.norm = nn.ModuleList(LlamaBlock(C, H) for _ in range(L)), nn.RMSNorm(C, eps=1e-5)
        D = C // H
        angles = torch.outer(torch.arange(T), ROPE_THETA ** (-torch.arange(0, D, 2) / D))
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, tokens, targets):
        x = self.wte(tokens)
        for block in self.blocks:
            x = block(x, self.cosines, self.sines)
        return F.cross_entropy((self.norm(x) @ self.wte.weight.T).flatten(0, 1).float(), targets.flatten())


def make_model(name):
    L, H, C, _ = SHAPES[name]
    return (Llama if name.startswith("llama") else GPT2)(L, H, C)


def chosen_attention(name):
    """A context in which SDPA is done by one back end; by PyTorch's choice for "default"."""
    if name == "default":
        return contextlib.nullcontext()
    from torch.nn.attention import SDPBackend, sdpa_kernel
    return sdpa_kernel(getattr(SDPBackend, BACKENDS[name]))


def attention_that_runs(H, D):
    """The back end that SDPA takes here, by the names of its kernels; "?" where they cannot be seen."""
    try:
        from torch.profiler import ProfilerActivity, profile
        q = torch.randn(4, H, T, D, device="cuda", dtype=torch.bfloat16)
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            F.scaled_dot_product_attention(q, q, q, is_causal=True)
            torch.cuda.synchronize()
        names = " ".join(event.key.lower() for event in seen.key_averages())
    except Exception:
        return "?"
    return next((back_end for word, back_end in (("cudnn", "cuDNN"), ("flash", "FlashAttention"), ("fmha", "memory-efficient")) if word in names), "?")


def bench(name, seconds_min, micro_batch):
    B = micro_batch or SHAPES[name][3]
    torch.manual_seed(1)
    model = make_model(name).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    compiled = torch.compile(model)
    tokens = torch.randint(VOCABULARY, (B, T + 1), device="cuda")
    parts = TOKENS // (B * T)

    def step():
        for _ in range(parts):
            with torch.autocast("cuda", torch.bfloat16):
                loss = compiled(tokens[:, :-1], tokens[:, 1:])
            (loss / parts).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    begin = time.perf_counter()
    step(), step()
    torch.cuda.synchronize()
    prepared = time.perf_counter() - begin
    seconds = []
    while len(seconds) < 2 or math.fsum(seconds) < seconds_min:
        begin = time.perf_counter()
        step()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return {"micro_batch": B, "tokens_per_second": round(TOKENS * len(seconds) / math.fsum(seconds)), "best": round(TOKENS / min(seconds)),
            "seconds_to_prepare": round(prepared, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=SHAPES, required=True)
    parser.add_argument("--attention", choices=["default", *BACKENDS], default="default")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--micro-batch", type=int, default=0)
    arguments = parser.parse_args()
    line = {"model": arguments.model, "what": f"PyTorch {torch.__version__}, {arguments.attention} attention"}
    failed = False
    try:
        torch.backends.cuda.matmul.allow_tf32 = True
        with chosen_attention(arguments.attention):
            line["attention"] = attention_that_runs(SHAPES[arguments.model][1], SHAPES[arguments.model][2] // SHAPES[arguments.model][1])
            line |= bench(arguments.model, arguments.seconds, arguments.micro_batch)
    except Exception as error:
        failed = True
        line["failed"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    print(json.dumps(line), flush=True)
    raise SystemExit(failed)


main()
