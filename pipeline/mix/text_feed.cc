// Texts of a mix: read and encoded once, capped by host, and kept in files until the mix is done. A row of such a file:
// uint32 bytes of the id, uint32 copies, uint64 tokens, uint8 validates; the id, the tokens (uint32). Little-endian.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/hash_seed.h"
#include "core/ordered_pipeline.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/input_format.h"
#include "filters/url.h"
#include "pipeline/input_names.h"
#include "pipeline/inputs.h"
#include "pipeline/mix/feed.h"
#include "pipeline/plan.h"
#include "pipeline/run/digesting_source.h"
#include "shards/bytes.h"
#include "shards/checksum.h"
#include "shards/split.h"
#include "shards/token_bytes.h"

namespace ftok {
namespace {

constexpr size_t kRowBytes = 4 + 4 + 8 + 1;

class TextFeed : public Feed {
 public:
  explicit TextFeed(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) files_.push_back(std::make_unique<const MappedFile>(path));
  }

  void for_each(Fed fed_with, const std::function<void(const FedDocument&)>& visit) const override {
    FedDocument fed;
    for (const auto& file : files_) for_each_row(file->bytes(), fed_with, fed, visit);
  }

 private:
  static void for_each_row(std::string_view rest, Fed fed_with, FedDocument& fed,
                           const std::function<void(const FedDocument&)>& visit) {
    std::vector<uint32_t> tokens;
    while (!rest.empty()) {
      if (stop_requested()) throw Stopped();
      const auto id_bytes = load_little_endian<uint32_t>(rest, 0);
      const auto count = static_cast<size_t>(load_little_endian<uint64_t>(rest, 8));
      fed.copies = load_little_endian<uint32_t>(rest, 4);
      fed.validates = rest[16] != 0;
      fed.id = rest.substr(kRowBytes, id_bytes);
      fed.size = count;
      if (fed_with == Fed::kWithTokens) {
        tokens.resize(count);
        load_tokens(rest.data() + kRowBytes + id_bytes, sizeof(uint32_t), tokens);
        fed.tokens = tokens;
      }
      visit(fed);
      ++fed.number;
      rest.remove_prefix(kRowBytes + id_bytes + 4 * count);
    }
  }

  std::vector<std::unique_ptr<const MappedFile>> files_;
};

std::vector<double> numbers_of(const MixSource& source, const char* key, const std::vector<std::string>& texts) {
  std::vector<double> numbers;
  for (const std::string& text : texts) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
      throw UsageError(fmt::format("mix: source {}: {}: got '{}', expected a number", source.name, key, text));
    }
    numbers.push_back(number);
  }
  return numbers;
}

// By a document's score, how often it comes in a pass.
class Repeats {
 public:
  static constexpr double kRepeatsMax = 1000;

  explicit Repeats(const MixSource& source)
      : bounds_(numbers_of(source, "bounds", source.bounds)), repeats_(numbers_of(source, "repeats", source.repeats)) {
    if (!std::is_sorted(bounds_.begin(), bounds_.end(), std::less_equal<>()))
      throw UsageError(fmt::format("mix: source {}: bounds: expected numbers, ascending", source.name));
    for (const double repeats : repeats_) {
      if (repeats >= 0 && repeats <= kRepeatsMax) continue;
      throw UsageError(fmt::format("mix: source {}: repeats: {} is not in 0..{}", source.name, repeats, kRepeatsMax));
    }
  }

  size_t buckets() const { return repeats_.size(); }
  size_t bucket_of(double score) const {
    return static_cast<size_t>(std::upper_bound(bounds_.begin(), bounds_.end(), score) - bounds_.begin());
  }
  // Of 1.5, every other document twice: those whose `key` is below.
  uint32_t copies(size_t bucket, const ShuffleKey& key) const {
    const double whole = std::floor(repeats_[bucket]);
    const double part = std::ldexp(static_cast<double>(key.high >> 11), -53);
    return static_cast<uint32_t>(whole) + (part < repeats_[bucket] - whole ? 1 : 0);
  }

 private:
  std::vector<double> bounds_, repeats_;
};

// A text on its way into the file.
struct Entry {
  Item item;
  std::vector<uint32_t> tokens;
};

class TextReader {
 public:
  TextReader(const MixSource& source, const FeedOptions& options, TextSegments segments, MixedSource& mixed,
             const Log& log)
      : source_(source), options_(options), repeats_(source), segments_(std::move(segments)), mixed_(mixed), log_(log) {
    mixed_.bucket_documents.assign(repeats_.buckets(), 0);
    mixed_.bucket_tokens.assign(repeats_.buckets(), 0);
  }

  // Takes up what an earlier mix has done; returns how many inputs that is.
  size_t resume() {
    TextProgress progress;
    segments_.resume(progress);
    if (progress.digests.empty()) return 0;
    digests_ = std::move(progress.digests);
    mixed_.bad = progress.bad, mixed_.capped = progress.capped, mixed_.unscored = progress.unscored;
    mixed_.unwanted = progress.unwanted, mixed_.without_host = progress.without_host;
    mixed_.bucket_documents = std::move(progress.bucket_documents);
    mixed_.bucket_tokens = std::move(progress.bucket_tokens);
    for (size_t i = 0; i + 2 < progress.hosts.size(); i += 3)
      hosts_[progress.hosts[i]] = {progress.hosts[i + 1], progress.hosts[i + 2] != 0};
    return digests_.size();
  }

  void read(const std::string& input, const std::string& name) {
    SourceOptions read;
    read.file_path = shown_input(input);
    read.name = name;
    read.text_key = source_.text_key;
    read.id_key = source_.id_key;
    if (!source_.score.empty()) read.fields.numbers = {source_.score};
    const InputFormat* format = nullptr;
    auto digesting = std::make_unique<DigestingSource>(open_input(input, log_));
    const DigestingSource& bytes = *digesting;
    const std::unique_ptr<Source> items = open_text_rows(std::move(digesting), read, &format);
    ordered_pipeline<Entry>(
        options_.live_max,
        [&]() -> std::unique_ptr<Entry> {
          if (stop_requested()) throw Stopped();
          auto entry = std::make_unique<Entry>();
          const bool more = items->next(entry->item);
          note_damage(*items, read.file_path, *format);
          return more ? std::move(entry) : nullptr;
        },
        [&](Entry& entry) {
          if (!entry.item.verdict.kept()) return;
          MemoryBudget::Share share(options_.budget);
          share.resize(working_bytes(entry.item.document));
          entry.tokens = options_.encoding->encode_ordinary(entry.item.document.text);
          std::string().swap(entry.item.document.text);
        },
        [&](Entry& entry) { add(entry); });
    digests_.push_back(bytes.digest());
  }

  // After an input; `ends` with the last one.
  void end_input(bool ends) {
    if (ends || segments_.is_full()) segments_.end(progress());
  }

  std::vector<std::string> finish() {
    Checksum digest;
    for (const std::string& of_input : digests_) digest.update(of_input);
    mixed_.digest = digest.hex();
    for (const auto& [host, tokens] : hosts_) mixed_.hosts_capped += tokens.capped ? 1 : 0;
    return segments_.paths();
  }

 private:
  struct Host {
    uint64_t tokens = 0;
    bool capped = false;
  };

  TextProgress progress() const {
    TextProgress progress;
    progress.digests = digests_;
    progress.bad = mixed_.bad, progress.capped = mixed_.capped, progress.unscored = mixed_.unscored;
    progress.unwanted = mixed_.unwanted, progress.without_host = mixed_.without_host;
    progress.bucket_documents = mixed_.bucket_documents;
    progress.bucket_tokens = mixed_.bucket_tokens;
    for (const auto& [key, host] : hosts_)  // in any order: they are looked up
      progress.hosts.insert(progress.hosts.end(), {key, host.tokens, host.capped ? uint64_t{1} : 0});
    return progress;
  }

  void note_damage(Source& items, const std::string& input, const InputFormat& format) {
    for (const Damage& damage : items.take_damage()) {
      log_(LogLevel::kWarning,
           fmt::format("{}: damage at {} {}: {}{}{}", input, locator_name(format.locator), damage.offset,
                       damage.code.view(), damage.detail.empty() ? "" : ": ", damage.detail));
    }
  }

  void add(const Entry& entry) {
    const Document& document = entry.item.document;
    if (!entry.item.verdict.kept() || entry.tokens.empty()) {
      ++mixed_.bad;
      return;
    }
    const uint64_t tokens = entry.tokens.size() + options_.end_of_text_tokens;
    if (!fits_host(document, tokens)) {
      ++mixed_.capped;
      return;
    }
    const std::optional<uint32_t> copies = copies_of(document, tokens);
    if (!copies) {
      ++mixed_.unscored;
    } else if (*copies == 0) {
      ++mixed_.unwanted;
    } else {
      write(entry, *copies);
    }
  }

  // Hosts are told apart by 64 bits of their names.
  bool fits_host(const Document& document, uint64_t tokens) {
    if (source_.host_tokens_max == 0) return true;
    const std::string name = host_of_url(document.url);
    if (name.empty()) {
      ++mixed_.without_host;
      return true;
    }
    Host& host = hosts_[shuffle_key(name, 0).low];
    const bool fits = host.tokens + tokens <= static_cast<uint64_t>(source_.host_tokens_max);
    host.tokens += fits ? tokens : 0;
    host.capped = host.capped || !fits;
    return fits;
  }

  std::optional<uint32_t> copies_of(const Document& document, uint64_t tokens) {
    if (source_.score.empty()) return 1;
    if (document.scores.empty() || std::isnan(document.scores.front().value)) return std::nullopt;
    const size_t bucket = repeats_.bucket_of(document.scores.front().value);
    ++mixed_.bucket_documents[bucket];
    mixed_.bucket_tokens[bucket] += tokens;
    return repeats_.copies(bucket, shuffle_key(document.id, options_.seed));
  }

  void write(const Entry& entry, uint32_t copies) {
    const std::string& id = entry.item.document.id;
    row_.clear();
    append_little_endian(row_, static_cast<uint32_t>(id.size()));
    append_little_endian(row_, copies);
    append_little_endian(row_, static_cast<uint64_t>(entry.tokens.size()));
    row_ += static_cast<char>(is_validation(id, options_.validation_per_mille) ? 1 : 0);
    row_ += id;
    const size_t head = row_.size();
    row_.resize(head + entry.tokens.size() * sizeof(uint32_t));
    store_tokens(entry.tokens, sizeof(uint32_t), row_.data() + head);
    segments_.write(row_);
  }

  const MixSource& source_;
  const FeedOptions& options_;
  const Repeats repeats_;
  TextSegments segments_;
  MixedSource& mixed_;
  const Log& log_;
  std::vector<std::string> digests_;  // of the inputs that were read
  std::unordered_map<uint64_t, Host, SeededHash> hosts_;
  std::string row_;  // scratch
};

}  // namespace

std::unique_ptr<Feed> make_text_feed(const MixSource& source, const std::vector<std::string>& inputs,
                                     const FeedOptions& options, const TextSegmentsOptions& segments,
                                     MixedSource& mixed, const Log& log) {
  const std::vector<std::string> names = input_names(inputs);
  TextReader reader(source, options, TextSegments(segments, inputs, names), mixed, log);
  const size_t done = reader.resume();
  if (done > 0)
    log(LogLevel::kInfo, fmt::format("{}: goes on after {} of {} inputs", source.name, done, inputs.size()));
  for (size_t i = done; i < inputs.size(); ++i) {
    reader.read(inputs[i], names[i]);
    reader.end_input(i + 1 == inputs.size());
  }
  return std::make_unique<TextFeed>(reader.finish());
}

}  // namespace ftok
