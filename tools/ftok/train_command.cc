// `ftok train`: a GPT from token shards.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "core/signals.h"
#include "shards/manifest.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/job_place.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/train_progress.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/communicator.h"
#include "trainer/cuda_back_end.h"
#include "trainer/train.h"

namespace ftok::cli {
namespace {

struct TrainFlags {
  std::string recipe = "tiny", output, initial, validation, device = "auto";
  std::vector<std::string> data;
  std::optional<int64_t> steps, seed, threads;
  std::vector<std::string> sets;
  bool show = false, quiet = false;
};

class SilentTraining : public TrainObserver {
 public:
  void on_start(int64_t, int64_t, int64_t, uint64_t) override {}
  void on_step(const StepReport&, const LossCurve&) override {}
  void on_validation(int64_t, double) override {}
  void on_sample(int64_t, const std::vector<uint32_t>&) override {}
};

// "DIR" or "DIR=WEIGHT"; all of several have a weight, or none.
std::vector<DataPath> parse_data(const std::vector<std::string>& texts) {
  std::vector<DataPath> data;
  for (const std::string& text : texts) {
    DataPath path{text, 0};
    const size_t equals = text.rfind('=');
    std::error_code code;
    if (equals != std::string::npos && !std::filesystem::exists(text, code)) {  // "lang=en" may be a folder
      const char* const end = text.data() + text.size();
      const auto [at, error] = std::from_chars(text.data() + equals + 1, end, path.weight);
      if (error != std::errc() || at != end || !(path.weight > 0 && path.weight <= 1e12)) {
        throw UsageError(fmt::format("--data {}: expected DIR or DIR=WEIGHT with a weight above 0", text));
      }
      path.path = text.substr(0, equals);
    }
    if (!data.empty() && (data[0].weight > 0) != (path.weight > 0)) {
      throw UsageError("--data: give all of them a weight (DIR=WEIGHT), or none");
    }
    data.push_back(std::move(path));
  }
  return data;
}

// The manifest of the first data, where it has one.
std::optional<Manifest> manifest_of(const std::string& data) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::is_directory(data) ? fs::path(data) : fs::path(data).parent_path();
  const std::string path = (folder / kManifestName).string();
  std::error_code code;
  if (!fs::exists(path, code)) return std::nullopt;
  return read_manifest(path);
}

// The vocabulary's name and size are the data's, unless the recipe insists on others.
void take_vocabulary(const std::string& data, const std::string& recipe_name, std::vector<std::string>& sets) {
  const std::optional<Manifest> manifest = manifest_of(data);
  if (!manifest) return;
  const TrainRecipe recipe = load_train_recipe(recipe_name, sets);
  const Manifest::Vocabulary& vocabulary = manifest->vocabulary;
  const VocabularyKeys keys = vocabulary_keys(recipe_name, sets);
  if (!keys.name && recipe.vocabulary == vocabulary.name) return;
  const bool fits = static_cast<uint64_t>(recipe.model.vocabulary_size) >= vocabulary.size;
  if (!keys.size && (!keys.name || !fits)) sets.push_back(fmt::format("model.vocabulary_size={}", vocabulary.size));
  if (keys.name) return;
  std::string quoted;
  append_json_string(quoted, vocabulary.name);
  sets.push_back("vocabulary=" + quoted);
}

// Whether the one that a model names, which may be a file, is the one that the data was made with under another name.
bool is_vocabulary_of(const std::string& name, const Manifest& manifest) {
  return name != manifest.vocabulary.name && vocabulary_digest(name) == manifest.vocabulary.digest;
}

// A preset takes its model from the one that --init names, but for what --set says; and the vocabulary, where the model
// is a folder of Hugging Face's, the data does not name one, or the data's is the same under another name. Rotary
// positions do not depend on the length: the preset's stays where it is the shorter one.
void take_model(const ModelFile& initial, const TrainFlags& flags, const std::vector<DataPath>& data,
                std::vector<std::string>& sets) {
  const TrainRecipe recipe = load_train_recipe(flags.recipe, {});
  ModelConfig model = initial.config;
  if (model.has_rotary()) model.length = std::min(model.length, recipe.model.length);
  std::vector<std::string> all = model_assignments(model);
  const int64_t windows = std::max<int64_t>(1, recipe.training.tokens_per_step / model.length);
  all.push_back(fmt::format("training.tokens_per_step={}", windows * model.length));
  const std::optional<Manifest> manifest = data.empty() ? std::nullopt : manifest_of(data[0].path);
  const bool from_folder = initial.format == "safetensors" && (!initial.vocabulary.empty() || !manifest);
  if (from_folder || (!initial.vocabulary.empty() && (!manifest || is_vocabulary_of(initial.vocabulary, *manifest)))) {
    std::string quoted;
    append_json_string(quoted, initial.vocabulary);
    all.push_back("vocabulary=" + quoted);
  }
  all.insert(all.end(), sets.begin(), sets.end());
  sets = std::move(all);
}

// Samples are ids where the name that the data gives is neither a file's nor a bundled vocabulary's.
std::optional<Encoding> encoding_of(const TrainRecipe& recipe, bool insists, const Log& log) {
  if (recipe.vocabulary.empty()) return std::nullopt;
  try {
    return load_encoding(recipe.vocabulary);
  } catch (const UsageError&) {
    if (insists) throw;
    log(LogLevel::kWarning, fmt::format("no vocabulary named {} is found: samples are printed as ids (--set "
                                        "vocabulary=FILE names its file)",
                                        recipe.vocabulary));
    return std::nullopt;
  }
}

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The GPU of this process among those of its machine: what torchrun and srun say, else the first ones in turn.
int local_rank(int rank) {
  for (const char* const name : {"LOCAL_RANK", "SLURM_LOCALID"}) {
    const std::optional<std::string> text = variable(name);
    int number = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc()) continue;
    return number % std::max(1, cuda_device_count());  // where each process sees a GPU of its own, that is number 0
  }
  return rank % std::max(1, cuda_device_count());
}

// Empty: the CPU.
EngineFactory engine_factory(const TrainFlags& flags, int rank) {
  if (flags.device == "cpu" || (flags.device == "auto" && !cuda_problem().empty())) return {};
  if (const std::string problem = cuda_problem(); !problem.empty()) throw Error("--device cuda: " + problem);
  return cuda_engine_factory({local_rank(rank), flags.output + "/algorithms.txt"});
}

// `validation`: --val.
void run_on(const TrainFlags& flags, const std::vector<DataPath>& data, const std::string& validation) {
  std::vector<std::string> sets = flags.sets;
  if (flags.steps) sets.push_back(fmt::format("run.steps={}", *flags.steps));
  if (flags.seed) sets.push_back(fmt::format("training.seed={}", *flags.seed));
  if (flags.threads) sets.push_back(fmt::format("run.threads={}", *flags.threads));
  std::optional<ModelFile> initial;
  if (!flags.initial.empty()) {
    initial.emplace(
        read_language_model(flags.initial, load_train_recipe(flags.recipe, sets).model.heads, stderr_log(flags.quiet)));
    if (is_train_preset(flags.recipe)) take_model(*initial, flags, data, sets);
  }
  const bool insists = vocabulary_keys(flags.recipe, sets).name;
  if (!data.empty()) take_vocabulary(data[0].path, flags.recipe, sets);
  const TrainRecipe recipe = load_train_recipe(flags.recipe, sets);
  if (flags.show) {
    print_out(train_recipe_text(recipe, true));
    return;
  }
  if (flags.data.empty() || flags.output.empty()) throw UsageError("ftok train needs --data and --output");
  if (recipe.model.score_head)
    throw UsageError("model.score_head: `ftok train` trains language models; `ftok reward train` adds the head itself");
  MeetingOptions meeting;
  meeting.folder = flags.output;
  meeting.token = variable("FTOK_RANKS_TOKEN").value_or("");
  std::unique_ptr<Communicator> ranks = connect_ranks(rank_info_from(variable), meeting);
  const std::optional<Encoding> encoding = encoding_of(recipe, insists, stderr_log(flags.quiet || ranks->rank() != 0));
  const TrainInputs inputs{
      data,       flags.output, encoding ? &*encoding : nullptr,      initial ? &*initial : nullptr,
      validation, ranks.get(),  engine_factory(flags, ranks->rank()), stop_requested};
  TrainProgress progress(inputs.encoding, recipe.run.price_per_hour, wants_colour(stderr));
  SilentTraining silent;
  const Log log = stderr_log(flags.quiet || ranks->rank() != 0);
  const bool is_done =
      flags.quiet ? train(recipe, inputs, silent, log) : train(recipe, inputs, progress, progress.above(log));
  const bool leads = ranks->rank() == 0;
  ranks.reset();  // in peace, also where all were stopped
  if (!is_done) throw Stopped();
  if (leads && !flags.quiet) note("ftok: `ftok generate {}` shows what it has learnt\n", flags.output);
}

// What a refused training made: a folder with a lock in it and nothing else.
void remove_bare_folder(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(path, code)) {
    if (entry.path().filename() != ".lock") return;
  }
  if (!code) fs::remove_all(path, code);
}

// Shards that lie in an object store are fetched first, with their manifest and what else lies beside them.
void run(const TrainFlags& flags) {
  catch_stop_signals();
  std::vector<DataPath> data = parse_data(flags.data);
  std::vector<std::string> places;
  for (const DataPath& path : data) places.push_back(path.path);
  places.push_back(flags.validation);
  const FetchedPaths fetched(places, [](std::string_view name) { return name.find('/') == std::string_view::npos; });
  for (size_t i = 0; i < data.size(); ++i) data[i].path = fetched.paths()[i];
  std::error_code code;
  const bool is_new = !flags.output.empty() && !std::filesystem::exists(flags.output, code);
  try {
    fetched.named([&] { run_on(flags, data, fetched.paths().back()); });
  } catch (const Error&) {
    if (is_new) remove_bare_folder(flags.output);
    throw;
  }
}

}  // namespace

void add_train_command(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("train", "Train a GPT on token shards, on the CPU or on GPUs; resumes where it stopped");
  const auto flags = std::make_shared<TrainFlags>();
  std::string names;
  for (const auto& [name, about] : train_presets()) names += fmt::format("\n  {:<12}{}", name, about);
  command->add_option("RECIPE", flags->recipe, "A preset or a TOML file")->capture_default_str();
  command
      ->add_option("--data", flags->data,
                   "Folder of shards, or s3://BUCKET/PREFIX: *train*.bin, and *val*.bin for the validation loss; or a "
                   "training shard. With several: DIR=WEIGHT (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--val", flags->validation, "Shards for the validation loss; default: the *val*.bin of --data");
  command->add_option("-o,--output", flags->output,
                      "Folder for checkpoints, log.jsonl and loss.svg; a run that it holds is resumed");
  command->add_option(
      "--init", flags->initial,
      "Start from this model's weights (as `ftok model info` reads them); a preset takes its [model] from there");
  command
      ->add_option("--device", flags->device,
                   "cpu, cuda, or auto: a GPU where there is one (bfloat16, whatever training.precision says)")
      ->check(CLI::IsMember({"cpu", "cuda", "auto"}));
  command->add_option("--steps", flags->steps, "Steps of the whole run: run.steps");
  command->add_option("--seed", flags->seed, "Seed of the weights and the data order: training.seed");
  command->add_option("--set", flags->sets, "Override a key: SECTION.KEY=VALUE (repeatable)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("-j,--threads", flags->threads, "Threads; 0: all cores: run.threads")->type_name("N");
  command->add_flag("-q,--quiet", flags->quiet, "No progress and no information, warnings only");
  command->add_flag("--show", flags->show, "Print the recipe with all keys and what they mean, then exit");
  command->callback([flags] { run(*flags); });
  command->footer("Presets:" + names +
                  "\nSeveral processes share the work when srun or torchrun starts them (RANK, WORLD_SIZE, "
                  "MASTER_ADDR, MASTER_PORT;\n"
                  "SLURM_PROCID, SLURM_NTASKS).\n"
                  "Examples:\n"
                  "  ftok train --data shards -o model\n"
                  "  ftok train tiny --data web=3 --data books=1 --val books --output model\n"
                  "  ftok train tiny --data shards --output model --steps 500 --set run.threads=2\n"
                  "  ftok train tiny --show > mine.toml\n"
                  "  srun -n 4 ftok train mine.toml --data shards --output model");
}

}  // namespace ftok::cli
