// `ftok model`: models in and out of ftok's checkpoints, and what one is.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/recipe.h"
#include "core/refuse_to_overwrite.h"
#include "core/text_file.h"
#include "tokenizer/chat_jinja.h"
#include "tokenizer/vocabulary.h"
#include "tools/ftok/chat_export.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/named_model.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/checkpoint.h"
#include "trainer/model_file.h"
#include "trainer/train.h"
#include "trainer/train_recipe.h"

namespace ftok::cli {
namespace {

struct ModelFlags {
  std::vector<std::string> sources;
  std::string source, output, vocabulary, chat, recipe = "gpt2-124m", format = "safetensors", file_size = "5G";
  int64_t heads = 0;
  bool json = false;
};

void add_source(CLI::App& command, ModelFlags& flags) {
  command
      .add_option("MODEL", flags.source,
                  "An output folder of ftok train, a checkpoint, a folder with model.safetensors, or llm.c's .bin")
      ->required();
  command
      .add_option("--heads", flags.heads, "Attention heads of safetensors without config.json; default: channels / 64")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
}

struct Statistics {
  double mean = 0, deviation = 0;
};

Statistics statistics_of(const Tensor& tensor, const std::vector<float>& parameters) {
  const int64_t n = tensor.rows_used * tensor.columns;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double value = static_cast<double>(parameters[static_cast<size_t>(tensor.offset + i)]);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / static_cast<double>(n);
  return {mean, std::sqrt(std::max(0.0, squares / static_cast<double>(n) - mean * mean))};
}

// "KEY=VALUE" of what is not as in a GPT-2 of the same sizes.
std::vector<std::string> differences_from_gpt2(const ModelConfig& config) {
  ModelConfig gpt2;
  gpt2.layers = config.layers, gpt2.heads = config.heads, gpt2.channels = config.channels;
  gpt2.length = config.length, gpt2.vocabulary_size = config.vocabulary_size;
  const std::vector<std::string> own = model_assignments(config.canonical()), other = model_assignments(gpt2);
  std::vector<std::string> differences;
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i] != other[i]) differences.push_back(own[i].substr(own[i].find('.') + 1));
  }
  return differences;
}

void print_json(const ModelFile& model, const ParameterLayout& layout) {
  JsonWriter json;
  json.begin_object().field("format", model.format).field("path", model.path).field("step", model.step);
  json.field("vocabulary", model.vocabulary).field("layers", model.config.layers).field("heads", model.config.heads);
  json.field("channels", model.config.channels).field("length", model.config.length);
  json.field("vocabulary_size", model.config.vocabulary_size).field("parameters", layout.parameters());
  json.key("not_as_gpt2").begin_array();
  for (const std::string& difference : differences_from_gpt2(model.config)) json.value(difference);
  json.end_array().key("tensors").begin_array();
  for (const Tensor& tensor : layout.tensors()) {
    const Statistics statistics = statistics_of(tensor, model.parameters);
    json.begin_object().field("name", tensor.name).key("shape").begin_array();
    if (tensor.rows > 1) json.value(tensor.rows_used);
    json.value(tensor.columns).end_array();
    json.field("mean", statistics.mean).field("deviation", statistics.deviation).end_object();
  }
  print_out(json.end_array().end_object().take() + "\n");
}

void print_table(const ModelFile& model, const ParameterLayout& layout) {
  const ModelConfig& config = model.config;
  std::string text = fmt::format("{}: {}\n", model.path, model.format);
  if (!model.recipe.empty())
    text +=
        fmt::format("step {}, vocabulary {}\n", model.step, model.vocabulary.empty() ? "not named" : model.vocabulary);
  text += fmt::format("{} layers, {} heads, {} channels, {} positions, {} tokens: {} parameters, {:.1f} MB in fp32\n",
                      config.layers, config.heads, config.channels, config.length, config.vocabulary_size,
                      layout.parameters(), static_cast<double>(layout.parameters()) * 4e-6);
  const std::vector<std::string> differences = differences_from_gpt2(config);
  if (!differences.empty()) text += fmt::format("not as in GPT-2: {}\n", fmt::join(differences, ", "));
  text += fmt::format("{:<28}{:>14}{:>12}{:>12}\n", "tensor", "shape", "mean", "deviation");
  for (const Tensor& tensor : layout.tensors()) {
    const Statistics statistics = statistics_of(tensor, model.parameters);
    const std::string shape =
        tensor.rows > 1 ? fmt::format("{} x {}", tensor.rows_used, tensor.columns) : fmt::format("{}", tensor.columns);
    text += fmt::format("{:<28}{:>14}{:>12.5f}{:>12.5f}\n", tensor.name, shape, statistics.mean, statistics.deviation);
  }
  print_report(text);
}

void info(const ModelFlags& flags) {
  const ModelFile model = read_named_model(flags.source, flags.heads, stderr_log());
  const ParameterLayout layout(model.config);
  flags.json ? print_json(model, layout) : print_table(model, layout);
}

// The recipe that --recipe names, with the model's shape and vocabulary.
TrainRecipe recipe_for(const ModelFile& model, const ModelFlags& flags) {
  std::vector<std::string> sets = model_assignments(model.config);
  sets.push_back(fmt::format("vocabulary='{}'", flags.vocabulary.empty() ? model.vocabulary : flags.vocabulary));
  const TrainRecipe preset = load_train_recipe(flags.recipe, {});
  const int64_t windows = std::max<int64_t>(1, preset.training.tokens_per_step / model.config.length);
  sets.push_back(fmt::format("training.tokens_per_step={}", windows * model.config.length));
  return load_train_recipe(flags.recipe, sets);
}

// A checkpoint at step 0 with moments of zero: what `ftok train --init`, `generate` and `eval` take.
void write_first_checkpoint(const std::string& output, const TrainRecipe& recipe, std::vector<float> parameters) {
  const std::string folder = output + "/checkpoints";
  if (!list_checkpoints(folder).empty())
    throw UsageError(fmt::format("--output {}: already holds checkpoints", output));
  remove_dead_temporaries(folder);
  Checkpoint checkpoint;
  checkpoint.recipe = train_recipe_text(recipe, false);
  checkpoint.parameters = std::move(parameters);
  checkpoint.first_moments.resize(checkpoint.parameters.size());
  checkpoint.second_moments.resize(checkpoint.parameters.size());
  write_checkpoint(folder, checkpoint, 1);
}

// As a run of `ftok train` leaves it beside its checkpoints.
void write_chat(const std::string& output, const ChatTemplate& form) {
  write_output(output + "/" + kChatTemplateName, format_chat_template(form) + "\n");
}

// The chat template in a model's folder; a warning and none where ftok cannot read it.
std::optional<ChatTemplate> chat_of_model(const std::string& path) {
  try {
    const std::optional<ModelChat> own = read_model_chat(path);
    return own ? std::optional(own->form) : std::nullopt;
  } catch (const Error& error) {
    stderr_log()(LogLevel::kWarning, error.what());
    return std::nullopt;
  }
}

void import_model(const ModelFlags& flags) {
  ModelFile model = read_named_model(flags.source, flags.heads, stderr_log());
  write_first_checkpoint(flags.output, recipe_for(model, flags), std::move(model.parameters));
  if (const std::optional<ChatTemplate> chat = chat_of_model(flags.source)) write_chat(flags.output, *chat);
  note("ftok: {} ({}): {} parameters in {}\n", model.path, model.format, ParameterLayout(model.config).parameters(),
       flags.output);
}

// By name, else by what they hold.
bool is_same_vocabulary(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const std::optional<std::string> digest = vocabulary_digest(a);
  return digest && digest == vocabulary_digest(b);
}

// The one that all models have that have any.
std::optional<ChatTemplate> common_chat(const std::vector<std::string>& sources) {
  std::optional<ChatTemplate> common;
  for (const std::string& source : sources) {
    std::optional<ChatTemplate> own = chat_of_model(source);
    if (own && common && format_chat_template(*own) != format_chat_template(*common))
      throw UsageError(fmt::format("{}: has another chat template than the models before it", source));
    if (own) common = std::move(own);
  }
  return common;
}

// The mean of the weights of models of one shape, as of the last checkpoints of a run (Izmailov et al. 2018). Summed in
// double, in the order given.
void average(const ModelFlags& flags) {
  if (flags.sources.size() < 2) throw UsageError("ftok model average: expected at least two models");
  ModelFile first = read_named_model(flags.sources[0], 0, stderr_log());
  std::vector<double> sums(first.parameters.begin(), first.parameters.end());
  for (size_t i = 1; i < flags.sources.size(); ++i) {
    const ModelFile other = read_named_model(flags.sources[i], 0, stderr_log());
    if (other.config.canonical() != first.config.canonical())
      throw UsageError(fmt::format("{}: not of the shape of {}", other.path, first.path));
    if (!other.vocabulary.empty() && !first.vocabulary.empty() &&
        !is_same_vocabulary(other.vocabulary, first.vocabulary)) {
      throw UsageError(fmt::format("{}: has the vocabulary {}, but {} has {}", other.path, other.vocabulary, first.path,
                                   first.vocabulary));
    }
    for (size_t k = 0; k < sums.size(); ++k) sums[k] += static_cast<double>(other.parameters[k]);
  }
  const std::optional<ChatTemplate> chat = common_chat(flags.sources);
  const double n = static_cast<double>(flags.sources.size());
  for (size_t k = 0; k < sums.size(); ++k) first.parameters[k] = static_cast<float>(sums[k] / n);
  const TrainRecipe recipe =
      first.recipe.empty() ? recipe_for(first, flags) : parse_train_recipe(first.recipe, first.path);
  write_first_checkpoint(flags.output, recipe, std::move(first.parameters));
  if (chat) write_chat(flags.output, *chat);
  note("ftok: the average of {} models in {}\n", flags.sources.size(), flags.output);
}

// --chat, else the template in the model's folder.
std::optional<ChatTemplate> chat_of(const ModelFlags& flags) {
  if (!flags.chat.empty()) return find_chat_template(flags.chat, "--chat");
  const std::optional<ModelChat> own = read_model_chat(flags.source);
  return own ? std::optional(own->form) : std::nullopt;
}

// tokenizer.json, and beside it what transformers needs to stop and to chat. It puts no tokens around a text: neither
// did those that the model was trained on.
void write_tokenizer(const std::string& folder, const Encoding& encoding, const std::optional<ChatTemplate>& chat,
                     std::optional<uint32_t> end_of_answer, int64_t length) {
  Vocabulary vocabulary = encoding.vocabulary();
  vocabulary.before_text.clear();
  vocabulary.after_text.clear();
  write_output(folder + "/tokenizer.json", format_tokenizer_json(vocabulary));
  JsonWriter json(true);
  json.begin_object().field("tokenizer_class", "PreTrainedTokenizerFast").field("model_max_length", length);
  json.field("clean_up_tokenization_spaces", false);
  std::vector<uint32_t> stops;
  std::string end_of_text;
  if (const auto id = encoding.end_of_text()) {
    stops.push_back(*id);
    end_of_text = encoding.token_bytes(*id);
  }
  // A program's own names for tokens stand, for it may write them.
  JinjaChat::Tokens names;
  if (chat && chat->jinja) names = chat->jinja->tokens();
  if (!end_of_text.empty()) {
    for (const char* const key : {"bos_token", "eos_token", "pad_token"}) names.emplace(key, end_of_text);
  }
  for (const auto& [key, token] : names) json.field(key, token);
  if (chat) {
    json.field("chat_template", jinja_of(*chat, end_of_text));
    if (end_of_answer && (stops.empty() || *end_of_answer != stops[0])) stops.push_back(*end_of_answer);
  }
  write_output(folder + "/tokenizer_config.json", json.end_object().take() + "\n");
  if (stops.empty()) return;
  JsonWriter generation(true);
  generation.begin_object()
      .field("bos_token_id", stops[0])
      .field("pad_token_id", stops[0])
      .key("eos_token_id")
      .begin_array();
  for (const uint32_t id : stops) generation.value(id);
  write_output(folder + "/generation_config.json", generation.end_array().end_object().take() + "\n");
}

// What stands behind an assistant's message, where there is a template.
std::optional<uint32_t> end_of_answer_of(const Encoding& encoding, const std::optional<ChatTemplate>& chat) {
  if (!chat) return std::nullopt;
  return encode_chat_prompt(encoding, *chat, {{"user", ""}}).end_of_answer;
}

void export_gguf(const ModelFlags& flags, const ModelFile& model) {
  const std::string name = flags.vocabulary.empty() ? model.vocabulary : flags.vocabulary;
  if (name.empty()) throw UsageError("--format gguf needs --vocab: the model does not name its vocabulary");
  const Encoding encoding = load_encoding(name);
  const Vocabulary& vocabulary = encoding.vocabulary();
  const std::optional<ChatTemplate> chat = chat_of(flags);
  GgufOptions options;
  options.vocabulary = &vocabulary;
  options.name = std::filesystem::path(flags.output).stem().string();
  options.end_of_text = encoding.end_of_text();
  options.end_of_answer = end_of_answer_of(encoding, chat);
  if (chat)
    options.chat_template =
        jinja_of(*chat, options.end_of_text ? std::string(encoding.token_bytes(*options.end_of_text)) : "");
  options.bfloat16 = flags.format == "gguf-bf16";
  write_gguf(flags.output, model.config, model.parameters, options);
}

void export_model(const ModelFlags& flags) {
  for (const char* const name : {"", "/model.safetensors", "/model.safetensors.index.json"})
    refuse_to_overwrite("--output", flags.output + name, {flags.source, flags.source + name, flags.vocabulary});
  const ModelFile model = read_named_model(flags.source, flags.heads, stderr_log());
  if (flags.format.starts_with("gguf")) return export_gguf(flags, model);
  if (flags.format.starts_with("llmc")) {
    write_llmc(flags.output, model.config, model.parameters, flags.format == "llmc-bf16");
    return;
  }
  HuggingFaceOptions options;
  options.bfloat16 = flags.format == "safetensors-bf16";
  options.file_bytes_max = static_cast<uint64_t>(parse_size(flags.file_size, true, "--file-size"));
  const std::string vocabulary = flags.vocabulary.empty() ? model.vocabulary : flags.vocabulary;
  if (vocabulary.empty()) {
    if (!flags.chat.empty()) throw UsageError("--chat needs --vocab: the model does not name its vocabulary");
    note("ftok: no tokenizer.json: the model does not name its vocabulary (--vocab)\n");
    return write_hugging_face(flags.output, model.config, model.parameters, options);
  }
  const Encoding encoding = load_encoding(vocabulary);
  const std::optional<uint32_t> end_of_text = encoding.end_of_text();
  const std::optional<ChatTemplate> chat = chat_of(flags);
  const std::optional<uint32_t> end_of_answer = end_of_answer_of(encoding, chat);
  if (end_of_text) options.end_of_text = *end_of_text;
  write_hugging_face(flags.output, model.config, model.parameters, options);
  write_tokenizer(flags.output, encoding, chat, end_of_answer, model.config.length);
  if (chat) write_output(flags.output + "/" + kChatTemplateName, format_chat_template(*chat) + "\n");
}

}  // namespace

void add_model_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "model",
      "Inspect models, average them, import one from Hugging Face or llm.c, or export one for them or for llama.cpp");
  command->require_subcommand(1);
  const auto flags = std::make_shared<ModelFlags>();
  CLI::App* look = command->add_subcommand("info", "Describe a model: shape, tensors, their means and deviations");
  add_source(*look, *flags);
  look->add_flag("--json", flags->json, "Print one JSON object");
  look->callback([flags] { info(*flags); });
  CLI::App* in = command->add_subcommand("import", "Write a model as a checkpoint of ftok");
  add_source(*in, *flags);
  in->add_option("-o,--output", flags->output, "Folder for the checkpoint")->required();
  in->add_option("-v,--vocab", flags->vocabulary,
                 "Vocabulary that the model was trained with: a name or a file; default: a tokenizer.json beside it");
  in->add_option("--recipe", flags->recipe, "Recipe whose other keys the checkpoint names")->capture_default_str();
  in->callback([flags] { import_model(*flags); });
  CLI::App* mean = command->add_subcommand("average", "Write the average of the weights of several models");
  mean->add_option("MODEL", flags->sources, "Models of one shape: checkpoints of a run, or anything that `info` reads")
      ->required();
  mean->add_option("-o,--output", flags->output, "Folder for the checkpoint")->required();
  mean->callback([flags] { average(*flags); });
  CLI::App* out =
      command->add_subcommand("export", "Write a model for Hugging Face's transformers, llama.cpp or llm.c");
  add_source(*out, *flags);
  out->add_option("-o,--output", flags->output, "A folder (safetensors) or a file (GGUF, llm.c)")->required();
  out->add_option("--format", flags->format,
                  "safetensors or safetensors-bf16; gguf or gguf-bf16, for llama.cpp; of a GPT-2 also llmc (fp32) or "
                  "llmc-bf16")
      ->check(CLI::IsMember({"safetensors", "safetensors-bf16", "gguf", "gguf-bf16", "llmc", "llmc-bf16"}))
      ->capture_default_str();
  out->add_option("--file-size", flags->file_size,
                  "Write safetensors as several files of at most this size, with an index")
      ->capture_default_str();
  out->add_option("-v,--vocab", flags->vocabulary, "Vocabulary of the model; default: the one it names");
  out->add_option(
         "--chat", flags->chat,
         "Chat template for transformers: chatml, llama3 or a JSON file; default: the one of the training data")
      ->type_name("TEMPLATE");
  out->callback([flags] { export_model(*flags); });
  command->footer(
      "Examples:\n"
      "  ftok model info model\n"
      "  ftok model import gpt2/model.safetensors --output gpt2-ftok --vocab gpt2\n"
      "  ftok model average model/checkpoints/*.ckpt --output averaged\n"
      "  ftok model export model --output for-transformers\n"
      "  ftok model export model --output model.gguf --format gguf\n"
      "  ftok model export model --output model.bin --format llmc");
}

}  // namespace ftok::cli
