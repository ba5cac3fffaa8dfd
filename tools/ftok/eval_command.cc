// `ftok eval`: how good a model is: loss on shards, accuracy on multiple-choice examples.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/lenient_json.h"
#include "core/refuse_to_overwrite.h"
#include "core/run_on_threads.h"
#include "core/text_file.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/eval_chat.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_decoder.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/bits_per_byte.h"
#include "trainer/cuda_back_end.h"
#include "trainer/evaluate.h"
#include "trainer/model_file.h"
#include "trainer/multiple_choice.h"

namespace ftok::cli {
namespace {

struct EvalFlags {
  std::string model, validation, hellaswag, texts, chat, chat_template, vocabulary, write;
  DeviceFlags place;
  int64_t tokens = 128, windows = 0, examples = 0, heads = 0, length = 0;
  int version = 0;
  bool json = false;
};

// --hellaswag, which may be a pipe and is read once.
struct ChoiceFile {
  std::string path, bytes;
  // JSON Lines; else llm.c's format, whose first byte is of a number.
  bool has_texts() const {
    const size_t first = bytes.find_first_not_of(" \t\r\n");
    return first != std::string::npos && bytes[first] == '{';
  }
};

ChoiceFile open_choices(const std::string& path) {
  if (path.empty()) return {};
  if (path == "-") return {path, read_all(*open_file_source(path), uint64_t{1} << 32)};
  return {path, read_text_file(path, uint64_t{1} << 32)};
}

// The examples of JSON Lines, encoded, or of a file in llm.c's format.
std::vector<ChoiceExample> read_choices(const ChoiceFile& file, const std::optional<Encoding>& encoding) {
  const std::string &path = file.path, &bytes = file.bytes;
  if (!file.has_texts()) {
    Result<std::vector<ChoiceExample>> examples = parse_choices(bytes);
    if (!examples) {
      const Damage& damage = examples.damage();
      throw Error(fmt::format("{}: {}: {} at byte {}", path, damage.code.view(), damage.detail, damage.offset));
    }
    return std::move(*examples);
  }
  if (!encoding) throw UsageError("--vocab: needed to encode HellaSwag's JSON Lines");
  const auto encode = [&](const std::string& text) {
    std::vector<uint32_t> ids;
    encoding->encode_ordinary(text, ids);
    return ids;
  };
  std::vector<ChoiceExample> examples;
  uint64_t line = 0;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    ++line;
    if (end > begin) {
      Result<ChoiceExample> example = choice_of_json(std::string_view(bytes).substr(begin, end - begin), encode);
      if (!example)
        throw Error(
            fmt::format("{}: line {}: {}: {}", path, line, example.damage().code.view(), example.damage().detail));
      examples.push_back(std::move(*example));
    }
    begin = end + 1;
  }
  if (examples.empty()) throw Error(fmt::format("{}: no examples", path));
  return examples;
}

void write_choices(const EvalFlags& flags, const std::vector<ChoiceExample>& examples,
                   const std::optional<Encoding>& encoding) {
  const int narrow = encoding && encoding->n_vocab() >= 65535 ? 2 : 1;
  write_output(flags.write, encode_choices(examples, flags.version > 0 ? flags.version : narrow));
  note("ftok: {} examples in {}\n", examples.size(), flags.write);
}

constexpr int64_t kLengthMax = 4096;  // of a window where --length does not say: contexts of today are up to a million

// The model with the length of the windows that it is measured in.
ModelConfig measured(ModelConfig config, const EvalFlags& flags) {
  if (flags.length > config.length)
    throw UsageError(fmt::format("--length {}: the model has {} positions", flags.length, config.length));
  config.length = flags.length > 0 ? flags.length : std::min(config.length, kLengthMax);
  return config;
}

struct LossFigures {
  double mean = 0, error = 0;  // nats a token; its standard error over windows
  uint64_t windows = 0, targets = 0;
  std::optional<double> bits_per_byte;  // where the vocabulary is known
};

// Windows one by one in batches: the error is of the mean over windows.
LossFigures measure_loss(Evaluator& evaluator, const Mixture& data, const Encoding* encoding, const EvalFlags& flags) {
  LossFigures figures;
  figures.windows = data.windows();
  if (flags.windows > 0) figures.windows = std::min(figures.windows, static_cast<uint64_t>(flags.windows));
  double sum = 0, squares = 0;
  uint64_t counted = 0, bytes = 0;  // windows with a target that counts, bytes of those targets
  for (uint64_t at = 0; at < figures.windows; ++at) {
    const Batch batch = data.batch(at, 1);
    if (batch.counted() == 0) continue;
    ++counted;
    const double loss = evaluator.loss(batch.view());
    if (!std::isfinite(loss)) throw Error(fmt::format("the loss of {} is {}", data.place(at), loss));
    const double mean = loss / static_cast<double>(batch.counted());
    figures.mean += loss;
    figures.targets += static_cast<uint64_t>(batch.counted());
    if (encoding != nullptr) bytes += target_bytes(*encoding, batch);
    sum += mean;
    squares += mean * mean;
  }
  if (figures.targets == 0)
    throw Error(fmt::format("nothing to measure: the {} windows of {} have no target that counts", figures.windows,
                            flags.validation));
  const double n = static_cast<double>(counted);
  figures.bits_per_byte = bits_per_byte(figures.mean, bytes);
  figures.mean /= static_cast<double>(figures.targets);
  if (n > 1) figures.error = std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)) / n);
  return figures;
}

void report_loss(const LossFigures& figures, const EvalFlags& flags, JsonWriter& json) {
  if (flags.json) {
    json.key("validation").begin_object().field("loss", figures.mean).field("standard_error", figures.error);
    if (figures.bits_per_byte) json.field("bits_per_byte", *figures.bits_per_byte);
    json.field("perplexity", std::exp(figures.mean))
        .field("windows", figures.windows)
        .field("targets", figures.targets)
        .end_object();
    return;
  }
  const std::string bits =
      figures.bits_per_byte ? fmt::format(", {:.4f} bits per byte", *figures.bits_per_byte) : std::string();
  print_out(
      fmt::format("validation loss {:.4f} +- {:.4f} nats per token (perplexity {:.2f}){}, {} windows, {} targets\n",
                  figures.mean, figures.error, std::exp(figures.mean), bits, figures.windows, figures.targets));
}

void report_choices(const ChoiceScore& score, const EvalFlags& flags, JsonWriter& json) {
  const double plain = score.accuracy(), normalised = score.accuracy_normalised();
  const double plain_error = ChoiceScore::standard_error(plain, score.examples),
               error = ChoiceScore::standard_error(normalised, score.examples);
  if (flags.json) {
    json.key("hellaswag")
        .begin_object()
        .field("examples", score.examples)
        .field("accuracy", plain)
        .field("accuracy_error", plain_error);
    json.field("accuracy_normalised", normalised).field("accuracy_normalised_error", error).end_object();
    return;
  }
  print_out(fmt::format("{} examples: accuracy {:.4f} +- {:.4f}, normalised {:.4f} +- {:.4f}\n", score.examples, plain,
                        plain_error, normalised, error));
}

// A line of --texts: the text, and what it follows.
struct GivenText {
  std::string context, text;
};

GivenText parse_given_text(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  GivenText given;
  std::string_view text;
  std::string plain;
  if (parse_json(parser, line, root, plain) != simdjson::SUCCESS || !root.is_object()) throw Error("not a JSON object");
  if (root["text"].get(text) != simdjson::SUCCESS) throw Error("expected a string under \"text\"");
  given.text = text;
  simdjson::dom::element context;
  if (root["context"].get(context) != simdjson::SUCCESS) return given;
  if (context.get(text) != simdjson::SUCCESS) throw Error("expected a string under \"context\"");
  given.context = text;
  return given;
}

// One line of --texts, answered by one of JSON.
std::string measure_text(const GivenText& given, uint64_t line, Evaluator& evaluator, const ModelFile& model,
                         const Encoding& encoding) {
  std::vector<uint32_t> context;
  if (const auto begin = model.begin_of_text ? model.begin_of_text : encoding.end_of_text()) context.push_back(*begin);
  encoding.encode_ordinary(given.context, context);
  const std::vector<uint32_t> tokens = encoding.encode_ordinary(given.text);
  if (context.empty()) throw Error("this vocabulary has no end-of-text token: expected a \"context\"");
  const std::vector<double> each = log_probabilities(evaluator, model.config, context, tokens);
  const double sum = std::accumulate(each.begin(), each.end(), 0.0);
  JsonWriter json;
  json.begin_object().field("line", line).field("log_probability", sum);
  if (const auto bits = bits_per_byte(-sum, given.text.size())) json.field("bits_per_byte", *bits);
  json.key("tokens").begin_array();
  for (size_t i = 0; i < tokens.size(); ++i) {
    json.begin_object().field("id", tokens[i]).field("text", encoding.token_bytes(tokens[i]));
    json.field("log_probability", each[i]).end_object();
  }
  return json.end_array().end_object().take() + "\n";
}

void measure_texts(const EvalFlags& flags, Evaluator& evaluator, const ModelFile& model,
                   const std::optional<Encoding>& encoding) {
  if (!encoding) throw UsageError("--vocab: needed to encode --texts");
  const std::string bytes = read_text_file(flags.texts, uint64_t{1} << 32);
  uint64_t line = 0;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', begin), bytes.size());
    ++line;
    try {
      const std::string_view text = std::string_view(bytes).substr(begin, end - begin);
      if (!text.empty()) print_out(measure_text(parse_given_text(text), line, evaluator, model, *encoding));
    } catch (const Error& error) {
      throw Error(fmt::format("{}: line {}: {}", flags.texts, line, error.what()), error.exit_code());
    }
    begin = end + 1;
  }
}

// A line for each task, and the mean over all conversations.
void measure_chats(const EvalFlags& flags, ModelFile& model, const std::optional<Encoding>& encoding) {
  if (!encoding) throw UsageError("--vocab: the model does not name its vocabulary");
  const ModelChat chat = find_model_chat(flags.model, flags.chat_template, "--template");
  const std::vector<ChatExample> examples = read_chat_examples(flags.chat, static_cast<size_t>(flags.examples));
  const std::unique_ptr<TokenPredictor> decoder = make_decoder(model, flags.place);
  const auto scores =
      score_chats(examples, *decoder, model, *encoding, chat, flags.tokens, stderr_log(flags.place.quiet));
  JsonWriter json;
  json.begin_object().field("model", model.path).field("step", model.step).key("chat").begin_object();
  std::string table;
  ChatScore all;
  const auto add = [&](const std::string& name, const ChatScore& score) {
    const double share = static_cast<double>(score.right) / static_cast<double>(score.examples);
    table += fmt::format("{:<16}{:>6} of {:<6}{:6.1f} %\n", name, score.right, score.examples, 100 * share);
    json.key(name).begin_object().field("examples", uint64_t{score.examples}).field("accuracy", share).end_object();
  };
  for (const auto& [task, score] : scores) {
    add(task, score);
    all.right += score.right, all.examples += score.examples;
  }
  if (scores.size() > 1) add("together", all);
  print_out(flags.json ? json.end_object().end_object().take() + "\n" : table);
}

void run(const EvalFlags& flags) {
  refuse_to_overwrite("--write", flags.write, {flags.hellaswag, flags.vocabulary});
  const ChoiceFile choices = open_choices(flags.hellaswag);
  if (!flags.write.empty()) {
    if (flags.hellaswag.empty()) throw UsageError("--write needs --hellaswag");
    const std::optional<Encoding> encoding =
        flags.vocabulary.empty() ? std::nullopt : std::optional<Encoding>(load_encoding(flags.vocabulary));
    return write_choices(flags, read_choices(choices, encoding), encoding);
  }
  if (flags.model.empty()) throw UsageError("ftok eval needs MODEL (or --write)");
  if (flags.validation.empty() && flags.hellaswag.empty() && flags.texts.empty() && flags.chat.empty())
    throw UsageError("ftok eval needs --val, --hellaswag, --texts or --chat");
  ModelFile model = read_language_model(flags.model, flags.heads, stderr_log(flags.place.quiet));
  const std::optional<Encoding> encoding =
      load_model_encoding(model, flags.vocabulary, flags.texts.empty() && flags.chat.empty() && !choices.has_texts());
  if (!flags.chat.empty()) return measure_chats(flags, model, encoding);
  const ModelConfig config = measured(model.config, flags);
  const auto threads = static_cast<int>(threads_or_all(static_cast<size_t>(flags.place.threads)));
  round_weights(ParameterLayout(model.config), flags.place.weight_type(), model.parameters);
  const std::unique_ptr<Evaluator> evaluator = flags.place.device == "cuda"
                                                   ? make_cuda_evaluator(model, 0)
                                                   : make_cpu_evaluator(model.config, model.parameters, threads);
  if (!flags.texts.empty()) return measure_texts(flags, *evaluator, model, encoding);
  JsonWriter json;
  json.begin_object().field("model", model.path).field("step", model.step);
  if (!flags.validation.empty()) {
    const Mixture data = open_evaluation_data(flags.validation, config, encoding ? &*encoding : nullptr);
    report_loss(measure_loss(*evaluator, data, encoding ? &*encoding : nullptr, flags), flags, json);
  }
  if (!flags.hellaswag.empty()) {
    std::vector<ChoiceExample> examples = read_choices(choices, encoding);
    if (flags.examples > 0 && examples.size() > static_cast<size_t>(flags.examples))
      examples.resize(static_cast<size_t>(flags.examples));
    const auto losses_of = [&](const BatchView& batch) { return evaluator->target_losses(batch); };
    const ChoiceScore score = score_choices(
        losses_of, config, examples, [](const ChoiceScore&) {}, evaluator->choice_batches());
    report_choices(score, flags, json);
  }
  if (flags.json) print_out(json.end_object().take() + "\n");
}

}  // namespace

void add_eval_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "eval",
      "Measure a model's loss on shards, its accuracy on HellaSwag, how it answers, and how likely it finds texts");
  const auto flags = std::make_shared<EvalFlags>();
  command->add_option("MODEL", flags->model,
                      "Output folder of ftok train, a checkpoint, a folder with model.safetensors, or llm.c's .bin");
  command->add_option("--val", flags->validation, "A folder of shards (*val*.bin, else *train*.bin) or a shard");
  command->add_option("--windows", flags->windows, "Windows of --val to read; default: all")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command->add_option("--length", flags->length, "Tokens per window; default: the model's context, at most 4,096")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20));
  command->add_option("--hellaswag", flags->hellaswag,
                      "Examples: HellaSwag's .jsonl, or a file in llm.c's evaluation format");
  command->add_option("--examples", flags->examples, "Examples to read; default: all")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command
      ->add_option(
          "--texts", flags->texts,
          "JSON Lines with \"text\" and, where it follows something, \"context\": print the log-probability of "
          "each text and of its tokens, a JSON object per line")
      ->excludes("--val")
      ->excludes("--hellaswag");
  command
      ->add_option("--chat", flags->chat,
                   "Conversations, {\"messages\": [...], \"task\": NAME} per line: how often the model's own last "
                   "answer, with the "
                   "likeliest tokens, is the one there, by task")
      ->excludes("--val")
      ->excludes("--hellaswag")
      ->excludes("--texts");
  command
      ->add_option("--template", flags->chat_template,
                   "With --chat: chatml, llama3 or your own JSON file; default: as "
                   "the model's folder says")
      ->type_name("TEMPLATE");
  command->add_option("--tokens", flags->tokens, "With --chat: most tokens of an answer")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  command->add_option("--write", flags->write,
                      "Only encode --hellaswag with --vocab into this file, in llm.c's evaluation format");
  command
      ->add_option("--format-version", flags->version,
                   "Format version of --write: 1 (llm.c's, uint16) or 2 (uint32); default: as the vocabulary needs")
      ->check(CLI::Range(1, 2));
  command->add_option("-v,--vocab", flags->vocabulary,
                      "Vocabulary: a file or a name; default: the one the model names");
  add_device_flags(*command, flags->place);
  command->add_option("--heads", flags->heads, "Attention heads of safetensors without config.json")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags] { run(*flags); });
  command->footer(
      "Examples:\n"
      "  ftok eval model --val shards\n"
      "  ftok eval model --hellaswag hellaswag_val.jsonl\n"
      "  ftok eval model --texts questions.jsonl\n"
      "  ftok eval tuned --chat conversations.jsonl\n"
      "  ftok eval --hellaswag hellaswag_val.jsonl --vocab gpt2 --write hellaswag_val.bin");
}

}  // namespace ftok::cli
