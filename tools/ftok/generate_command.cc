// `ftok generate`: text from a model that `ftok train` made.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/checkpoint.h"
#include "trainer/cpu/cpu_layers.h"
#include "trainer/sample.h"
#include "trainer/train_recipe.h"

namespace ftok::cli {
namespace {

struct GenerateFlags {
  std::string model;
  std::string prompt;
  int64_t tokens = 128;
  int threads = 1;
  SampleOptions options{0.8, 0, 0.95, 1};
  std::string vocabulary;
};

// A checkpoint file, the folder of a run, or its checkpoints/.
Checkpoint read_model(const std::string& path) {
  if (std::filesystem::is_regular_file(path)) {
    Result<Checkpoint> checkpoint = read_checkpoint(path);
    if (!checkpoint) throw Error(fmt::format("{}: no whole checkpoint ({})", path, checkpoint.damage().code));
    return std::move(*checkpoint);
  }
  for (const std::string& folder : {path + "/checkpoints", path}) {
    if (std::optional<Checkpoint> checkpoint = read_latest_checkpoint(folder, stderr_log())) return std::move(*checkpoint);
  }
  throw UsageError(fmt::format("{}: neither a checkpoint nor a folder of ftok train", path));
}

void check(const GenerateFlags& flags) {
  const SampleOptions& options = flags.options;
  if (!(options.temperature >= 0 && options.temperature <= 100)) {
    throw UsageError(fmt::format("--temperature {}: expected 0 to 100", options.temperature));
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw UsageError(fmt::format("--top-p {}: expected more than 0, at most 1", options.top_p));
  }
}

void run(const GenerateFlags& flags) {
  check(flags);
  const Checkpoint checkpoint = read_model(flags.model);
  const TrainRecipe recipe = parse_train_recipe(checkpoint.recipe, flags.model);
  if (static_cast<int64_t>(checkpoint.parameters.size()) != ParameterLayout(recipe.model).size()) {
    throw Error(fmt::format("{}: {} parameters do not make the model its recipe names", flags.model, checkpoint.parameters.size()));
  }
  const std::string name = flags.vocabulary.empty() ? recipe.vocabulary : flags.vocabulary;
  if (name.empty()) throw UsageError("--vocab: the model does not name its vocabulary");
  const Encoding encoding = Encoding::load(find_vocabulary(name));
  std::vector<uint32_t> ids;
  if (const auto end = encoding.end_of_text()) ids.push_back(*end);
  encoding.encode_ordinary(flags.prompt, ids);
  if (ids.empty()) throw UsageError("PROMPT: this vocabulary has no end-of-text token to begin with");
  for (const uint32_t id : ids) {
    if (id >= static_cast<uint64_t>(recipe.model.vocabulary_size)) {
      throw UsageError(fmt::format("--vocab {}: id {} is beyond the model's {}", name, id, recipe.model.vocabulary_size));
    }
  }
  const auto layers = make_cpu_layers<float>(flags.threads);
  Decoder decoder(recipe.model, *layers, checkpoint.parameters);
  print_out(flags.prompt);
  generate(decoder, recipe.model, ids, flags.tokens, flags.options, [&](uint32_t id) {
    if (encoding.end_of_text() == id) return false;
    print_out(std::string(encoding.token_bytes(id)));
    std::fflush(stdout);
    return true;
  });
  print_out("\n");
}

}  // namespace

void add_generate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Continue a text with a model of `ftok train`");
  const auto flags = std::make_shared<GenerateFlags>();
  command->add_option("MODEL", flags->model, "Output folder of ftok train, or a checkpoint")->required();
  command->add_option("PROMPT", flags->prompt, "The text to continue; without one a document begins");
  command->add_option("--tokens", flags->tokens, "How many at most; it ends at an end of text")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--temperature", flags->options.temperature, "0: always the likeliest token")->capture_default_str();
  command->add_option("--top-k", flags->options.top_k, "Only the K likeliest; 0: all")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--top-p", flags->options.top_p, "Only the likeliest that together reach P")->capture_default_str();
  command->add_option("--seed", flags->options.seed, "The same seed gives the same text")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads")->check(CLI::Range(1, 4096))->capture_default_str();
  command->add_option("--vocab", flags->vocabulary, "Vocabulary: a file or a name; default: the one the model names");
  command->callback([flags] { run(*flags); });
  command->footer(
      "Examples:\n"
      "  ftok generate model \"Once upon a time\"\n"
      "  ftok generate model --temperature 0 --tokens 40 \"The\"");
}

}  // namespace ftok::cli
