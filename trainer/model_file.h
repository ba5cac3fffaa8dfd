// Models as others keep them, and ftok's own: read into one flat array of parameters (trainer/model.h), and written.
//
//   ftok           a checkpoint, or a folder of `ftok train`
//   Hugging Face   model.safetensors with config.json beside it, of a GPT-2, Llama, Mistral or Qwen
//                  (trainer/files/hugging_face_config.h); a GPT-2 without config.json too. "transformer." or "model."
//                  may stand before the names; the buffers attn.bias and attn.masked_bias are left out.
//                  Or several files and model.safetensors.index.json, {"weight_map": {TENSOR: FILE}}
//   llm.c          GPT-2 .bin: int32[256] header 20240326, 3 (fp32) or 5 (bf16), maxT, V, L, NH, C, padded V; then wte,
//                  wpe, ln1w,
//                  ln1b, qkvw, qkvb, attprojw, attprojb, ln2w, ln2b, fcw, fcb, fcprojw, fcprojb, lnfw, lnfb, each
//                  stacked over
//                  the layers, linear weights output x input
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "tokenizer/vocabulary.h"
#include "trainer/model.h"

namespace ftok {

struct ModelFile {
  ModelConfig config;
  std::vector<float> parameters;  // as ParameterLayout(config) lays them out
  std::string format;             // "ftok checkpoint", "safetensors", "llm.c fp32", "llm.c bf16"
  std::string path;               // of the file it was read from
  std::string vocabulary;  // the name that the file gives, or the path of a tokenizer.json beside it; "" for none
  std::string recipe;      // an ftok checkpoint's recipe, in TOML
  uint64_t step = 0;       // of an ftok checkpoint
  std::optional<uint32_t> begin_of_text = {};  // that config.json names
  std::vector<uint32_t> ends_of_text = {};     // likewise
};

// Reads any of the above: a file, or a folder (an ftok run, its checkpoints/, or one with model.safetensors or its
// index). `heads` is for a GPT-2's safetensors without config.json, 0: channels / 64, as all of its sizes have it.
// Throws UsageError when there is no such thing, Error naming the file and the tensor when it is damaged, holds a
// weight that is not a finite number, or is not a model that ftok computes.
ModelFile read_model(const std::string& path, int64_t heads, const Log& log);

struct HuggingFaceOptions {
  int64_t end_of_text = -1;                 // below 0: none is named
  bool bfloat16 = false;                    // else fp32
  uint64_t file_bytes_max = 5'000'000'000;  // of a file's tensors, where it has more than one; then there is an index
};

// model.safetensors and config.json in `folder`, which transformers' from_pretrained reads. Padded rows of the
// embedding are left out. Throws UsageError where Hugging Face has no such model.
void write_hugging_face(const std::string& folder, const ModelConfig& config, const std::vector<float>& parameters,
                        const HuggingFaceOptions& options);

// GPT-2 alone: throws UsageError for others.
void write_llmc(const std::string& path, const ModelConfig& config, const std::vector<float>& parameters,
                bool bfloat16);

struct GgufOptions {
  const Vocabulary* vocabulary = nullptr;  // the model's
  std::string name;                        // "general.name"
  std::string chat_template;               // Jinja; "": none
  std::optional<uint32_t> end_of_text, end_of_answer;
  bool bfloat16 = false;  // matrices; else fp32
};

// One file for llama.cpp and what is built on it (GGUF version 3; github.com/ggml-org/ggml, docs/gguf.md): weights,
// vocabulary and chat template. Complete or absent. Throws UsageError where llama.cpp has no such model or does not
// know the vocabulary's pattern, and where the vocabulary has more tokens than the model.
void write_gguf(const std::string& path, const ModelConfig& config, const std::vector<float>& parameters,
                const GgufOptions& options);

}  // namespace ftok
