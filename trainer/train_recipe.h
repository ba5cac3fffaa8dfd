// What a training run is told: presets, TOML files, `--set`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"
#include "trainer/model.h"
#include "trainer/training/learning_rate.h"
#include "trainer/training/optimizer.h"

namespace ftok {

// What decides the result of a run besides model, optimizer and schedule.
struct TrainingOptions {
  int64_t seed = 1;
  int64_t tokens_per_step = 524288;
  bool shuffle = true;
  bool document_mask = false;
  std::string precision = "fp32";
  std::string on_bad_loss = "stop";
  double spike_factor = 0;

  void visit(OptionVisitor& visitor) {
    visitor.field("seed", seed, "of the starting weights and of the order of the data");
    visitor.field("tokens_per_step", tokens_per_step, "a multiple of model.length (llm.c's run_gpt2_124M.sh: 524288)");
    visitor.field("shuffle", shuffle, "windows in a new random order every epoch; false: as they lie in the shards");
    visitor.field("document_mask", document_mask, "attention stays within a document");
    visitor.choice("precision", precision, {"fp32", "bf16"},
                   "bf16: activations and the weights that layers read are rounded to bfloat16 (slow on a CPU, to "
                   "compare with a GPU)");
    visitor.choice(
        "on_bad_loss", on_bad_loss, {"stop", "skip"},
        "a loss that is no number or a spike: stop the run, or leave the step's update out; ten in a row stop it");
    visitor.field("spike_factor", spike_factor,
                  "a loss above this many times the mean of the last 50 steps is a spike; 0: none is");
  }
};

// What may change from one start of a run to the next.
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
    visitor.field("steps", steps, "the whole run; the schedule ends there");
    visitor.field("micro_batch", micro_batch,
                  "sequences at a time: more need more memory, the sums are the same to rounding");
    visitor.field("threads", threads, "0: one a core; the bits do not depend on it");
    visitor.field("sample_every", sample_every, "steps between a validation loss and a sample; 0: never");
    visitor.field("sample_tokens", sample_tokens, "length of the sample");
    visitor.field("validation_windows", validation_windows, "windows of the validation shards that are looked at");
    visitor.field("checkpoint_every", checkpoint_every, "steps between checkpoints; the last step always makes one");
    visitor.field("keep", keep, "checkpoints to keep");
    visitor.choice("recompute", recompute, {"nothing", "gelu", "blocks"},
                   "what the backward pass makes again instead of keeping it: less memory, the same bits");
    visitor.field("shard_optimizer", shard_optimizer,
                  "several processes: each keeps its share of the moments (ZeRO stage 1)");
    visitor.field("peak_tflops", peak_tflops,
                  "of the machine, all processes together, for the MFU: (6 N + 6 L C T) tokens/s of it; 0: none");
    visitor.field("price_per_hour", price_per_hour, "of the machine, for the cost that is left; 0: none");
  }
};

struct TrainRecipe {
  std::string preset;      // the one it started from
  std::string vocabulary;  // a name or a file, for samples; "": samples are ids
  ModelConfig model;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  TrainingOptions training;
  TrainOptions run;

  void visit(OptionVisitor& visitor);  // the top level: preset and vocabulary

  // Throws UsageError naming the key that is out of range.
  void check() const;
  int64_t windows_per_step() const { return training.tokens_per_step / model.length; }
};

// Names of the presets with what each is.
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

// The text without [run]: what a folder's checkpoints are bound to.
std::string train_recipe_binding(TrainRecipe recipe);

}  // namespace ftok
