// `ftok generate`: text from a model.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/model_decoder.h"
#include "tools/ftok/model_vocabulary.h"
#include "tools/ftok/sample_flags.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_stream.h"
#include "tools/ftok/vocabulary_source.h"
#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok::cli {
namespace {

struct GenerateFlags {
  std::string model, prompt, vocabulary, ids, chat;
  DeviceFlags place;
  int64_t tokens = 128, samples = 1, heads = 0;
  SampleOptions options{0.8, 0, 0.95, 1, 1.0};
  StopFlags stops;
  std::string system;
  int64_t probabilities = 0;
  bool json = false, no_tools = false;
};

void check(const GenerateFlags& flags) {
  check_sample_flags(flags.options);
  flags.stops.check();
}

std::vector<uint32_t> parse_ids(const std::string& text) {
  std::vector<uint32_t> ids;
  for (const char* at = text.data(); at != text.data() + text.size();) {
    if (*at == ' ' || *at == ',') {
      ++at;
      continue;
    }
    uint32_t id = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), id);
    if (error != std::errc()) throw UsageError(fmt::format("--ids \"{}\": expected numbers", text));
    ids.push_back(id);
    at = end;
  }
  return ids;
}

// The model, its vocabulary where one is known, and the tokens to begin with.
struct Opening {
  ModelFile model;
  std::optional<Encoding> encoding;
  std::vector<uint32_t> ids;
  std::optional<ModelChat> chat;  // PROMPT is a message of a conversation
};

std::vector<ChatMessage> messages_of(const GenerateFlags& flags) {
  std::vector<ChatMessage> messages;
  if (!flags.system.empty()) messages.push_back({"system", flags.system});
  messages.push_back({"user", flags.prompt});
  return messages;
}

// The prompt as a user's message, up to where the assistant's content begins.
void add_conversation(const GenerateFlags& flags, Opening& start) {
  start.chat = find_model_chat(flags.model, flags.chat, "--chat");
  const ChatPrompt prompt = encode_chat_prompt(*start.encoding, start.chat->form, messages_of(flags));
  const bool has_begin = !prompt.ids.empty() && start.ids == std::vector(1, prompt.ids[0]);
  if (!start.chat->begins_document || has_begin) start.ids.clear();
  start.ids.insert(start.ids.end(), prompt.ids.begin(), prompt.ids.end());
}

Opening make_start(const GenerateFlags& flags) {
  Opening start{
      read_language_model(flags.model, flags.heads, stderr_log(flags.place.quiet)), std::nullopt, {}, std::nullopt};
  const std::string name = flags.vocabulary.empty() ? start.model.vocabulary : flags.vocabulary;
  start.encoding = load_model_encoding(start.model, flags.vocabulary, !flags.ids.empty());
  if (!flags.ids.empty()) {
    start.ids = parse_ids(flags.ids);
  } else {
    if (!start.encoding)
      throw UsageError("--vocab: the model does not name its vocabulary (or give the prompt as --ids)");
    const std::optional<uint32_t> end = start.encoding->end_of_text();
    if (const auto begin = start.model.begin_of_text ? start.model.begin_of_text : end) start.ids.push_back(*begin);
    flags.chat.empty() ? start.encoding->encode_ordinary(flags.prompt, start.ids) : add_conversation(flags, start);
    if (start.ids.empty()) throw UsageError("PROMPT: this vocabulary has no end-of-text token to begin with");
  }
  if (start.ids.empty()) throw UsageError("--ids: expected at least one");
  for (const uint32_t id : start.ids) {
    if (id >= static_cast<uint64_t>(start.model.config.vocabulary_size)) {
      throw UsageError(fmt::format("{}: id {} is outside the model's vocabulary of {}",
                                   flags.ids.empty() ? "--vocab " + name : "--ids", id,
                                   start.model.config.vocabulary_size));
    }
  }
  const auto context = static_cast<size_t>(start.model.config.length);
  if (start.ids.size() > context) {
    stderr_log(flags.place.quiet)(
        LogLevel::kWarning,
        fmt::format("the prompt has {} tokens and the model's context {}: the first {} are not read", start.ids.size(),
                    context, start.ids.size() - context));
  }
  return start;
}

std::string bytes_of(const Opening& start, uint32_t id) {
  if (!start.encoding) return fmt::format("{} ", id);
  if (id >= start.encoding->n_vocab()) return "";
  return std::string(start.encoding->token_bytes(id));
}

void print_sample_json(const GenerateFlags& flags, uint64_t seed, const std::string& text,
                       const std::vector<uint32_t>& ids) {
  JsonWriter json;
  json.begin_object().field("seed", seed).field("prompt", flags.prompt).field("text", text).key("ids").begin_array();
  for (const uint32_t id : ids) json.value(id);
  print_out(json.end_array().end_object().take() + "\n");
}

bool ends_text(const GenerateFlags& flags, const Opening& start, uint32_t id) {
  const auto among = [&](const auto& tokens) { return std::find(tokens.begin(), tokens.end(), id) != tokens.end(); };
  return among(flags.stops.tokens) || among(start.model.ends_of_text) ||
         (start.encoding && start.encoding->end_of_text() == id);
}

std::vector<uint32_t> write_text(const GenerateFlags& flags, const Opening& start, TokenPredictor& decoder,
                                 const SampleOptions& options, TextStream& stream) {
  std::vector<uint32_t> ids;
  generate(decoder, start.model.config, start.ids, flags.tokens, options, [&](uint32_t id) {
    if (ends_text(flags, start, id)) return false;
    ids.push_back(id);
    return stream.add(bytes_of(start, id));
  });
  return ids;
}

// The answer of a conversation, with the calculator where the template has calls.
std::vector<uint32_t> write_answer(const GenerateFlags& flags, const Opening& start, TokenPredictor& decoder,
                                   const SampleOptions& sample, TextStream& stream) {
  AnswerOptions options = answer_options(start.model, *start.encoding, *start.chat, !flags.no_tools);
  options.tokens_max = flags.tokens;
  options.sample = sample;
  options.stops.insert(options.stops.end(), flags.stops.tokens.begin(), flags.stops.tokens.end());
  AnswerListener listener;
  listener.text = [&](std::string_view text) { return stream.add(text); };
  listener.tool = [&](const std::string& call, const std::string& result) {
    stream.add(fmt::format("[{} = {}] ", call, result));
  };
  return answer(decoder, start.model.config, *start.encoding, start.chat->form, messages_of(flags), options, listener)
      .ids;
}

void write_samples(const GenerateFlags& flags, const Opening& start, TokenPredictor& decoder) {
  for (int64_t sample = 0; sample < flags.samples; ++sample) {
    SampleOptions options = flags.options;
    options.seed += static_cast<uint64_t>(sample);
    options.encoding = start.encoding ? &*start.encoding : nullptr;
    if (flags.samples > 1 && !flags.json)
      print_out(fmt::format("{}== sample {}, seed {}\n", sample > 0 ? "\n" : "", sample + 1, options.seed));
    if (!flags.json && !start.chat) print_out(flags.prompt);
    TextStream stream(flags.stops.texts, [&](std::string_view text) {
      if (!flags.json) print_out(text);
    });
    const std::vector<uint32_t> ids = start.chat ? write_answer(flags, start, decoder, options, stream)
                                                 : write_text(flags, start, decoder, options, stream);
    stream.finish();
    flags.json ? print_sample_json(flags, options.seed, stream.text(), ids) : print_out("\n");
  }
}

// A bar of `share` of `width` cells, in eighths.
std::string bar_of(double share, int width) {
  static const char* const kEighths[] = {"", "\u258F", "\u258E", "\u258D", "\u258C", "\u258B", "\u258A", "\u2589"};
  const int eighths = static_cast<int>(share * width * 8 + 0.5);
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "\u2588";
  return bar + kEighths[eighths % 8];
}

std::string in_quotes(const std::string& bytes) {
  std::string text;
  append_json_string(text, bytes);
  return text;
}

void show_probabilities(const GenerateFlags& flags, const Opening& start, TokenPredictor& decoder) {
  const size_t context = static_cast<size_t>(start.model.config.length);
  const std::span<const float> logits = decoder.read(std::span(start.ids).last(std::min(start.ids.size(), context)));
  std::vector<float> penalised(logits.begin(), logits.end());
  penalise_repetition(penalised, start.ids, flags.options.repetition_penalty);
  leave_out_no_tokens(penalised, start.encoding ? &*start.encoding : nullptr);
  const double temperature = flags.options.temperature > 0 ? flags.options.temperature : 1;
  const auto tokens = likeliest_tokens(penalised, temperature, static_cast<size_t>(flags.probabilities));
  if (!flags.place.quiet)
    note("ftok: probabilities of softmax(logits / {}), before --top-k and --top-p\n", temperature);
  if (flags.json) {
    JsonWriter json;
    json.begin_array();
    for (const TokenProbability& token : tokens) {
      json.begin_object().field("id", token.token).field("text", bytes_of(start, token.token));
      json.field("logit", static_cast<double>(token.logit)).field("probability", token.probability).end_object();
    }
    print_out(json.end_array().take() + "\n");
    return;
  }
  size_t width = 4;
  for (const TokenProbability& token : tokens) width = std::max(width, in_quotes(bytes_of(start, token.token)).size());
  std::string text;
  for (const TokenProbability& token : tokens) {
    text += fmt::format("{:<{}} {:6.2f} %  {}\n", in_quotes(bytes_of(start, token.token)), width,
                        100 * token.probability, bar_of(token.probability / tokens[0].probability, 40));
  }
  print_out(text);
}

void run(const GenerateFlags& flags) {
  check(flags);
  Opening start = make_start(flags);
  const std::unique_ptr<TokenPredictor> decoder = make_decoder(start.model, flags.place);
  flags.probabilities > 0 ? show_probabilities(flags, start, *decoder) : write_samples(flags, start, *decoder);
}

void add_options(CLI::App& command, GenerateFlags& flags) {
  command
      .add_option("MODEL", flags.model,
                  "Output folder of ftok train, a checkpoint, a folder with model.safetensors, or llm.c's .bin")
      ->required();
  command.add_option("PROMPT", flags.prompt, "The text to continue; without one, a new document begins");
  command.add_option("--ids", flags.ids, "The prompt as token ids, in place of PROMPT: \"464 3290\"");
  command
      .add_option(
          "--chat", flags.chat,
          "Take PROMPT as a user's message and generate the answer, in the form of chatml, llama3, your own JSON "
          "file, or model: the template in the model's folder; a calculator answers what the model asks it")
      ->type_name("TEMPLATE")
      ->excludes("--ids");
  command.add_option("--system", flags.system, "With --chat: system message before PROMPT")->needs("--chat");
  command.add_flag("--no-tools", flags.no_tools, "With --chat: do not compute what the model asks the calculator")
      ->needs("--chat");
  command.add_option("--tokens", flags.tokens, "Most tokens to generate; an end-of-text token ends the text earlier")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->capture_default_str();
  add_sample_flags(command, flags.options);
  command.add_option("--samples", flags.samples, "Number of texts; each uses the next seed")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  add_stop_flags(command, flags.stops);
  command
      .add_option(
          "--probabilities", flags.probabilities,
          "Show the N likeliest next tokens as bars instead (default 10): softmax(logits / temperature), before "
          "--top-k and --top-p")
      ->expected(0, 1)
      ->default_str("10")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 24));
  command.add_flag("--json", flags.json, "Print one JSON object per sample, or the probabilities as a JSON array");
  add_device_flags(command, flags.place);
  command.add_option("-v,--vocab", flags.vocabulary, "Vocabulary: a file or a name; default: the one the model names");
  command.add_option("--heads", flags.heads, "Attention heads of safetensors without config.json")
      ->check(CLI::Range(int64_t{1}, int64_t{1000}));
}

}  // namespace

void add_generate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("generate", "Continue a text with a model");
  const auto flags = std::make_shared<GenerateFlags>();
  add_options(*command, *flags);
  command->callback([flags] { run(*flags); });
  command->footer(
      "Examples:\n"
      "  ftok generate model \"Once upon a time\"\n"
      "  ftok generate model --temperature 0 --tokens 40 \"The\"\n"
      "  ftok generate model --samples 3 --stop \"\\n\" \"He said\"\n"
      "  ftok generate model --chat chatml \"What is the capital of France?\"\n"
      "  ftok generate model \"Once upon a\" --probabilities 8");
}

}  // namespace ftok::cli
