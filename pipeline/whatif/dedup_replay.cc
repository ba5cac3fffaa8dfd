#include "pipeline/whatif/dedup_replay.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <tuple>

#include "core/error.h"

namespace ftok {
namespace {

struct Compared {
  DeduplicatorOptions options;
  KeyLayout layout;
};

Compared compared_by(const RecipeConfig& recipe) {
  const RecipeConfig::Range running = recipe.running();
  Compared compared;
  compared.options.scope = "off";
  for (size_t i = running.first; i < running.end; ++i) {
    const RecipeEntry& entry = recipe.entries[i];
    if (const auto* const minhash = entry.get<MinHashOptions>()) compared.layout = MinHashStage(*minhash).layout();
    if (const auto* const dedup = entry.get<DeduplicatorOptions>()) compared.options = *dedup;
  }
  if (compared.options.ranks())
    throw UsageError("dedup.keep: replayed for first alone, which document of several stays");
  if (compared.options.keeps_one())
    throw UsageError("dedup.clusters: replayed for off and sizes alone, which drop what repeats an earlier document");
  const Deduplicator checked(compared.options, compared.layout);  // throws for a key that is out of range
  compared.layout.urls = compared.options.urls();
  return compared;
}

}  // namespace

DedupReplay::DedupReplay(const RecipeConfig& recipe) {
  const Compared compared = compared_by(recipe);
  options_ = compared.options;
  layout_ = compared.layout;
}

// Whether a document is looked for by its key number `slot`: content, buckets, URL.
bool DedupReplay::is_compared(size_t slot) const {
  if (slot == 0) return options_.exact;
  if (layout_.urls && slot == layout_.url_slot()) return true;
  return options_.minhash;
}

void DedupReplay::add(std::span<const uint64_t> keys, size_t file, uint64_t input) {
  if (!active()) return;
  const size_t document = places_.size();
  if (document >= kNoKeys) throw Error(fmt::format("what-if takes at most {} documents", kNoKeys));
  if (!keys.empty() && keys.size() != layout_.keys()) {
    throw Error(
        fmt::format("a document has {} dedup_keys where its recipe has {}: measure again with this version of "
                    "ftok",
                    keys.size(), layout_.keys()));
  }
  places_.push_back(keys.empty() ? kNoKeys : kAlone);
  if (options_.scope == "file") {
    const bool is_next = !keys.empty() && last_input_ != std::pair(file, input);
    if (is_next) last_input_ = {file, input};
    inputs_.push_back(inputs_.empty() ? 0 : inputs_.back() + (is_next ? 1 : 0));
  }
  if (layout_.signature_hashes > 0) {
    whole_keys_.insert(whole_keys_.end(), keys.begin(), keys.end());
    whole_keys_.resize((document + 1) * layout_.keys());
  }
  checks_.push_back(keys.empty() ? 0 : keys.back());
  for (size_t slot = 0; slot < std::min(keys.size(), compared()); ++slot) {
    const uint64_t key = keys[slot];
    if (key == 0 || !is_compared(slot)) continue;
    parts_[key >> (64 - kPartBits)].push_back({key, static_cast<uint32_t>(document), static_cast<uint32_t>(slot)});
  }
}

// Of the entries those whose key another document has too, numbered from 0 in place of their keys.
void DedupReplay::keep_shared(std::vector<Entry>& entries) const {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key, a.document, a.slot) < std::tie(b.key, b.document, b.slot);
  });
  const auto is_same = [&](const Entry& a, const Entry& b) {
    return a.key == b.key && (inputs_.empty() || inputs_[a.document] == inputs_[b.document]);
  };
  size_t kept = 0;
  uint64_t number = 0;
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    while (end < entries.size() && is_same(entries[begin], entries[end])) ++end;
    if (entries[begin].document != entries[end - 1].document) {
      for (size_t i = begin; i < end; ++i) entries[kept++] = {number, entries[i].document, entries[i].slot};
      ++number;
    }
    begin = end;
  }
  entries.resize(kept);
  entries.shrink_to_fit();
}

void DedupReplay::finish() {
  oneapi::tbb::parallel_for(size_t{0}, parts_.size(), [&](size_t part) { keep_shared(parts_[part]); });
  for (const std::vector<Entry>& part : parts_) {
    for (const Entry& entry : part) places_[entry.document] = 0;  // it has a place, numbered below
  }
  uint32_t places = 0;
  for (size_t document = 0; document < places_.size(); ++document) {
    if (places_[document] != 0) continue;
    const uint32_t place = places_[document] = places++;
    checks_[place] = checks_[document];  // a place is never behind its document
    if (!inputs_.empty()) place_inputs_.push_back(inputs_[document]);
    if (!whole_keys_.empty()) {
      const auto keys = whole_keys_.begin() + static_cast<std::ptrdiff_t>(document * layout_.keys());
      place_keys_.insert(place_keys_.end(), keys, keys + static_cast<std::ptrdiff_t>(layout_.keys()));
    }
  }
  checks_.resize(places);
  checks_.shrink_to_fit();
  std::vector<uint64_t>().swap(whole_keys_);
  std::vector<uint32_t>().swap(inputs_);
  numbers_.assign(places * compared(), kNone);
  for (std::vector<Entry>& part : parts_) {
    if (part.empty()) continue;
    const uint64_t more = part.back().key + 1;
    if (more >= kNone - keys_) throw Error(fmt::format("what-if takes at most {} keys that documents share", kNone));
    for (const Entry& entry : part)
      numbers_[places_[entry.document] * compared() + entry.slot] = keys_ + static_cast<uint32_t>(entry.key);
    keys_ += static_cast<uint32_t>(more);
    std::vector<Entry>().swap(part);
  }
}

DedupReplay::Judge::Judge(const DedupReplay& repeats, const RecipeConfig& recipe) : repeats_(repeats) {
  const Compared compared = compared_by(recipe);
  if (compared.options.verifies()) {
    deduplicator_ = std::make_unique<Deduplicator>(compared.options, compared.layout);
  } else {
    first_.assign(repeats.keys_, kNone);
  }
}

Reason DedupReplay::Judge::judge(uint64_t document) {
  if (!repeats_.active()) return {};
  const uint32_t place = repeats_.places_[document];
  if (place == kNoKeys)
    throw Error("a document that passes has no dedup_keys: measure again with this version of ftok");
  if (place == kAlone) return {};
  if (deduplicator_ == nullptr) return judge_in_array(place);
  if (!repeats_.place_inputs_.empty() && repeats_.place_inputs_[place] != input_) {
    deduplicator_->begin_input();
    input_ = repeats_.place_inputs_[place];
  }
  const size_t each = repeats_.layout_.keys();
  return deduplicator_->judge(std::span(repeats_.place_keys_).subspan(place * each, each), judged_++).reason;
}

Reason DedupReplay::Judge::judge_in_array(uint32_t place) {
  const uint32_t* const numbers = &repeats_.numbers_[place * repeats_.compared()];
  // The first document with the key: this one, where none was.
  const auto first_of = [&](size_t slot) {
    if (numbers[slot] == kNone) return place;
    uint32_t& first = first_[numbers[slot]];
    if (first == kNone) first = place;
    return first;
  };
  const uint32_t same_text = first_of(0);
  bool shares_url = false, shares_bucket = false;
  for (size_t slot = 1; slot < repeats_.compared(); ++slot) {
    const bool is_url = repeats_.layout_.urls && slot == repeats_.layout_.url_slot();
    bool& shares = is_url ? shares_url : shares_bucket;
    shares = first_of(slot) != place || shares;
  }
  if (same_text != place && repeats_.checks_[same_text] == repeats_.checks_[place]) return "dedup.exact";
  if (shares_url) return "dedup.url";
  return shares_bucket ? Reason("dedup.minhash") : Reason();
}

}  // namespace ftok
