// `ftok tokenize`: texts in, token shards out.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/file.h"
#include "core/live_area.h"
#include "core/recipe.h"
#include "core/refuse_to_overwrite.h"
#include "core/signals.h"
#include "crawl/input_format.h"
#include "pipeline/inputs.h"
#include "pipeline/progress.h"
#include "pipeline/tokenize.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/output_place.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

// Without --vocab: a small vocabulary for small inputs, with which a small model trains well, else one that fits two
// bytes.
constexpr uint64_t kSmallInputBytes = 100'000'000;
constexpr char kSmallVocabulary[] = "ftok-4k", kLargeVocabulary[] = "ftok-50k";

struct TokenizeFlags {
  VocabularyFlags vocabulary;
  InputListOptions inputs;
  TokenizeOptions tokenize;
  OutputFlags output;
  std::string shuffle, shard_tokens, memory = "2G", record_bytes_max, limit, chat;
  bool json = false;
};

void add_vocabulary(CLI::App& command, TokenizeFlags& flags) {
  flags.vocabulary.vocab.clear();
  flags.vocabulary.add_to(command);
  CLI::Option* vocabulary = command.get_option("--vocab");
  vocabulary->description(
      vocabulary->get_description() +
      "; default: ftok-4k up to 100 MB of inputs, else ftok-50k, and in a folder that was begun its own");
}

void add_flags(CLI::App& command, TokenizeFlags& flags) {
  TokenizeRecipe& recipe = flags.tokenize.recipe;
  add_vocabulary(command, flags);
  command.add_option("FILE", flags.inputs.inputs,
                     "JSON Lines, JSON arrays, Parquet, CSV, TSV, WET or text (plain, .gz, .zst), globs, https:// or "
                     "s3:// addresses; without any, standard input (-)");
  command.add_option("--input-list", flags.inputs.input_lists, "File with one input per line; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--limit", flags.limit, "Only the first N inputs (K, M, G)")->type_name("N");
  command
      .add_option("--slice", flags.inputs.slice,
                  "Every N-th input from the I-th, from 0: a share for one of N machines")
      ->type_name("I/N");
  flags.output.add_to(command, "Folder of the shards, or s3://BUCKET/PREFIX; a run that was stopped continues there");
  command.get_option("--output")->required();
  command.add_option("--format", recipe.input.format, "Format of the inputs; auto looks at their first bytes")
      ->check(CLI::IsMember(input_format_names()))
      ->capture_default_str();
  command
      .add_option("--text-key", recipe.input.text_key,
                  "JSON: key of the text; Parquet, CSV and TSV: its column; with --chat: key of the messages, by "
                  "default messages")
      ->capture_default_str()
      ->type_name("KEY");
  command
      .add_option("--id-key", recipe.input.id_key, "Key, or column, of the document's id; without one it is NAME:LINE")
      ->capture_default_str()
      ->type_name("KEY");
  command
      .add_option("--record-bytes-max", flags.record_bytes_max,
                  "Largest line or text file; longer ones are dropped (K, M, G); default 64M")
      ->type_name("SIZE");
  command
      .add_option(
          "--chat", flags.chat,
          "Lines are conversations, {\"messages\": [{\"role\", \"content\"}]}: written as chatml, llama3 or your "
          "own JSON file says, with loss masks (*.mask) for ftok train")
      ->type_name("TEMPLATE");
  command
      .add_option("--shuffle", flags.shuffle, "Shuffle the documents of all inputs; the same SEED gives the same order")
      ->type_name("SEED");
  command.add_option("--shard-tokens", flags.shard_tokens, "Tokens per shard (K, M, G); default 100M")->type_name("N");
  command
      .add_option("--validation-per-mille", recipe.shards.validation_per_mille,
                  "Documents per thousand held out in ftok_val_*")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str()
      ->type_name("N");
  command.add_option("--shard-format", recipe.shards.format, "Format of the token shards: " + shard_format_help())
      ->check(CLI::IsMember(shard_format_names()))
      ->capture_default_str();
  command.add_option("--token-bytes", recipe.shards.token_bytes, "Bytes per token; auto: as the vocabulary needs")
      ->check(CLI::IsMember({"auto", "2", "4"}))
      ->capture_default_str();
  command
      .add_option("--end-of-text", recipe.shards.end_of_text,
                  "Where the end-of-text token goes: before or after each document; auto: where the format's readers "
                  "expect it")
      ->check(CLI::IsMember({"auto", "before", "after", "none"}))
      ->capture_default_str();
  command.add_flag(
      "--strict", flags.tokenize.strict,
      "Stop with an error at the first line or record that cannot be read; without it, such are dropped and counted");
  command.add_option("-j,--threads", flags.tokenize.threads, "Threads; 0: all cores")
      ->capture_default_str()
      ->type_name("N");
  command
      .add_option("--memory", flags.memory, "Memory limit for texts in flight and for a bucket being sorted (K, M, G)")
      ->capture_default_str()
      ->type_name("SIZE");
  command.add_option("--progress-json", flags.tokenize.progress_json, "Append progress reports to FILE (JSON lines)")
      ->type_name("FILE");
  command.add_flag("--json", flags.json, "Print the result as one JSON object");
  command.add_flag("-q,--quiet", flags.tokenize.quiet, "Warnings only: no progress, no information, no funnel");
}

uint64_t parse_seed(const std::string& text) {
  if (text.empty() || text.size() > 19 || text.find_first_not_of("0123456789") != std::string::npos) {
    throw UsageError(fmt::format("--shuffle: got '{}', expected a whole number below 10^19", text));
  }
  return std::stoull(text);
}

void take_chat(TokenizeFlags& flags) {
  if (flags.chat.empty()) return;
  SourceOptions& input = flags.tokenize.recipe.input;
  if (input.format != "auto" && input.format != "jsonl")
    throw UsageError("--chat: conversations are JSONL, not --format " + input.format);
  input.format = "jsonl";
  if (input.text_key == SourceOptions().text_key) input.text_key = "messages";
  flags.tokenize.recipe.chat = find_chat_template(flags.chat, "--chat");
}

// Of the stored bytes; none where one is not a file.
std::optional<uint64_t> size_of(const std::vector<std::string>& inputs) {
  uint64_t total = 0;
  for (const std::string& input : inputs) {
    std::error_code code;
    if (is_address(input) || !std::filesystem::is_regular_file(input, code)) return std::nullopt;
    total += std::filesystem::file_size(input, code);
    if (code) return std::nullopt;
  }
  return total;
}

// The name of the vocabulary that a folder is bound to; "" where there is none.
std::string vocabulary_of_folder(const std::string& folder) {
  const std::string path = folder + "/binding.toml";
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return "";
  const std::string bound = read_file(path, 64 << 20);
  constexpr std::string_view kKey = "\nvocabulary = \"";
  const size_t at = bound.find(kKey, std::min(bound.find("\n[digests]\n"), bound.size()));
  if (at == std::string::npos) return "";
  const size_t begin = at + kKey.size();
  const std::string value = bound.substr(begin, bound.find('"', begin) - begin);  // the name and the digest
  return value.substr(0, value.rfind(' '));
}

void choose_vocabulary(TokenizeFlags& flags, const std::string& folder, const Log& log) {
  std::string& name = flags.vocabulary.vocab;
  if (!name.empty()) return;
  name = vocabulary_of_folder(folder);
  if (!name.empty()) return;
  const std::optional<uint64_t> size = size_of(flags.tokenize.inputs);
  name = size && *size <= kSmallInputBytes ? kSmallVocabulary : kLargeVocabulary;
  log(LogLevel::kInfo, fmt::format("vocabulary {}, since the inputs {} (--vocab names another)", name,
                                   size ? "are " + bytes_text(static_cast<double>(*size)) : "are of unknown size"));
}

std::string rate_text(const RunResult& result) {
  const double seconds = std::max(result.seconds, 1e-3);
  const double tokens = static_cast<double>(result.tally.tokens) / seconds;
  const std::string tokens_text = tokens < 1e3   ? fmt::format("{:.0f}", tokens)
                                  : tokens < 1e6 ? fmt::format("{:.0f} k", tokens / 1e3)
                                                 : fmt::format("{:.1f} M", tokens / 1e6);
  return fmt::format("{}/s of text, {} tokens/s\n", bytes_text(static_cast<double>(result.tally.text_bytes) / seconds),
                     tokens_text);
}

void run_command(TokenizeFlags flags) {
  const Log log = stderr_log(flags.tokenize.quiet);
  TokenizeOptions& options = flags.tokenize;
  if (!flags.shuffle.empty()) options.recipe.shuffle = parse_seed(flags.shuffle);
  if (!flags.shard_tokens.empty())
    options.recipe.shards.shard_tokens = parse_size(flags.shard_tokens, false, "--shard-tokens");
  if (!flags.record_bytes_max.empty())
    options.recipe.input.record_bytes_max = parse_size(flags.record_bytes_max, true, "--record-bytes-max");
  if (!flags.limit.empty()) flags.inputs.limit = static_cast<uint64_t>(parse_size(flags.limit, false, "--limit"));
  take_chat(flags);
  options.memory = static_cast<uint64_t>(parse_size(flags.memory, true, "--memory"));
  if (const uint64_t least = tokenize_memory_min(options.recipe); options.memory < least) {
    throw UsageError(fmt::format("--memory {}: at least {}, 24 times --record-bytes-max", flags.memory, least));
  }
  if (flags.inputs.inputs.empty() && flags.inputs.input_lists.empty()) {
    if (::isatty(STDIN_FILENO) != 0) throw UsageError("no input: give FILE or --input-list FILE, or pipe text in");
    flags.inputs.inputs.emplace_back("-");
  }
  options.inputs = list_inputs(flags.inputs);
  for (const std::vector<std::string>& read : {options.inputs, flags.inputs.input_lists})
    refuse_to_overwrite("--progress-json", options.progress_json, read);
  catch_stop_signals();
  OutputPlace place(flags.output, fetch_options_of_environment(), log);
  options.output = place.folder();
  choose_vocabulary(flags, options.output, log);
  options.encoding = std::make_shared<const Encoding>(load_encoding(flags.vocabulary));
  const RunResult result = tokenize(options, log);
  place.publish();
  if (flags.json) {
    print_out(funnel_json(result) + "\n");
  } else if (!options.quiet) {
    print_report(funnel_text(result, terminal_size(stdout).columns) + rate_text(result));
    for (const std::string& shard : result.shards) print_text(fmt::format("{}/{}\n", flags.output.output, shard));
    if (!result.shards.empty() && !is_s3_address(flags.output.output))
      note("ftok: next: `ftok train {0}--data {1} -o model`, `ftok card {1}` before it is uploaded\n",
           flags.chat.empty() ? "" : "sft --init MODEL ", flags.output.output);
  }
}

}  // namespace

void add_tokenize_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("tokenize", "Turn texts into token shards");
  const auto flags = std::make_shared<TokenizeFlags>();
  add_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  ftok tokenize book.txt -o shards\n"
      "  ftok tokenize --vocab cl100k_base --output out documents.jsonl.zst\n"
      "  ftok tokenize --shuffle 1 --output out 'run/parts/*.text.jsonl.zst'\n"
      "  ftok tokenize --vocab ftok-4k --chat chatml --output out conversations.jsonl\n"
      "  zcat texts.jsonl.gz | ftok tokenize --text-key content --output out\n"
      "A run that was stopped or killed continues, even inside a file, when the same command is given again.");
  command->callback([flags] { run_command(*flags); });
}

}  // namespace ftok::cli
