#include "trainer/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "shards/manifest.h"
#include "trainer/checkpoint.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/loader.h"
#include "trainer/network.h"
#include "trainer/optimizer.h"
#include "trainer/sample.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

// log.jsonl, appended to a line at a time.
class StepLog {
 public:
  // Keeps the lines of steps up to `step`: what a killed run wrote beyond its last checkpoint goes.
  StepLog(const std::string& path, uint64_t step) : path_(path) {
    if (fs::exists(path)) write_file(path, lines_up_to(read_file(path), step));
    file_ = std::fopen(path.c_str(), "ab");
    if (file_ == nullptr) throw_errno("cannot write " + path, errno);
  }
  ~StepLog() { std::fclose(file_); }
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  void add(const StepReport& report, std::optional<double> validation_loss) {
    JsonWriter json;
    json.begin_object().field("step", report.step).field("loss", report.loss);
    json.field("tokens_per_second", std::round(report.tokens_per_second * 10) / 10).field("norm", report.norm);
    json.field("lr", report.learning_rate);
    if (validation_loss) json.field("validation_loss", *validation_loss);
    const std::string line = json.end_object().text() + "\n";
    if (std::fwrite(line.data(), 1, line.size(), file_) != line.size() || std::fflush(file_) != 0) {
      throw_errno("cannot write " + path_, errno);
    }
  }

 private:
  static std::string lines_up_to(const std::string& text, uint64_t step) {
    constexpr std::string_view kStart = "{\"step\":";
    std::string kept;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos || text.compare(begin, kStart.size(), kStart) != 0) break;  // cut short
      if (std::strtoull(text.c_str() + begin + kStart.size(), nullptr, 10) > step) break;
      kept.append(text, begin, end + 1 - begin);
      begin = end + 1;
    }
    return kept;
  }

  std::string path_;
  std::FILE* file_ = nullptr;
};

int thread_count(int64_t asked) {
  return asked > 0 ? static_cast<int>(asked) : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Holds the recipe against the folder's manifest, where it has one, and says how documents are told apart.
LoaderOptions loader_options(const TrainRecipe& recipe, const TrainInputs& inputs) {
  LoaderOptions options{recipe.model.length, static_cast<uint64_t>(recipe.model.vocabulary_size),
                        static_cast<uint64_t>(recipe.training.seed), recipe.training.shuffle, std::nullopt, true};
  std::optional<uint32_t> end_of_text = inputs.encoding == nullptr ? std::nullopt : inputs.encoding->end_of_text();
  const std::string path = inputs.data + "/" + kManifestName;
  if (fs::exists(path)) {
    const Manifest manifest = read_manifest(path);
    if (manifest.vocabulary.size > options.vocabulary_size) {
      throw UsageError(fmt::format("{}: encoded with {} of {} ids, but model.vocabulary_size = {}", inputs.data,
                                   manifest.vocabulary.name, manifest.vocabulary.size, options.vocabulary_size));
    }
    if (inputs.encoding != nullptr && manifest.vocabulary.digest != inputs.encoding->digest()) {
      throw UsageError(fmt::format("{}: encoded with the vocabulary {}, but vocabulary = \"{}\" is another", inputs.data,
                                   manifest.vocabulary.name, recipe.vocabulary));
    }
    end_of_text = static_cast<uint32_t>(manifest.vocabulary.end_of_text);
    options.end_of_text_first = manifest.placement == EndOfText::kBefore;
    if (manifest.placement == EndOfText::kNone) end_of_text = std::nullopt;
  }
  if (recipe.training.document_mask) {
    if (!end_of_text) throw UsageError("training.document_mask: these shards do not say where documents end");
    options.document_mask_end_of_text = end_of_text;
  }
  return options;
}

class Run {
 public:
  Run(const TrainRecipe& recipe, const TrainInputs& inputs, TrainObserver& observer, const Log& log)
      : recipe_(recipe), inputs_(inputs), observer_(observer), lock_((make_folder(inputs.output), inputs.output)),
        layers_(make_cpu_layers<float>(thread_count(recipe.run.threads))), network_(recipe.model, *layers_),
        optimizer_(network_.layout(), recipe.optimizer, *layers_),
        data_(find_shards(inputs.data, Split::kTrain), loader_options(recipe, inputs)) {
    open_validation(log);
    resume(log);
    log_.emplace(inputs.output + "/log.jsonl", step_);
  }

  void run() {
    const uint64_t steps = static_cast<uint64_t>(recipe_.run.steps);
    observer_.on_start(static_cast<int64_t>(step_) + 1, recipe_.run.steps, network_.layout().parameters(), data_.windows());
    while (step_ < steps) {
      const StepReport report = step();
      observer_.on_step(report);
      const int64_t every = recipe_.run.sample_every;
      const bool looks = every > 0 && (report.step % every == 0 || report.step == report.steps);
      const std::optional<double> loss = looks ? validate() : std::nullopt;
      if (loss) observer_.on_validation(report.step, *loss);
      if (looks) sample();
      log_->add(report, loss);
      if (report.step % recipe_.run.checkpoint_every == 0 || step_ == steps) save();
    }
  }

 private:
  std::string checkpoints() const { return inputs_.output + "/checkpoints"; }

  void open_validation(const Log& log) {
    LoaderOptions options = loader_options(recipe_, inputs_);
    options.shuffle = false;
    try {
      validation_.emplace(find_shards(inputs_.data, Split::kValidation), options);
    } catch (const Error& error) {
      log(LogLevel::kWarning, fmt::format("no validation: {}", error.what()));
    }
  }

  void resume(const Log& log) {
    std::optional<Checkpoint> checkpoint = read_latest_checkpoint(checkpoints(), log);
    if (!checkpoint && inputs_.initial != nullptr) {
      if (inputs_.initial->config != recipe_.model) {
        throw UsageError(fmt::format("{} is a model of another shape than the recipe's [model]", inputs_.initial->path));
      }
      network_.parameters() = inputs_.initial->parameters;
      return;
    }
    if (!checkpoint) {
      initialise(network_.layout(), recipe_.model.layers, static_cast<uint64_t>(recipe_.training.seed), network_.parameters());
      return;
    }
    const std::string was = train_recipe_binding(parse_train_recipe(checkpoint->recipe, checkpoints()));
    if (const std::string difference = recipe_difference(was, train_recipe_binding(recipe_)); !difference.empty()) {
      throw UsageError(fmt::format("{} belongs to another recipe: {}; choose another --output", inputs_.output, difference));
    }
    if (checkpoint->windows_in_data != data_.windows()) {
      throw UsageError(fmt::format("{} was trained on {} windows, {} has {}; choose another --output", inputs_.output,
                                   checkpoint->windows_in_data, inputs_.data, data_.windows()));
    }
    if (checkpoint->parameters.size() != network_.parameters().size()) {
      throw Error(fmt::format("{}: a checkpoint of another shape", checkpoints()));
    }
    step_ = checkpoint->step;
    windows_read_ = checkpoint->windows_read;
    network_.parameters() = std::move(checkpoint->parameters);
    optimizer_.first_moments() = std::move(checkpoint->first_moments);
    optimizer_.second_moments() = std::move(checkpoint->second_moments);
  }

  void save() {
    // The moments and weights are copied: memory for three more arrays while the file is written.
    write_checkpoint(checkpoints(),
                     {train_recipe_text(recipe_, false), step_, windows_read_, data_.windows(), network_.parameters(),
                      optimizer_.first_moments(), optimizer_.second_moments()},
                     recipe_.run.keep);
  }

  StepReport step() {
    const auto start = std::chrono::steady_clock::now();
    const int64_t windows = recipe_.windows_per_step();
    const double targets = static_cast<double>(recipe_.training.tokens_per_step);
    network_.clear_gradients();
    double loss = 0;
    for (int64_t done = 0; done < windows; done += recipe_.run.micro_batch) {
      const Batch batch = data_.batch(windows_read_ + static_cast<uint64_t>(done),
                                      std::min(recipe_.run.micro_batch, windows - done));
      loss += network_.accumulate_gradients(batch.view(), 1 / targets);
    }
    StepReport report;
    report.step = static_cast<int64_t>(step_) + 1;
    report.steps = recipe_.run.steps;
    report.loss = loss / targets;
    report.norm = optimizer_.norm(network_.gradients());
    if (!std::isfinite(report.loss) || !std::isfinite(report.norm)) {
      throw Error(fmt::format("step {}: the loss is {}, the gradient's norm {}; its {} windows begin at {}", report.step,
                              report.loss, report.norm, windows, data_.place(windows_read_)));
    }
    report.learning_rate = learning_rate_at(recipe_.schedule, report.step, recipe_.run.steps);
    optimizer_.update(network_.parameters(), network_.gradients(), report.step, report.learning_rate, report.norm);
    ++step_;
    windows_read_ += static_cast<uint64_t>(windows);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    report.tokens_per_second = targets / seconds.count();
    return report;
  }

  std::optional<double> validate() {
    if (!validation_) return std::nullopt;
    const int64_t windows = std::min(recipe_.run.validation_windows, static_cast<int64_t>(validation_->windows()));
    double loss = 0;
    for (int64_t done = 0; done < windows; done += recipe_.run.micro_batch) {
      const Batch batch = validation_->batch(static_cast<uint64_t>(done), std::min(recipe_.run.micro_batch, windows - done));
      loss += network_.loss(batch.view());
    }
    return loss / static_cast<double>(windows * recipe_.model.length);
  }

  void sample() {
    if (recipe_.run.sample_tokens == 0) return;
    Decoder decoder(recipe_.model, *layers_, network_.parameters());
    const uint32_t first = inputs_.encoding == nullptr ? 0 : inputs_.encoding->end_of_text().value_or(0);
    std::vector<uint32_t> tokens;
    generate(decoder, recipe_.model, {&first, 1}, recipe_.run.sample_tokens,
             {0.8, 0, 0.95, static_cast<uint64_t>(recipe_.training.seed) + step_}, [&](uint32_t token) {
               tokens.push_back(token);
               return true;
             });
    observer_.on_sample(static_cast<int64_t>(step_), tokens);
  }

  const TrainRecipe& recipe_;
  const TrainInputs& inputs_;
  TrainObserver& observer_;
  FolderLock lock_;
  std::unique_ptr<Layers<float>> layers_;
  Network<float> network_;
  AdamW<float> optimizer_;
  Loader data_;
  std::optional<Loader> validation_;
  std::optional<StepLog> log_;
  uint64_t step_ = 0, windows_read_ = 0;
};

}  // namespace

void train(const TrainRecipe& recipe, const TrainInputs& inputs, TrainObserver& observer, const Log& log) {
  recipe.check();
  if (inputs.encoding != nullptr && inputs.encoding->n_vocab() > static_cast<uint64_t>(recipe.model.vocabulary_size)) {
    throw UsageError(fmt::format("vocabulary = \"{}\" has {} ids, model.vocabulary_size = {}", recipe.vocabulary,
                                 inputs.encoding->n_vocab(), recipe.model.vocabulary_size));
  }
  Run(recipe, inputs, observer, log).run();
}

}  // namespace ftok
