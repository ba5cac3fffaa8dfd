// A training run: batches in, a model, its checkpoints and its log out.
//
// Output folder: checkpoints/step-NNNNNNNNN.ckpt (trainer/checkpoint.h), log.jsonl with one object per step,
// samples.jsonl with the text of each sample, and loss.svg. A run in a folder that holds checkpoints resumes from the
// latest complete one, bit for bit as if it had never stopped (its logs are truncated to that step). A folder is bound
// to its recipe ([run] aside) and to the bytes and shares of its data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "tokenizer/encoding.h"
#include "trainer/communicator.h"
#include "trainer/loss_curve.h"
#include "trainer/model_file.h"
#include "trainer/train_recipe.h"

namespace ftok {

// Does a run's arithmetic: the CPU here, a GPU (trainer/cuda_back_end.h).
class Engine;
using EngineFactory = std::function<std::unique_ptr<Engine>(const TrainRecipe& recipe, Communicator& ranks)>;

// In an output folder: the chat template of the data, as JSON, where the data has one.
inline constexpr char kChatTemplateName[] = "chat.json";

struct StepReport {
  int64_t step = 0, steps = 0;  // 1, 2, ... of the run's steps
  double loss = 0;              // nats per token, mean over the step's targets, before the update
  double norm = 0;              // gradient norm before clipping
  double learning_rate = 0;
  double tokens_per_second = 0;  // of all processes together
  double mfu = 0;                // share of run.peak_tflops, from 0 to 1; 0 where that is not known
  double seconds_left = 0;       // at the pace of the last steps
  bool skipped = false;          // a bad loss, or no loss at all: no update was made
  bool no_targets = false;       // no target of the step counts: loss is NaN
};

// Told of a run's progress; called on the run's thread, by rank 0 alone.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_start(int64_t first_step, int64_t steps, int64_t parameters, uint64_t windows) = 0;
  virtual void on_step(const StepReport& report, const LossCurve& curve) = 0;
  virtual void on_validation(int64_t step, double loss) = 0;
  virtual void on_sample(int64_t step, const std::vector<uint32_t>& tokens) = 0;
};

// A folder of shards, or one shard.
struct DataPath {
  std::string path;
  double weight = 0;  // relative share of the windows; 0 for all folders: in proportion to their windows
};

struct TrainInputs {
  std::vector<DataPath> data;
  std::string output;                  // a folder, created when missing
  const Encoding* encoding = nullptr;  // the shards' vocabulary; null when unknown: samples then begin with token 0
  const ModelFile* initial = nullptr;  // weights to start from in a new folder; null: random ones
  std::string validation;              // a folder or a shard; "": the "val" shards of the data's folders, or none
  Communicator* ranks = nullptr;       // null: this process alone. All ranks get the same inputs
  EngineFactory make_engine;           // empty: the CPU's
  std::function<bool()> stop = {};     // asked after every step; true ends the run with a checkpoint
};

// Trains until recipe.run.steps steps are done; false when inputs.stop ended the run before. Throws UsageError when
// recipe, data, vocabulary and the contents of the folder do not fit together, Error when a file cannot be read or
// written, memory does not suffice, or losses are bad (naming the step and the place of its batch).
bool train(const TrainRecipe& recipe, const TrainInputs& inputs, TrainObserver& observer, const Log& log);

}  // namespace ftok
