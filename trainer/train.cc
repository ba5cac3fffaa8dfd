#include "trainer/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <new>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "trainer/bits_per_byte.h"
#include "trainer/checkpoint.h"
#include "trainer/data/file_checksums.h"
#include "trainer/data/train_data.h"
#include "trainer/memory_need.h"
#include "trainer/sample.h"
#include "trainer/training/engine.h"
#include "trainer/training/line_log.h"
#include "trainer/training/step_log.h"

namespace ftok {
namespace {

constexpr int kBadStepsMax = 10;        // in a row, with on_bad_loss = "skip"
constexpr size_t kSpikeLossesMin = 10;  // a mean of fewer losses says little
constexpr double kPaceMemory = 0.9;     // of the mean time of a step, for what is left

// Whether the weights of one are those of the other: rotary positions have none, so the length may differ.
bool is_same_model(ModelConfig a, const ModelConfig& b) {
  if (b.has_rotary()) a.length = b.length;
  return a.canonical() == b.canonical();
}

std::span<std::byte> bytes_of(auto& values) { return std::as_writable_bytes(std::span(values)); }

constexpr std::string_view kValidationPart = "; validation: ";  // of what a checkpoint says of its data

class Run {
 public:
  Run(const TrainRecipe& recipe, const TrainInputs& inputs, TrainObserver& observer, const Log& log,
      Communicator& ranks)
      : recipe_(recipe),
        inputs_(inputs),
        observer_(observer),
        tell_(log),
        ranks_(ranks),
        engine_(inputs.make_engine ? inputs.make_engine(recipe, ranks) : make_cpu_engine(recipe, ranks)),
        data_(open_training_data(recipe, inputs)),
        validation_(open_validation_data(recipe, inputs, leads() ? log : no_log())) {
    if (validation_) {
      if (const std::string shared = validation_->shared_shard(data_); !shared.empty())
        throw UsageError(fmt::format("{}: is used for both training and validation", shared));
    }
    resume();
    if (!leads()) return;
    log_.emplace(inputs.output + "/log.jsonl", step_);
    log_->set_steps(recipe_.run.steps);
    samples_.emplace(inputs.output + "/samples.jsonl", step_);
    if (const std::string chat = chat_template_of(inputs); !chat.empty())
      write_file(inputs.output + "/" + kChatTemplateName, chat + "\n");
  }

  // False where it was stopped before the last step.
  bool run() {
    const uint64_t steps = static_cast<uint64_t>(recipe_.run.steps);
    if (leads())
      observer_.on_start(static_cast<int64_t>(step_) + 1, recipe_.run.steps, engine_->layout().parameters(),
                         data_.windows());
    if (leads() && step_ == 0 && recipe_.run.sample_every > 0) sample();  // what it knows to begin with
    while (step_ < steps) {
      const StepReport report = step();
      if (leads() && !told_about_ && !engine_->about().empty()) tell_(LogLevel::kInfo, engine_->about());
      told_about_ = true;
      const int64_t every = recipe_.run.sample_every;
      const bool looks = every > 0 && (report.step % every == 0 || report.step == report.steps);
      const std::optional<Validation> validation = looks ? validate() : std::nullopt;
      if (leads()) tell(report, looks, validation);
      const bool stops = stop_requested();
      if (report.step % recipe_.run.checkpoint_every == 0 || step_ == steps || stops) save();
      if (stops && step_ < steps) return false;
    }
    return true;
  }

 private:
  static Log no_log() {
    return [](LogLevel, const std::string&) {};
  }
  // All ranks stop where one of them is asked to.
  bool stop_requested() {
    std::vector<double> asked = {inputs_.stop && inputs_.stop() ? 1.0 : 0.0};
    if (ranks_.size() > 1) ranks_.all_reduce(std::span(asked));
    return asked[0] > 0;
  }

  bool leads() const { return ranks_.rank() == 0; }
  std::string checkpoints() const { return inputs_.output + "/checkpoints"; }

  void tell(const StepReport& report, bool looks, const std::optional<Validation>& validation) {
    log_->add(report, validation);
    const LossCurve& curve = log_->curve();
    observer_.on_step(report, curve);
    if (validation) observer_.on_validation(report.step, validation->loss);
    if (!looks) return;
    write_file(inputs_.output + "/loss.svg", loss_svg(curve, fmt::format("{}: loss after {} of {} steps",
                                                                         recipe_.preset, report.step, report.steps)));
    sample();
  }

  // Rank 0 reads, the others get it from there.
  void resume() {
    std::optional<Checkpoint> checkpoint;
    if (leads()) checkpoint = read_latest_checkpoint(checkpoints(), tell_);
    std::vector<uint64_t> numbers(4);
    if (checkpoint) {
      check_binding(*checkpoint);
      numbers = {1, checkpoint->step, checkpoint->windows_read, checkpoint->losses.size()};
    }
    ranks_.broadcast(bytes_of(numbers));
    if (numbers[0] == 0) return start();
    Checkpoint state = checkpoint ? std::move(*checkpoint) : Checkpoint{};
    const size_t size = static_cast<size_t>(engine_->layout().size());
    state.parameters.resize(size), state.first_moments.resize(size), state.second_moments.resize(size);
    state.losses.resize(numbers[3]);
    for (std::vector<float>* values : {&state.parameters, &state.first_moments, &state.second_moments})
      ranks_.broadcast(bytes_of(*values));
    ranks_.broadcast(bytes_of(state.losses));
    step_ = numbers[1], windows_read_ = numbers[2];
    recent_losses_ = std::move(state.losses);
    engine_->set_state({std::move(state.parameters), std::move(state.first_moments), std::move(state.second_moments)},
                       static_cast<int64_t>(step_));
  }

  void start() {
    if (inputs_.initial == nullptr) {
      std::vector<float> parameters(static_cast<size_t>(engine_->layout().size()));
      initialise<float>(engine_->layout(), recipe_.model.layers, static_cast<uint64_t>(recipe_.training.seed),
                        parameters);
      engine_->set_state({std::move(parameters), {}, {}}, 0);
      return;
    }
    if (!is_same_model(inputs_.initial->config, recipe_.model)) {
      throw UsageError(fmt::format("{}: the model's shape is not that of the recipe's [model]", inputs_.initial->path));
    }
    engine_->set_state({inputs_.initial->parameters, {}, {}}, 0);
  }

  // What a folder is bound to. Rank 0's: it reads all of the data, the first time and when its files have changed.
  const std::string& data_identity() {
    if (!data_identity_.empty()) return data_identity_;
    FileChecksums files(inputs_.output + "/" + kDataChecksumsName);
    data_identity_ = data_.description() + ", checksum " + data_.checksum(files);
    if (validation_)
      data_identity_ +=
          fmt::format("{}{}, checksum {}", kValidationPart, validation_->description(), validation_->checksum(files));
    files.save();
    return data_identity_;
  }

  void check_binding(const Checkpoint& checkpoint) {
    const std::string was = train_recipe_binding(parse_train_recipe(checkpoint.recipe, checkpoints()));
    if (const std::string difference = recipe_difference(was, train_recipe_binding(recipe_)); !difference.empty()) {
      throw UsageError(
          fmt::format("{} was trained with another recipe: {}; use another output folder", inputs_.output, difference));
    }
    check_data(checkpoint.data);
    if (checkpoint.parameters.size() != static_cast<size_t>(engine_->layout().size())) {
      throw Error(fmt::format("{}: the checkpoint is of a model of another shape", checkpoints()));
    }
  }

  // An imported model is bound to no data, one of 0.1.0 to the data's size alone; a run that began without validation
  // is not bound to be without it.
  void check_data(const std::string& was) {
    if (was.empty() || was == data_.description()) return;
    const auto training = [](const std::string& data) { return data.substr(0, data.find(kValidationPart)); };
    const auto validation = [&](const std::string& data) {
      return data.size() > training(data).size() ? data.substr(training(data).size() + kValidationPart.size()) : "";
    };
    const std::string& is = data_identity();
    if (training(was) != training(is)) {
      throw UsageError(fmt::format("{} was trained on {}, but the data is now {}; use another output folder",
                                   inputs_.output, training(was), training(is)));
    }
    if (!validation(was).empty() && validation(was) != validation(is)) {
      throw UsageError(
          fmt::format("{} was validated on {}, but the validation data is now {}; use another output folder",
                      inputs_.output, validation(was), validation_ ? validation(is) : "gone"));
    }
  }

  // The moments and weights are copied: memory for three more arrays while the file is written.
  void save() {
    EngineState state = engine_->state();
    if (!leads()) return;
    write_checkpoint(checkpoints(),
                     {train_recipe_text(recipe_, false), step_, windows_read_, data_identity(), recent_losses_,
                      std::move(state.parameters), std::move(state.first_moments), std::move(state.second_moments)},
                     recipe_.run.keep);
  }

  // This rank's windows of the step, in micro-batches.
  std::vector<Batch> read_batches() const {
    const uint64_t windows = static_cast<uint64_t>(recipe_.windows_per_step()),
                   ranks = static_cast<uint64_t>(ranks_.size());
    const uint64_t rank = static_cast<uint64_t>(ranks_.rank());
    const uint64_t begin = windows * rank / ranks, end = windows * (rank + 1) / ranks;
    const uint64_t micro = static_cast<uint64_t>(recipe_.run.micro_batch);
    std::vector<Batch> batches;
    for (uint64_t at = begin; at < end; at += micro) {
      batches.push_back(data_.batch(windows_read_ + at, static_cast<int64_t>(std::min(micro, end - at))));
    }
    return batches;
  }

  // gradients = those of the mean loss over all targets of the step that count; returns that loss, none where no target
  // counts.
  std::optional<double> make_gradients() {
    const std::vector<Batch> batches = read_batches();
    std::vector<double> counted = {0};
    for (const Batch& batch : batches) counted[0] += static_cast<double>(batch.counted());
    ranks_.all_reduce(std::span(counted));
    if (counted[0] == 0) return std::nullopt;
    engine_->clear_gradients();
    for (const Batch& batch : batches) {
      ranks_.check_ranks();
      engine_->add_gradients(batch.view(), 1 / counted[0]);
    }
    std::vector<double> loss = {engine_->take_loss()};
    ranks_.all_reduce(std::span(loss));
    engine_->reduce_gradients();
    return loss[0] / counted[0];
  }

  // What is wrong with the step's loss; "" when nothing is.
  std::string complaint(const StepReport& report) const {
    if (!std::isfinite(report.loss) || !std::isfinite(report.norm)) {
      return fmt::format("the loss is {} and the gradient norm {}", report.loss, report.norm);
    }
    if (recipe_.training.spike_factor <= 0 || recent_losses_.size() < kSpikeLossesMin) return "";
    const double mean =
        std::accumulate(recent_losses_.begin(), recent_losses_.end(), 0.0) / static_cast<double>(recent_losses_.size());
    if (report.loss <= recipe_.training.spike_factor * mean) return "";
    return fmt::format("the loss is {:.4f}, against a mean of {:.4f} over the {} steps before it", report.loss, mean,
                       recent_losses_.size());
  }

  // False where the step's update is left out. Throws where the run is to stop.
  bool accept(const StepReport& report) {
    const std::string why = complaint(report);
    if (why.empty()) {
      bad_steps_ = 0;
      recent_losses_.push_back(report.loss);
      if (recent_losses_.size() > kRecentLosses) recent_losses_.erase(recent_losses_.begin());
      return true;
    }
    const std::string message = fmt::format("step {}: {}; its {} windows begin at {}", report.step, why,
                                            recipe_.windows_per_step(), data_.place(windows_read_));
    if (recipe_.training.on_bad_loss == "stop") throw Error(message);
    if (++bad_steps_ >= kBadStepsMax) throw Error(fmt::format("{}; {} steps in a row were bad", message, bad_steps_));
    if (leads()) tell_(LogLevel::kWarning, message + "; the step is skipped");
    return false;
  }

  // A step without a target that counts, as a long message of a user is. Throws where the data has no other steps.
  void leave_out(int64_t step) {
    windows_without_targets_ += static_cast<uint64_t>(recipe_.windows_per_step());
    const std::string message = fmt::format("step {}: its {} windows, which begin at {}, have no target that counts",
                                            step, recipe_.windows_per_step(), data_.place(windows_read_));
    if (windows_without_targets_ >= data_.windows() + static_cast<uint64_t>(recipe_.windows_per_step()))
      throw Error(message + ", and neither has any window of the epoch before it");
    if (leads()) tell_(LogLevel::kWarning, message + "; the step is skipped");
  }

  StepReport step() {
    const auto start = std::chrono::steady_clock::now();
    StepReport report;
    report.step = static_cast<int64_t>(step_) + 1;
    report.steps = recipe_.run.steps;
    report.learning_rate = learning_rate_at(recipe_.schedule, report.step, recipe_.run.steps);
    const std::optional<double> loss = make_gradients();
    if (loss) {
      report.loss = *loss;
      report.norm = engine_->norm();
      windows_without_targets_ = 0;
      report.skipped = !accept(report);
    } else {
      report.loss = NAN;
      report.no_targets = report.skipped = true;
      leave_out(report.step);
    }
    if (!report.skipped) engine_->update(report.step, report.learning_rate, report.norm);
    ++step_;
    windows_read_ += static_cast<uint64_t>(recipe_.windows_per_step());
    measure(report, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return report;
  }

  void measure(StepReport& report, double seconds) {
    pace_ = pace_ == 0 ? seconds : kPaceMemory * pace_ + (1 - kPaceMemory) * seconds;
    report.tokens_per_second = static_cast<double>(recipe_.training.tokens_per_step) / seconds;
    report.seconds_left = pace_ * static_cast<double>(report.steps - report.step);
    if (recipe_.run.peak_tflops > 0) {
      report.mfu = recipe_.model.flops_per_token() * report.tokens_per_second / (recipe_.run.peak_tflops * 1e12);
    }
  }

  // Every rank takes its share of the validation windows.
  std::optional<Validation> validate() {
    if (!validation_) return std::nullopt;
    const uint64_t windows = std::min(static_cast<uint64_t>(recipe_.run.validation_windows), validation_->windows());
    const uint64_t ranks = static_cast<uint64_t>(ranks_.size()), rank = static_cast<uint64_t>(ranks_.rank());
    const uint64_t end = windows * (rank + 1) / ranks, micro = static_cast<uint64_t>(recipe_.run.micro_batch);
    std::vector<double> sums(3);  // of losses, of targets, of their bytes
    for (uint64_t at = windows * rank / ranks; at < end; at += micro) {
      const Batch batch = validation_->batch(at, static_cast<int64_t>(std::min(micro, end - at)));
      sums[0] += engine_->loss(batch.view());
      sums[1] += static_cast<double>(batch.counted());
      if (inputs_.encoding != nullptr) sums[2] += static_cast<double>(target_bytes(*inputs_.encoding, batch));
    }
    ranks_.all_reduce(std::span(sums));
    if (sums[1] > 0) return Validation{sums[0] / sums[1], bits_per_byte(sums[0], static_cast<uint64_t>(sums[2]))};
    if (leads() && !std::exchange(told_of_no_validation_, true)) {
      tell_(LogLevel::kWarning, fmt::format("nothing to validate: the {} windows have no target that counts", windows));
    }
    return std::nullopt;
  }

  // Ids where the vocabulary is not known.
  std::string text_of(const std::vector<uint32_t>& tokens) const {
    if (inputs_.encoding == nullptr) return fmt::format("{}", fmt::join(tokens, " "));
    std::string text;
    for (const uint32_t token : tokens) text += inputs_.encoding->token_bytes(token);
    return text;
  }

  void sample() {
    if (recipe_.run.sample_tokens == 0) return;
    const std::unique_ptr<TokenPredictor> decoder =
        make_cpu_decoder(recipe_.model, engine_->parameters(), thread_count(recipe_));
    const uint32_t first = inputs_.encoding == nullptr ? 0 : inputs_.encoding->end_of_text().value_or(0);
    SampleOptions options;
    options.encoding = inputs_.encoding;
    options.temperature = 0.8, options.top_p = 0.95,
    options.seed = static_cast<uint64_t>(recipe_.training.seed) + step_;
    std::vector<uint32_t> tokens;
    try {
      generate(*decoder, recipe_.model, {&first, 1}, recipe_.run.sample_tokens, options, [&](uint32_t token) {
        tokens.push_back(token);
        return true;
      });
    } catch (const Error& error) {  // weights that have diverged: training.on_bad_loss decides what becomes of the run
      return tell_(LogLevel::kWarning, fmt::format("step {}: no sample: {}", step_, error.what()));
    }
    JsonWriter json;
    json.begin_object().field("step", step_).field("text", text_of(tokens)).end_object();
    samples_->add(json.text());
    observer_.on_sample(static_cast<int64_t>(step_), tokens);
  }

  const TrainRecipe& recipe_;
  const TrainInputs& inputs_;
  TrainObserver& observer_;
  Log tell_;
  Communicator& ranks_;
  std::unique_ptr<Engine> engine_;
  Mixture data_;
  std::optional<Mixture> validation_;
  std::optional<StepLog> log_;      // rank 0's
  std::optional<LineLog> samples_;  // rank 0's
  uint64_t step_ = 0, windows_read_ = 0;
  std::vector<double> recent_losses_;
  int bad_steps_ = 0;
  uint64_t windows_without_targets_ = 0;  // of the last steps, in a row
  std::string data_identity_;
  bool told_of_no_validation_ = false;
  double pace_ = 0;  // seconds per step
  bool told_about_ = false;
};

void check(const TrainRecipe& recipe, const TrainInputs& inputs, int ranks) {
  recipe.check();
  if (inputs.data.empty()) throw UsageError("no training data: expected at least one folder or shard");
  if (inputs.encoding != nullptr && inputs.encoding->n_vocab() > static_cast<uint64_t>(recipe.model.vocabulary_size)) {
    throw UsageError(
        fmt::format("vocabulary = \"{}\" has {} ids, but model.vocabulary_size = {}; change one of the two",
                    recipe.vocabulary, inputs.encoding->n_vocab(), recipe.model.vocabulary_size));
  }
  if (recipe.windows_per_step() < ranks) {
    throw UsageError(fmt::format("training.tokens_per_step: {} windows per step are too few for {} processes",
                                 recipe.windows_per_step(), ranks));
  }
  check_stages(recipe, inputs);
  const std::string complaint = inputs.make_engine ? "" : memory_complaint(recipe, ranks, physical_memory_bytes());
  if (!complaint.empty()) throw Error("out of memory: " + complaint);
}

}  // namespace

bool train(const TrainRecipe& recipe, const TrainInputs& inputs, TrainObserver& observer, const Log& log) {
  const std::unique_ptr<Communicator> single = make_single_communicator();
  Communicator& ranks = inputs.ranks == nullptr ? *single : *inputs.ranks;
  check(recipe, inputs, ranks.size());
  for (size_t i = 0; ranks.rank() == 0 && i < recipe.mixture.size(); ++i) {
    if (recipe.mixture[i].from_step > recipe.run.steps)
      log(LogLevel::kWarning, fmt::format("mixture.stage {} begins at step {}, but the run's last is {}", i + 1,
                                          recipe.mixture[i].from_step, recipe.run.steps));
  }
  std::optional<FolderLock> lock;
  if (ranks.rank() == 0) {
    make_folder(inputs.output);
    lock.emplace(inputs.output);
    remove_temporaries(inputs.output);
    remove_temporaries(inputs.output + "/checkpoints");
  }
  try {
    return Run(recipe, inputs, observer, log, ranks).run();
  } catch (const std::bad_alloc&) {
    throw Error(
        fmt::format("out of memory: this run needs about {:.1f} GB; a smaller run.micro_batch or run.recompute = "
                    "\"blocks\" needs less",
                    static_cast<double>(memory_need(recipe, ranks.size()).total()) * 1e-9));
  }
}

}  // namespace ftok
