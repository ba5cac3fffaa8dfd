// `ftok vocab train`: a vocabulary from texts, or from counts files of them.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/error.h"
#include "core/json.h"
#include "core/refuse_to_overwrite.h"
#include "pipeline/progress.h"
#include "tokenizer/bpe_train.h"
#include "tools/ftok/corpus_flags.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

constexpr size_t kMergesBetweenSaves = 1024;

struct VocabTrainFlags : CorpusFlags {
  uint32_t size = 0;
  std::string output, name, ties = "smallest-ranks", byte_order = "bytes", compatible, extend;
  std::vector<std::string> specials;
  uint64_t pretoken_count_min = 1, count_min = 2;
  uint32_t token_bytes_max = 64;
};

// What is trained on: counted texts, or counts files.
struct Pretokens {
  PretokenPattern pattern = Pattern::kCl100k;
  CountedCorpus counted;
  std::vector<std::string> files;
  Weights weights;

  void visit(const PretokenVisitor& visitor) const {
    if (counted.counter != nullptr) {
      counted.counter->visit(visitor, false);
      return;
    }
    const std::vector<std::unique_ptr<CountsReader>> readers = open_counts(files);
    std::vector<SortedCounts*> parts;
    for (const auto& reader : readers) parts.push_back(reader.get());
    merge_counts(parts, weights.times, visitor);
  }
};

Pretokens pretokens_of(const VocabTrainFlags& flags, const std::string& default_pattern) {
  Pretokens pretokens;
  pretokens.weights = weights_of(flags.files, flags.weights);
  const auto counts_files = static_cast<size_t>(std::count_if(flags.files.begin(), flags.files.end(), is_counts_file));
  if (counts_files == 0) {
    pretokens.pattern = parse_pattern(flags.pattern.empty() ? default_pattern : flags.pattern);
    pretokens.counted = count_corpus(flags, pretokens.weights.times, pretokens.pattern, flags.output);
    return pretokens;
  }
  if (counts_files < flags.files.size()) {
    const auto text = std::find_if_not(flags.files.begin(), flags.files.end(), is_counts_file);
    throw UsageError(
        fmt::format("{}: not a counts file, although others are; `ftok vocab count` makes one from it", *text));
  }
  if (!flags.checkpoint.empty()) throw UsageError("--checkpoint: not used with counts files");
  pretokens.files = flags.files;
  const CountsHeader header = open_counts(flags.files)[0]->header();
  pretokens.pattern = PretokenPattern::parse(header.pattern_text);
  if (!flags.pattern.empty() && parse_pattern(flags.pattern).text() != header.pattern_text) {
    throw UsageError(fmt::format("--pattern {}: {} was counted with {}", flags.pattern, flags.files[0],
                                 header.pattern == pattern_name(Pattern::kOwn) ? header.pattern_text : header.pattern));
  }
  return pretokens;
}

void check_specials(const VocabTrainFlags& flags) {
  for (size_t i = 0; i < flags.specials.size(); ++i) {
    if (flags.specials[i].empty()) throw UsageError("--special: a special token cannot be empty");
    if (std::find(flags.specials.begin(), flags.specials.begin() + static_cast<std::ptrdiff_t>(i), flags.specials[i]) !=
        flags.specials.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UsageError(fmt::format("--special {}: given twice", flags.specials[i]));
    }
  }
}

BpeTrainOptions options_of(const VocabTrainFlags& flags) {
  BpeTrainOptions options{.size = flags.size,
                          .pretoken_count_min = flags.pretoken_count_min,
                          .count_min = flags.count_min,
                          .token_bytes_max = flags.token_bytes_max};
  if (flags.byte_order == "letters") options.byte_order = ByteOrder::kLetters;
  if (flags.ties == "greatest-bytes") options.tie_break = TieBreak::kGreatestBytes;
  if (flags.compatible == "huggingface") {
    if (options.tie_break != TieBreak::kSmallestRanks)
      throw UsageError("--ties greatest-bytes: not with --compatible huggingface");
    if (!flags.extend.empty()) throw UsageError("--extend: not with --compatible huggingface");
    options.byte_order = ByteOrder::kLetters;
    options.token_bytes_max = kTokenBytesMax;
  }
  return options;
}

// Refuses, before anything is done, what would take more than --memory.
void check_memory(const VocabTrainFlags& flags, Pretokens& pretokens, const BpeTrainOptions& options) {
  TrainingSizes sizes;
  uint64_t distinct = 0;
  pretokens.visit([&](std::string_view pretoken, uint64_t count) {
    sizes.add(pretoken, count);
    ++distinct;
  });
  const uint64_t memory = memory_of(flags), needed = sizes.memory_bytes(options.pretoken_count_min);
  if (needed > memory) {
    const uint64_t fits = sizes.count_min_within(memory);
    const uint64_t scale = pretokens.weights.scale;
    const std::string way = fits == 0
                                ? fmt::format("no --min-count up to {} is enough", TrainingSizes::kCountMax / scale)
                                : fmt::format("--min-count {} is enough", (fits + scale - 1) / scale);
    throw Error(fmt::format("training on {} distinct pretokens may take {}, but --memory is {}; {}", distinct,
                            bytes_text(static_cast<double>(needed)), flags.memory, way));
  }
  CorpusCounter* counter = pretokens.counted.counter.get();
  if (counter != nullptr && counter->memory_bytes() + needed > memory) counter->spill();
}

std::string merges_key(const BpeTrainOptions& options, const std::string& base_digest) {
  return sha256_hex(fmt::format("{} {} {} {} {} {}", options.pretoken_count_min, options.count_min,
                                options.token_bytes_max, static_cast<int>(options.byte_order),
                                static_cast<int>(options.tie_break), base_digest));
}

BpeMerges make_merges(const VocabTrainFlags& flags, const Pretokens& pretokens, BpeTrainOptions& options) {
  const TrainCheckpoint* checkpoint = pretokens.counted.checkpoint.get();
  const std::string key = merges_key(options, options.base != nullptr ? options.base->digest : "");
  std::optional<BpeMerges> resume;
  if (checkpoint != nullptr) {
    resume = checkpoint->load_merges(key, start_merges(options.byte_order, options.base), options.base);
    if (resume && resume->tokens.size() > options.size) resume.reset();
    if (resume) options.resume = &*resume;
  }
  LiveLine line(flags.quiet);
  const size_t first =
      options.resume != nullptr ? resume->tokens.size() : start_merges(options.byte_order, options.base).tokens.size();
  options.progress = [&](const BpeMerges& merges) {
    if (merges.pairs.size() % 256 == 0) {
      line.show([&] {
        const double rate = static_cast<double>(merges.tokens.size() - first) / std::max(line.seconds(), 1e-3);
        return fmt::format(
            "{} of {} ranks, {:.0f}/s, {} left at most", merges.tokens.size(), options.size, rate,
            duration_text(static_cast<double>(options.size - merges.tokens.size()) / std::max(rate, 1e-3)));
      });
    }
    if (checkpoint != nullptr && merges.pairs.size() % kMergesBetweenSaves == 0) checkpoint->save_merges(key, merges);
  };
  return train_bpe([&](const PretokenVisitor& visitor) { pretokens.visit(visitor); }, options);
}

void report(const VocabTrainFlags& flags, const Pretokens& pretokens, const Vocabulary& vocabulary,
            const BpeMerges& merges, double seconds) {
  if (flags.json) {
    JsonWriter json;
    json.begin_object()
        .field("output", flags.output)
        .field("name", vocabulary.name)
        .field("pattern", pretokens.pattern.name())
        .field("ranks", vocabulary.token_count())
        .field("merges", uint64_t{merges.pairs.size()})
        .field("special_tokens", uint64_t{vocabulary.specials.size()})
        .field("least_count", merges.counts.empty() ? uint64_t{0} : merges.counts.back() / pretokens.weights.scale)
        .field("sha256", vocabulary.digest)
        .field("text_bytes", pretokens.counted.report.text_bytes)
        .field("empty_documents", pretokens.counted.report.empty_documents)
        .field("counting_seconds", pretokens.counted.report.seconds)
        .field("merging_seconds", seconds)
        .end_object();
    print_out(json.take() + "\n");
  }
  if (flags.quiet) return;
  if (vocabulary.token_count() < flags.size) {
    note("ftok: {} ranks instead of {}: no pair is left that occurs {} times\n", vocabulary.token_count(), flags.size,
         flags.count_min);
  }
  if (pretokens.counted.counter != nullptr) {
    const CorpusCountReport& counting = pretokens.counted.report;
    note("ftok: counted {} of text in {:.2f} s\n", bytes_text(static_cast<double>(counting.text_bytes)),
         counting.seconds);
  }
  note("ftok: wrote {} and {}: {} ranks, {} special tokens, SHA-256 {}; {} merges in {:.2f} s\n", flags.output,
       sidecar_path(flags.output), vocabulary.token_count(), vocabulary.specials.size(), vocabulary.digest,
       merges.pairs.size(), seconds);
}

void run_train(const VocabTrainFlags& flags) {
  for (const std::string& path : {flags.output, sidecar_path(flags.output)})
    refuse_to_overwrite("--output", path, flags.files);
  BpeTrainOptions options = options_of(flags);
  if (flags.size < 256 || flags.size > kVocabularyTokensMax) {
    throw UsageError(fmt::format("--size {}: expected 256 to {}", flags.size, kVocabularyTokensMax));
  }
  check_specials(flags);
  std::optional<Vocabulary> base;
  if (!flags.extend.empty()) {
    base = load_named_vocabulary(flags.extend);
    if (!base->merges.empty())
      throw UsageError(fmt::format("--extend {}: its merges do not follow from its ranks", flags.extend));
    if (flags.size <= base->token_count()) {
      throw UsageError(
          fmt::format("--size {}: {} has {} ranks already", flags.size, flags.extend, base->token_count()));
    }
    options.base = &*base;
  }
  Pretokens pretokens =
      pretokens_of(flags, base ? PretokenPattern(base->pattern, base->own_pattern).text() : kDefaultPattern);
  // Everything was counted `scale` times, so thresholds are that much higher; a --min-count of 1 still leaves nothing
  // out.
  const auto scaled = [&](uint64_t count) {
    return std::min(count, INT64_MAX / pretokens.weights.scale) * pretokens.weights.scale;
  };
  if (options.pretoken_count_min > 1) options.pretoken_count_min = scaled(options.pretoken_count_min);
  options.count_min = scaled(options.count_min);
  check_memory(flags, pretokens, options);
  const LiveLine clock(true);
  const BpeMerges merges = make_merges(flags, pretokens, options);
  const double seconds = clock.seconds();
  const std::string name = flags.name.empty() ? std::filesystem::path(flags.output).stem().string() : flags.name;
  const Vocabulary vocabulary = make_vocabulary(merges, name, pretokens.pattern, flags.specials, options.base);
  write_vocabulary(vocabulary, flags.output);
  report(flags, pretokens, vocabulary, merges, seconds);
}

}  // namespace

void add_vocab_train_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("train", "Train a vocabulary on texts or on their pretoken counts");
  const auto flags = std::make_shared<VocabTrainFlags>();
  command->add_option("--size", flags->size, "Number of ranks, including the 256 bytes but not the special tokens")
      ->required();
  flags->add_to(*command, true);
  command->add_option("--special", flags->specials, "A special token (repeatable); ids follow the ranks")
      ->allow_extra_args(false);
  command->add_option("-o,--output", flags->output, "V.tiktoken; its sidecar V.json is written beside it")->required();
  command->add_option("--name", flags->name, "Name in the sidecar (default: the file's)");
  command->add_option("--min-count", flags->pretoken_count_min, "Leave out pretokens seen less often; saves memory")
      ->capture_default_str();
  command->add_option("--min-frequency", flags->count_min, "Do not merge pairs seen less often")->capture_default_str();
  command->add_option("--max-token-bytes", flags->token_bytes_max, "Longest token, in bytes")->capture_default_str();
  command->add_option("--extend", flags->extend, "Vocabulary to extend: its ids stay, and new ranks follow its last")
      ->type_name("V");
  command->add_option("--ties", flags->ties, "Which of two equally frequent pairs is merged first")
      ->check(CLI::IsMember({"smallest-ranks", "greatest-bytes"}))
      ->capture_default_str();
  command
      ->add_option("--byte-order", flags->byte_order,
                   "Order of the bytes' ranks: by value, or as in GPT-2 and Hugging Face")
      ->check(CLI::IsMember({"bytes", "letters"}))
      ->capture_default_str();
  command
      ->add_option("--compatible", flags->compatible,
                   "huggingface: learn the merges that its BpeTrainer learns from the same pretokens")
      ->check(CLI::IsMember({"huggingface"}));
  command->add_option("FILE", flags->files, "Text, JSON Lines, Parquet or WARC, plain, .gz or .zst; or counts files")
      ->required();
  command->footer(
      "Examples:\n"
      "  ftok vocab train --size 32000 --special '<|endoftext|>' --output mine.tiktoken books.jsonl.zst\n"
      "  ftok vocab train --size 100000 --pattern o200k --weight code.txt=2.5 --output mine.tiktoken web.jsonl "
      "code.txt\n"
      "  ftok vocab train --size 100000 --checkpoint state --output mine.tiktoken crawl-*.jsonl.zst    (the same "
      "command again continues)\n"
      "  ftok vocab train --size 120000 --extend cl100k_base.tiktoken --output more.tiktoken polish.jsonl\n"
      "  ftok vocab train --size 64000 --output mine.tiktoken all.counts");
  command->callback([flags] { run_train(*flags); });
}

}  // namespace ftok::cli
