#include "pipeline/mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/memory_budget.h"
#include "core/new_folder.h"
#include "core/run_on_threads.h"
#include "core/signals.h"
#include "pipeline/inputs.h"
#include "pipeline/mix/feed.h"
#include "pipeline/mix/gather.h"
#include "pipeline/mix/packer.h"
#include "pipeline/mix/text_segments.h"
#include "pipeline/shard_settings.h"
#include "pipeline/tokenize.h"
#include "pipeline/tokenize/buckets.h"
#include "pipeline/tokenize/join_buckets.h"
#include "shards/split_files.h"
#include "text/unicode.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr size_t kBins = size_t{1} << 16;  // by which the last pass is cut off
// Of the documents after the last whole bin, so many tokens are looked at for what fits into the rest of a share.
constexpr uint64_t kMarginalTokens = 4'000'000;
constexpr uint64_t kSelection = UINT64_MAX;  // in place of a pass's number: which documents the last one takes

size_t bin_of(const ShuffleKey& key) { return static_cast<size_t>(key.high >> 48); }

// A source, and how much of it is taken.
struct Part {
  const MixSource* source = nullptr;
  uint64_t key = 0;  // mix_source_key
  std::unique_ptr<Feed> feed;
  std::vector<uint64_t> bins = std::vector<uint64_t>(kBins, 0);  // tokens of a pass, by selection key
  uint64_t passes = 0;                                           // whole ones
  size_t last_bin = 0;                                           // of the last pass: bins below it are taken whole
  size_t last_bin_end = 0;       // and of the documents from it to this one those that fit
  uint64_t last_bin_tokens = 0;  // into so many tokens
  bool has_run_out = false;      // by epochs_max
};

// Whether a source is texts, and its files: parts' texts of folders of ftok run.
bool takes_texts(const MixSource& source) {
  if (source.take != "auto") return source.take == "texts";
  const std::string& first = source.paths.front();
  if (fs::is_directory(first)) return false;
  std::string name;
  return !is_shard_name(first) && manifest_path_of(first, name).empty();
}

std::vector<std::string> text_inputs(const MixSource& source) {
  InputListOptions list;
  for (const std::string& path : source.paths) {
    if (!fs::is_directory(path)) {
      list.inputs.push_back(path);
      continue;
    }
    std::vector<std::string> texts;
    const fs::path parts = fs::path(path) / "parts";
    if (fs::is_directory(parts)) {
      for (const auto& entry : fs::directory_iterator(parts)) {
        const std::string name = entry.path().filename().string();
        if (name.ends_with(".text.jsonl.zst") || name.ends_with(".text.parquet"))
          texts.push_back(entry.path().string());
      }
    }
    if (texts.empty()) {
      throw UsageError(
          fmt::format("mix: source {}: {} holds no texts (parts/*.text.*): it is no output of ftok run, or of "
                      "one with --no-text",
                      source.name, path));
    }
    std::sort(texts.begin(), texts.end());
    list.inputs.insert(list.inputs.end(), texts.begin(), texts.end());
  }
  return list_inputs(list);
}

class Mixer {
 public:
  Mixer(const MixRun& run, const Log& log)
      : run_(run),
        log_(log),
        threads_(threads_or_all(run.threads)),
        budget_((check(run), run.memory / 2)),
        folder_(run.output) {
    result_.budget = run.budget;
    work_ = folder_.path() + "/work";
    make_folder(work_);
  }

  MixResult run() {
    open_shards();
    open_vocabulary();
    run_on_threads(threads_, [&] {
      open_texts();
      share();
      result_.gather_bytes = gather_bytes();
      result_.gathered =
          result_.gather_bytes > 0 && result_.gather_bytes <= run_.gather_bytes_max.value_or(run_.memory / 2);
      if (result_.gathered) {
        write_gathered();
      } else {
        write_buckets();
      }
    });
    finish();
    return std::move(result_);
  }

 private:
  static void check(const MixRun& run) {
    if (run.budget == 0) throw UsageError("--budget: it is 0 tokens");
    if (const uint64_t least = tokenize_memory_min({}); run.memory < least)
      throw UsageError(fmt::format("--memory {}: at least {}, 24 times the longest text", run.memory, least));
    for (const MixSource& source : run.recipe.sources) check_paths(source);
  }

  // All of them are there before the first is read.
  static void check_paths(const MixSource& source) {
    try {
      if (takes_texts(source)) text_inputs(source);
    } catch (const Error& error) {
      const std::string what = error.what();
      if (what.starts_with("mix: ")) throw;
      throw UsageError(fmt::format("mix: source {}: {}", source.name, what));
    }
    if (takes_texts(source)) return;
    for (const std::string& path : source.paths) {
      if (!fs::exists(path)) refuse(source, path + ": No such file or directory");
    }
  }

  [[noreturn]] static void refuse(const MixSource& source, const std::string& what) {
    throw UsageError(fmt::format("mix: source {}: {}", source.name, what));
  }

  void open_shards() {
    for (const MixSource& source : run_.recipe.sources) {
      parts_.emplace_back();
      parts_.back().source = &source;
      parts_.back().key = mix_source_key(source.name, static_cast<uint64_t>(run_.recipe.mix.seed));
      result_.sources.emplace_back();
      result_.sources.back().name = source.name;
      shards_.emplace_back();
      if (takes_texts(source)) continue;
      if (source.host_tokens_max != 0) refuse(source, "host_tokens_max: shards hold no addresses; take = \"texts\"");
      if (!source.score.empty()) refuse(source, "score: shards hold none; take = \"texts\"");
      shards_.back().emplace(source.paths, hints_of(source));
      if (shards_.back()->has_masks()) refuse(source, "its shards have loss masks, which a mix does not keep");
      note_manifest(source, shards_.back()->manifest());
      result_.sources.back().digest = digest_of(*shards_.back());
    }
  }

  static std::string digest_of(const ShardSource& source) {
    std::string all;
    if (source.manifest()) {
      for (const ShardEntry& entry : source.manifest()->shards) all += entry.shard.checksum;
    } else {
      for (const ShardSource::Shard& shard : source.shards()) all += checksum_of_file(shard.path);
    }
    return checksum_of(all);
  }

  static ShardSourceHints hints_of(const MixSource& source) {
    ShardSourceHints hints;
    if (source.shard_format != "auto") {
      hints.shards.format =
          &find_shard_format(source.shard_format, fmt::format("mix: source {}: shard_format", source.name));
    }
    if (source.token_bytes != "auto") hints.shards.token_bytes = source.token_bytes == "2" ? 2 : 4;
    if (source.end_of_text != "auto") hints.end_of_text = parse_end_of_text(source.end_of_text, "end_of_text");
    return hints;
  }

  // All shards are of one vocabulary.
  void note_manifest(const MixSource& source, const std::optional<Manifest>& manifest) {
    if (!manifest) return;
    if (!vocabulary_) {
      vocabulary_ = manifest->vocabulary;
      without_end_of_text_ = manifest->placement == EndOfText::kNone;
      vocabulary_source_ = source.name;
    } else if (*vocabulary_ != manifest->vocabulary) {
      refuse(source, fmt::format("its vocabulary is {}, that of source {} is {}", manifest->vocabulary.name,
                                 vocabulary_source_, vocabulary_->name));
    }
  }

  // What ids stand for, somebody has to say.
  void refuse_shards_without_vocabulary() const {
    if (vocabulary_ || !run_.vocabulary.empty()) return;
    for (size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i])
        refuse(*parts_[i].source,
               "its shards have no manifest, so that nothing says which vocabulary they are of; name it with --vocab");
    }
  }

  // Of the texts, and what the shards' writer is told. Shards alone need no vocabulary's file, where a manifest says
  // which it is.
  void open_vocabulary() {
    refuse_shards_without_vocabulary();
    const bool has_texts = std::any_of(shards_.begin(), shards_.end(), [](const auto& shards) { return !shards; });
    if (has_texts || !vocabulary_ || !run_.vocabulary.empty()) {
      encoding_ = run_.load_vocabulary(run_.vocabulary.empty() && vocabulary_ ? vocabulary_->name : run_.vocabulary);
      const Manifest::Vocabulary own = {encoding_->name(), encoding_->digest(), encoding_->n_vocab(),
                                        encoding_->end_of_text().value_or(0)};
      if (vocabulary_ && vocabulary_->digest != own.digest) {
        throw UsageError(fmt::format("mix: the shards of source {} are of the vocabulary {}, not {}",
                                     vocabulary_source_, vocabulary_->name, own.name));
      }
      vocabulary_ = own;
      writer_options_ = shard_writer_options(run_.recipe.shards, *encoding_, "shards.");
    } else {
      VocabularyFacts facts{vocabulary_->name, vocabulary_->size, static_cast<uint32_t>(vocabulary_->end_of_text)};
      if (without_end_of_text_) facts.end_of_text.reset();
      writer_options_ = shard_writer_options(run_.recipe.shards, facts, "shards.");
    }
    const uint64_t sequence = static_cast<uint64_t>(run_.recipe.mix.pack_tokens);
    if (sequence == 1) throw UsageError("mix: pack_tokens: a sequence has at least 2 tokens");
    if (sequence > 0) {
      if (writer_options_.placement == EndOfText::kNone)
        throw UsageError("mix: pack_tokens: not with shards.end_of_text = none");
      if (writer_options_.shard_tokens < sequence) {
        throw UsageError(fmt::format("mix: pack_tokens: a shard of {} tokens holds no sequence of {}",
                                     writer_options_.shard_tokens, sequence));
      }
      writer_options_.shard_tokens -= writer_options_.shard_tokens % sequence;  // no sequence lies across a cut
    }
    writer_options_.folder = folder_.path();
    end_of_text_tokens_ = writer_options_.placement == EndOfText::kNone ? 0 : 1;
  }

  // Reads every source once: counts, and what of texts is kept for the second time.
  void open_texts() {
    FeedOptions options;
    options.encoding = encoding_.get();
    options.validation_per_mille = run_.recipe.shards.validation_per_mille;
    options.seed = static_cast<uint64_t>(run_.recipe.mix.seed);
    options.end_of_text_tokens = end_of_text_tokens_;
    options.live_max = 2 * threads_;
    options.budget = &budget_;
    for (size_t i = 0; i < parts_.size(); ++i) {
      Part& part = parts_[i];
      MixedSource& mixed = result_.sources[i];
      if (shards_[i]) {
        shards_[i] = with_end_of_text(*part.source, std::move(*shards_[i]));
        part.feed = make_shard_feed(std::move(*shards_[i]), options);
      } else {
        const std::vector<std::string> inputs = text_inputs(*part.source);
        const TextSegmentsOptions segments = {fmt::format("{}/{:03}", mixing_folder(), i), settings_of(*part.source),
                                              run_.segment_bytes};
        part.feed = make_text_feed(*part.source, inputs, options, segments, mixed, log_);
      }
      part.feed->for_each(Fed::kSizesAlone, [&](const FedDocument& document) { count(document, part, mixed); });
      log_(LogLevel::kInfo, fmt::format("{}: {} documents, {} tokens", mixed.name, mixed.documents, mixed.tokens));
    }
  }

  // Made for the first source of texts.
  const std::string& mixing_folder() {
    if (!mixing_) {
      const fs::path output = fs::path(run_.output).lexically_normal();
      mixing_.emplace((output.has_filename() ? output : output.parent_path()).string() + ".mixing");
    }
    return mixing_->path();
  }

  // All that decides how a source's texts are encoded and chosen.
  std::string settings_of(const MixSource& source) const {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", encoding_->name(), encoding_->digest(),
                       end_of_text_tokens_, run_.recipe.shards.validation_per_mille, run_.recipe.mix.seed,
                       source.host_tokens_max, source.text_key, source.id_key, source.score,
                       fmt::join(source.bounds, ","), fmt::join(source.repeats, ","));
  }

  // Without a manifest, the end-of-text token of shards is that of the mix's vocabulary.
  ShardSource with_end_of_text(const MixSource& source, ShardSource shards) const {
    if (shards.manifest()) return shards;
    ShardSourceHints hints = hints_of(source);
    hints.end_of_text_id = static_cast<uint32_t>(vocabulary_->end_of_text);
    ShardSource found(source.paths, hints);
    if (const std::string missing = found.missing_end_of_text(); !missing.empty()) {
      refuse(source, fmt::format("{}: {}; if their vocabulary is not {}, name it with --vocab",
                                 found.shards().front().path, missing, vocabulary_->name));
    }
    return found;
  }

  uint64_t tokens_of(const FedDocument& document) const { return document.size + end_of_text_tokens_; }

  void count(const FedDocument& document, Part& part, MixedSource& mixed) const {
    const uint64_t tokens = tokens_of(document);
    if (document.validates) {
      ++mixed.validation_documents;
      mixed.validation_tokens += tokens;
      return;
    }
    ++mixed.documents;
    mixed.tokens += tokens;
    mixed.pass_tokens += tokens * document.copies;
    for (uint32_t copy = 0; copy < document.copies; ++copy) {
      part.bins[bin_of(mix_key(part.key, document.number, kSelection, copy))] += tokens;
    }
  }

  // Shares of the budget in tokens, and what of each source they come to.
  void share() {
    double weights = 0;
    for (const Part& part : parts_) weights += part.source->weight;
    uint64_t given = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const double share = static_cast<double>(run_.budget) * (parts_[i].source->weight / weights);
      result_.sources[i].share = std::min(static_cast<uint64_t>(share), run_.budget - given);
      given += result_.sources[i].share;
    }
    result_.sources.front().share += run_.budget - given;  // what rounding leaves
    for (size_t i = 0; i < parts_.size(); ++i) plan_passes(parts_[i], result_.sources[i]);
  }

  static void plan_passes(Part& part, const MixedSource& mixed) {
    if (mixed.pass_tokens == 0) return;
    const double limit = part.source->epochs_max * static_cast<double>(mixed.pass_tokens);
    const uint64_t wanted = limit < static_cast<double>(mixed.share) ? static_cast<uint64_t>(limit) : mixed.share;
    part.has_run_out = wanted < mixed.share;
    part.passes = wanted / mixed.pass_tokens;
    part.last_bin_tokens = wanted % mixed.pass_tokens;
    while (part.last_bin < kBins && part.bins[part.last_bin] <= part.last_bin_tokens) {
      part.last_bin_tokens -= part.bins[part.last_bin++];
    }
    part.last_bin_end = part.last_bin;
    for (uint64_t tokens = 0; part.last_bin_end < kBins && tokens < kMarginalTokens;)
      tokens += part.bins[part.last_bin_end++];
  }

  // What is called for each document that comes, with its key and the number of its source, as often as it comes.
  using Take = std::function<void(const ShuffleKey& key, size_t part, const FedDocument& document)>;

  // A document of the bins in which the last pass ends.
  struct Marginal {
    ShuffleKey selection;
    FedDocument document;  // but for what follows
    uint64_t copy = 0;
    std::string id;
    std::vector<uint32_t> tokens;
  };

  // Chooses the documents that come, each as often as it does, and counts them.
  void choose(Fed fed_with, const Take& take) {
    for (size_t i = 0; i < parts_.size(); ++i) {
      std::vector<Marginal> marginals;
      parts_[i].feed->for_each(fed_with, [&](const FedDocument& document) { choose(document, i, marginals, take); });
      take_marginals(i, marginals, take);
    }
  }

  void choose(const FedDocument& document, size_t i, std::vector<Marginal>& marginals, const Take& take) {
    const Part& part = parts_[i];
    if (document.validates) {
      take(mix_key(part.key, document.number, 0, 0), i, document);
      return;
    }
    for (uint32_t copy = 0; copy < document.copies; ++copy) {
      for (uint64_t pass = 0; pass < part.passes; ++pass) train_on(document, i, pass, copy, take);
      const ShuffleKey selection = mix_key(part.key, document.number, kSelection, copy);
      if (bin_of(selection) < part.last_bin) {
        train_on(document, i, part.passes, copy, take);
      } else if (bin_of(selection) < part.last_bin_end && tokens_of(document) <= part.last_bin_tokens) {
        marginals.push_back(
            {selection, document, copy, std::string(document.id), {document.tokens.begin(), document.tokens.end()}});
      }
    }
  }

  void train_on(const FedDocument& document, size_t i, uint64_t pass, uint64_t copy, const Take& take) {
    take(mix_key(parts_[i].key, document.number, pass, copy), i, document);
    ++result_.sources[i].written_documents;
    result_.sources[i].written_tokens += tokens_of(document);
  }

  // Of the last bins, in the order of their keys, those that fit into what is left.
  void take_marginals(size_t i, std::vector<Marginal>& marginals, const Take& take) {
    std::sort(marginals.begin(), marginals.end(),
              [](const Marginal& a, const Marginal& b) { return a.selection < b.selection; });
    uint64_t left = parts_[i].last_bin_tokens;
    for (Marginal& one : marginals) {
      const uint64_t tokens = tokens_of(one.document);
      if (tokens > left) continue;
      left -= tokens;
      one.document.id = one.id;
      one.document.tokens = one.tokens;
      train_on(one.document, i, parts_[i].passes, one.copy, take);
    }
  }

  // Of the shards and the plan of their shuffle; 0 where not all sources are shards.
  uint64_t gather_bytes() const {
    uint64_t bytes = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const ShardSource* const shards = parts_[i].feed->shards();
      if (shards == nullptr) return 0;
      bytes += shards->mapped_bytes() + sizeof(PlannedDocument) * documents_max(i);
    }
    return bytes;
  }

  // That come of a source of shards.
  uint64_t documents_max(size_t i) const {
    const MixedSource& mixed = result_.sources[i];
    return mixed.documents * (parts_[i].passes + 1) + mixed.validation_documents;
  }

  void write_gathered() {
    std::vector<PlannedDocument> plan;
    std::vector<const ShardSource*> sources;
    uint64_t documents = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      documents += documents_max(i);
      sources.push_back(parts_[i].feed->shards());
    }
    plan.reserve(documents);
    choose(Fed::kSizesAlone, [&](const ShuffleKey& key, size_t part, const FedDocument& document) {
      constexpr uint64_t kTokensMax = INT32_MAX;
      plan.push_back({key, document.place, static_cast<uint32_t>(part),
                      static_cast<uint32_t>(std::min(document.size, kTokensMax)), document.validates ? 1u : 0u});
    });
    write([&](const Put& put) {
      gather(plan, sources, threads_, [&](const GatheredDocument& one) { put(!one.validates, one.id, one.tokens); });
    });
  }

  // By buckets on disk: each id with its split in front.
  void write_buckets() {
    BucketWriter buckets(bucket_prefix(), token_bytes_for(vocabulary_->size), {});
    std::string id;
    choose(Fed::kWithTokens, [&](const ShuffleKey& key, size_t, const FedDocument& document) {
      id = document.validates ? 'v' : 't';
      id += document.id;
      buckets.add(key, id, document.tokens);
    });
    const BucketSizes sizes = buckets.flush();
    write([&](const Put& put) {
      std::vector<uint32_t> tokens;
      join_buckets(sizes, {bucket_prefix(), threads_, run_.memory, 0}, [&](const BucketRow& row) {
        row.decode(tokens);
        put(row.id.front() == 't', row.id.substr(1), tokens);
      });
    });
  }

  using Put = std::function<void(bool trains, std::string_view id, std::span<const uint32_t> tokens)>;

  // What put_all(put) puts, in that order, into shards, packed where that is asked for.
  void write(const std::function<void(const Put& put)>& put_all) {
    ShardWriter writer(writer_options_);
    writer.join();
    if (run_.recipe.mix.pack_tokens == 0) expect_tokens(writer);
    const PackerOptions packing = {.sequence_tokens = static_cast<uint64_t>(run_.recipe.mix.pack_tokens),
                                   .end_of_text = writer_options_.end_of_text};
    Packer train(packing,
                 [&](std::string_view id, std::span<const uint32_t> tokens) { writer.add(Split::kTrain, id, tokens); });
    Packer val(packing, [&](std::string_view id, std::span<const uint32_t> tokens) {
      writer.add(Split::kValidation, id, tokens);
    });
    put_all([&](bool trains, std::string_view id, std::span<const uint32_t> tokens) {
      if (packing.sequence_tokens > 0) {
        (trains ? train : val).add(id, tokens);
      } else {
        writer.add(trains ? Split::kTrain : Split::kValidation, id, tokens);
      }
    });
    train.finish();
    val.finish();
    result_.sequences = train.sequences();
    result_.padding = train.padding();
    result_.cuts = train.cuts();
    writer.checkpoint();
    result_.shards = writer.shards();
    joined_ = writer.joined();
  }

  void expect_tokens(ShardWriter& writer) const {
    uint64_t train = 0, validation = 0;
    for (const MixedSource& source : result_.sources) {
      train += source.written_tokens;
      validation += source.validation_tokens;
    }
    writer.expect_tokens(Split::kTrain, train);
    writer.expect_tokens(Split::kValidation, validation);
  }

  void finish() {
    fs::remove_all(work_);
    for (Part& part : parts_) part.feed.reset();
    for (const MixedSource& source : result_.sources) {
      result_.tokens += source.written_tokens;
      result_.documents += source.written_documents;
    }
    warn_of_missing();
    Manifest manifest;
    manifest.software = {{"ftok", FTOK_VERSION}, {"unicode", kUnicodeVersion}};
    manifest.recipe = mix_text(run_.recipe);
    const std::string binding = manifest.recipe + fmt::format("\n[mixed]\nbudget = {}\nvocabulary = \"{} {}\"\n",
                                                              run_.budget, vocabulary_->name, vocabulary_->digest);
    write_file(folder_.path() + "/" + kBindingName, binding);
    manifest.binding = checksum_of(binding);
    manifest.vocabulary = *vocabulary_;
    manifest.validation_per_mille = static_cast<uint64_t>(run_.recipe.shards.validation_per_mille);
    describe_shards(writer_options_, manifest);
    for (const MixedSource& source : result_.sources) manifest.digests["source " + source.name] = source.digest;
    manifest.totals = mix_json(result_);
    manifest.shards = result_.shards;
    manifest.split_files = write_split_files(writer_options_, result_.shards, joined_);
    write_file(folder_.path() + "/" + kManifestName, write_manifest(manifest));
    if (mixing_) mixing_->remove();
    folder_.commit();
  }

  void warn_of_missing() const {
    for (size_t i = 0; i < parts_.size(); ++i) {
      const MixedSource& source = result_.sources[i];
      const bool has_run_out = parts_[i].has_run_out || source.pass_tokens == 0;
      if (!has_run_out || source.missing() * 1000 <= source.share) continue;
      log_(LogLevel::kWarning,
           fmt::format("source {}: {} of its share of {} tokens are missing: it has {} tokens a pass", source.name,
                       source.missing(), source.share, source.pass_tokens));
    }
  }

  std::string bucket_prefix() const { return work_ + "/bucket"; }

  const MixRun& run_;
  const Log& log_;
  const size_t threads_;
  MemoryBudget budget_;
  NewFolder folder_;
  std::string work_;
  std::optional<MixingFolder> mixing_;
  std::vector<Part> parts_;
  std::vector<std::optional<ShardSource>> shards_;  // of the sources that are shards
  std::optional<Manifest::Vocabulary> vocabulary_;
  std::string vocabulary_source_;
  bool without_end_of_text_ = false;  // those shards
  std::shared_ptr<const Encoding> encoding_;
  ShardWriterOptions writer_options_;
  size_t end_of_text_tokens_ = 1;
  std::vector<FileEntry> joined_;  // that the shards' writer has written
  MixResult result_;
};

}  // namespace

double MixedSource::epochs() const {
  return tokens == 0 ? 0 : static_cast<double>(written_tokens) / static_cast<double>(tokens);
}

MixResult mix(const MixRun& run, const Log& log) { return Mixer(run, log).run(); }

}  // namespace ftok
