// `ftok vocab train`: a vocabulary from texts.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "tokenizer/bpe_train.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/text_input.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct TrainFlags {
  uint32_t size = 0;
  std::string pattern = "cl100k", output, name, ties = "smallest-ranks", byte_order = "bytes", text_key = "text";
  std::vector<std::string> specials, files, weights;
  uint64_t count_min = 2;
  uint32_t token_bytes_max = 64;
};

bool is_json_lines(const std::string& path) {
  const std::filesystem::path file(path);
  return file.extension() == ".jsonl" || file.extension() == ".json" || file.stem().extension() == ".jsonl";
}

// The weight of each file: of the last --weight FILE=W that names it, else 1.
std::map<std::string, uint64_t> weights_of(const TrainFlags& flags) {
  std::map<std::string, uint64_t> weights;
  for (const std::string& file : flags.files) weights[file] = 1;
  for (const std::string& weight : flags.weights) {
    const size_t equals = weight.rfind('=');
    const std::string file = weight.substr(0, equals), digits = equals == std::string::npos ? "" : weight.substr(equals + 1);
    if (digits.empty() || digits.size() > 6 || digits.find_first_not_of("0123456789") != std::string::npos) {
      throw UsageError(fmt::format("--weight {}: expected FILE=W, W a whole number up to 999999", weight));
    }
    if (weights.count(file) == 0) throw UsageError(fmt::format("--weight {}: {} is not among the files", weight, file));
    weights[file] = std::stoull(digits);
  }
  return weights;
}

void run_train(const TrainFlags& flags) {
  const PretokenPattern pattern = PretokenPattern::parse(flags.pattern);
  BpeTrainOptions options{.size = flags.size, .count_min = flags.count_min, .token_bytes_max = flags.token_bytes_max};
  if (flags.byte_order == "letters") options.byte_order = ByteOrder::kLetters;
  if (flags.ties == "greatest-bytes") options.tie_break = TieBreak::kGreatestBytes;
  const std::map<std::string, uint64_t> weights = weights_of(flags);
  PretokenCounts counts;
  for (const std::string& file : flags.files) {
    const std::unique_ptr<ByteSource> source = open_file_source(file);
    const auto count = [&](std::string_view text) { counts.add_text(text, pattern, weights.at(file)); };
    if (is_json_lines(file)) {
      for_each_json_text(*source, flags.text_key, count);
    } else {
      for_each_text_piece(*source, count);
    }
    fmt::print(stderr, "ftok: {}: {} pretokens so far, {} distinct\n", file, counts.total(), counts.size());
  }
  const BpeMerges merges = train_bpe(counts, options);
  if (merges.tokens.size() < flags.size) {
    fmt::print(stderr, "ftok: {} ranks instead of {}: no pair is left that is there {} times\n", merges.tokens.size(),
               flags.size, flags.count_min);
  }
  const std::string name = flags.name.empty() ? std::filesystem::path(flags.output).stem().string() : flags.name;
  const Vocabulary vocabulary = make_vocabulary(merges, name, pattern.pattern(), flags.specials);
  write_vocabulary(vocabulary, flags.output);
  fmt::print(stderr, "ftok: wrote {} and {}: {} ranks, {} special tokens, SHA-256 {}\n", flags.output,
             sidecar_path(flags.output), vocabulary.token_count(), vocabulary.specials.size(), vocabulary.digest);
}

}  // namespace

void add_vocab_train_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("train", "Train a vocabulary on texts");
  const auto flags = std::make_shared<TrainFlags>();
  command->add_option("--size", flags->size, "Ranks, the 256 bytes included; special tokens come on top")->required();
  command->add_option("--pattern", flags->pattern, "Pre-tokenisation pattern")->capture_default_str();
  command->add_option("--special", flags->specials, "A special token (repeatable); ids follow the ranks")
      ->allow_extra_args(false);
  command->add_option("--output", flags->output, "V.tiktoken; its sidecar V.json is written beside it")->required();
  command->add_option("--name", flags->name, "Name in the sidecar (default: of the file)");
  command->add_option("--min-count", flags->count_min, "A pair seen less often is not merged")->capture_default_str();
  command->add_option("--longest-token", flags->token_bytes_max, "Most bytes of a token")->capture_default_str();
  command->add_option("--ties", flags->ties, "Which of two equally frequent pairs is merged first")
      ->check(CLI::IsMember({"smallest-ranks", "greatest-bytes"}))
      ->capture_default_str();
  command->add_option("--byte-order", flags->byte_order, "Ranks of the bytes: by value, or as GPT-2 and Hugging Face have it")
      ->check(CLI::IsMember({"bytes", "letters"}))
      ->capture_default_str();
  command->add_option("--text-key", flags->text_key, "Key of the text in a line of JSON Lines")->capture_default_str();
  command->add_option("--weight", flags->weights, "FILE=W: count the texts of FILE W times (repeatable)")
      ->allow_extra_args(false);
  command->add_option("FILE", flags->files, "Text, or JSON Lines (.jsonl)")->required();
  command->footer(
      "Example:\n"
      "  ftok vocab train --size 32000 --pattern cl100k --special '<|endoftext|>' --output mine.tiktoken books.jsonl");
  command->callback([flags] { run_train(*flags); });
}

}  // namespace ftok::cli
