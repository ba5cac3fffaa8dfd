// The recipe of a training run: presets, TOML files, assignments to keys.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"
#include "trainer/learning_rate.h"
#include "trainer/model.h"
#include "trainer/optimizer_options.h"

namespace ftok {

// The keys, besides those of model, optimizer and schedule, that decide the result of a run.
struct TrainingOptions {
  int64_t seed = 1;
  int64_t tokens_per_step = 524288;
  bool shuffle = true;
  bool document_mask = false;
  bool whole_documents = false;
  std::string precision = "fp32";
  std::string on_bad_loss = "stop";
  double spike_factor = 0;

  void visit(OptionVisitor& visitor) {
    visitor.field("seed", seed, "seed of the initial weights and of the order of the data");
    visitor.field("tokens_per_step", tokens_per_step,
                  "tokens per step, a multiple of model.length (llm.c's run_gpt2_124M.sh: 524288)");
    visitor.field("shuffle", shuffle,
                  "read the windows in a new random order every epoch; false: in the order of the shards");
    visitor.field("document_mask", document_mask, "keep attention within a document");
    visitor.field(
        "whole_documents", whole_documents,
        "fill windows with whole documents and padding without loss, so that none is read from its middle on; "
        "with document_mask");
    visitor.choice(
        "precision", precision, {"fp32", "bf16"},
        "bf16 rounds activations and the weights that layers read to bfloat16 (slow on a CPU; for comparison "
        "with a GPU)");
    visitor.choice(
        "on_bad_loss", on_bad_loss, {"stop", "skip"},
        "what to do when a loss is not a number or is a spike: stop the run, or skip the step; ten in a row stop it");
    visitor.field("spike_factor", spike_factor,
                  "a loss above this many times the mean of the last 50 steps is a spike; 0: no loss is");
  }
};

// The keys that may change when a run is resumed.
struct TrainOptions {
  int64_t steps = 18865;
  int64_t micro_batch = 4;
  int64_t threads = 0;
  int64_t sample_every = 250;
  int64_t sample_tokens = 64;
  int64_t validation_windows = 64;
  int64_t checkpoint_every = 250;
  int64_t keep = 3;
  std::string recompute = "nothing";
  bool shard_optimizer = false;
  double peak_tflops = 0;
  double price_per_hour = 0;

  void visit(OptionVisitor& visitor) {
    visitor.field("steps", steps, "steps of the whole run; the learning rate schedule ends with the last");
    visitor.field("micro_batch", micro_batch,
                  "sequences computed at a time; more take more memory and give the same sums up to rounding");
    visitor.field("threads", threads, "threads; 0: one per core; any number gives the same bits");
    visitor.field("sample_every", sample_every, "steps between validation losses, each with a sample; 0: never");
    visitor.field("sample_tokens", sample_tokens, "tokens in a sample");
    visitor.field("validation_windows", validation_windows,
                  "windows of the validation shards that a validation loss reads");
    visitor.field("checkpoint_every", checkpoint_every, "steps between checkpoints; the last step always writes one");
    visitor.field("keep", keep, "checkpoints to keep, the newest");
    visitor.choice("recompute", recompute, {"nothing", "gelu", "blocks"},
                   "what the backward pass recomputes instead of keeping: less memory, the same bits");
    visitor.field("shard_optimizer", shard_optimizer,
                  "with several processes, each keeps only its share of the moments (ZeRO stage 1)");
    visitor.field(
        "peak_tflops", peak_tflops,
        "peak of the machine, all processes together, for the MFU: (6 N + 6 L C T) tokens/s of it; 0: no MFU");
    visitor.field("price_per_hour", price_per_hour,
                  "price of the machine per hour, for the remaining cost; 0: not shown");
  }
};

// [[mixture.stage]]: the shares of the data from a step on, in place of those that --data gives.
struct MixtureStage {
  int64_t from_step = 1;
  std::map<std::string, double> weights;

  void visit(OptionVisitor& visitor) {
    visitor.field("from_step", from_step, "the first step, from 1, with these shares");
    visitor.field(
        "weights", weights,
        "shares of the data by the last part of their paths, relative to each other; what is not named is left "
        "out");
  }
};

struct TrainRecipe {
  std::string preset;      // the one it started from
  std::string vocabulary;  // a name or a file, for samples; "": samples are ids
  ModelConfig model;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  TrainingOptions training;
  std::vector<MixtureStage> mixture;  // by rising from_step
  TrainOptions run;

  void visit(OptionVisitor& visitor);  // the top level: preset and vocabulary

  // Throws UsageError naming the key that is out of range.
  void check() const;
  int64_t windows_per_step() const { return training.tokens_per_step / model.length; }
};

// Names of the presets, each with a description.
std::vector<std::pair<std::string, std::string>> train_presets();

bool is_train_preset(const std::string& name);

// A preset by name, or a TOML file (whose key `preset` says what its other keys start from), with assignments
// "section.key=value" on top. Checked. Throws UsageError naming what is wrong.
TrainRecipe load_train_recipe(const std::string& name_or_path, const std::vector<std::string>& assignments);

// Which keys of the vocabulary the file or the assignments set; a preset sets none.
struct VocabularyKeys {
  bool name = false, size = false;  // vocabulary, model.vocabulary_size
};
VocabularyKeys vocabulary_keys(const std::string& name_or_path, const std::vector<std::string>& assignments);

// "model.KEY=VALUE" of every key.
std::vector<std::string> model_assignments(ModelConfig model);

// The recipe in a checkpoint.
TrainRecipe parse_train_recipe(const std::string& toml, const std::string& name);

std::string train_recipe_text(TrainRecipe recipe, bool with_help);

// The recipe's text without [run], to which a folder's checkpoints are bound.
std::string train_recipe_binding(TrainRecipe recipe);

}  // namespace ftok
