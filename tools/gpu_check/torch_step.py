#!/usr/bin/env python3
"""What PyTorch makes of the same step on the same GPU: GPT-2 at T = 1024, 524,288 tokens a step, torch.compile, bfloat16, SDPA, fused
AdamW. One JSON object a size; tokens are random."""
import json, math, time

import torch, torch.nn as nn, torch.nn.functional as F

T, VOCABULARY, TOKENS = 1024, 50304, 524288


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


def bench(name, L, H, C, B):
    torch.manual_seed(1)
    model = GPT2(L, H, C).cuda()
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

    step(), step()
    torch.cuda.synchronize()
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        step()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    best = min(seconds)
    print(json.dumps({"model": name, "what": "PyTorch " + torch.__version__, "micro_batch": B,
                      "tokens_per_second": round(TOKENS * len(seconds) / math.fsum(seconds)), "best": round(TOKENS / best)}), flush=True)


for shape in (("124M", 12, 12, 768, 32), ("350M", 24, 16, 1024, 16)):
    try:
        bench(*shape)
    except torch.OutOfMemoryError:
        print(json.dumps({"model": shape[0], "what": "PyTorch", "failed": "out of memory"}), flush=True)
    torch.cuda.empty_cache()
