#include "shards/shard_documents.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/hash_seed.h"
#include "shards/missing_shards.h"
#include "shards/writer.h"

namespace ftok {

namespace fs = std::filesystem;

// The inputs as shards with their splits, and the manifest they share, if any.
class ShardSource::Lister {
 public:
  Lister(ShardSource& source, const std::vector<std::string>& inputs) : source_(source) {
    for (const std::string& path : inputs) {
      if (fs::is_directory(path)) {
        add_folder(path);
      } else {
        std::string name;
        const Listing* const listing = listing_of(manifest_path_of(path, name));
        add(path, name, listing);
      }
    }
    if (source_.shards_.empty()) throw UsageError("there are no shards");
  }

 private:
  // A folder's manifest, read once for all of its shards, and the splits that it gives them.
  struct Listing {
    Manifest manifest;
    std::unordered_map<std::string, Split, SeededHash, std::equal_to<>> splits;  // by the shard's name
  };

  // Null where there is no such manifest.
  const Listing* listing_of(const std::string& path) {
    if (path.empty()) return nullptr;
    const auto [place, is_new] = listings_.try_emplace(path);
    if (is_new && fs::exists(path)) {
      auto listing = std::make_unique<Listing>();
      listing->manifest = read_manifest(path);
      for (const ShardEntry& entry : listing->manifest.shards) listing->splits[entry.shard.name] = entry.split;
      place->second = std::move(listing);
    }
    return place->second.get();
  }

  void add_folder(const std::string& folder) {
    if (const Listing* const listing = listing_of((fs::path(folder) / kManifestName).string())) {
      for (const ShardEntry& entry : listing->manifest.shards)
        add(folder + "/" + entry.shard.name, entry.shard.name, listing);
      return;
    }
    refuse_missing_shards(folder);
    for (const std::string& path : shards_in(folder)) add(path, "", nullptr);
  }

  // `name` is the shard's in the manifest.
  void add(const std::string& path, const std::string& name, const Listing* listing) {
    std::optional<Split> split = source_.hints_.split;
    const Manifest* manifest = nullptr;
    if (listing != nullptr) {
      const auto listed = listing->splits.find(name);
      if (listed != listing->splits.end()) {
        manifest = &listing->manifest;
        split = listed->second;
      }
    }
    if (!split) split = split_of_name(path);
    if (!split) {
      const ShardReader is_a_shard(path, source_.hints_.shards);  // or says why not
      throw UsageError(path +
                       ": neither a manifest nor its name says whether it is for training or validation; say "
                       "which split it is");
    }
    share(path, manifest);
    source_.shards_.push_back({path, *split});
  }

  // All inputs are of one vocabulary, or none has a manifest.
  void share(const std::string& path, const Manifest* manifest) {
    const bool first = source_.shards_.empty();
    if (first && manifest != nullptr) source_.manifest_ = *manifest;
    if (first) return;
    const std::optional<Manifest>& own = source_.manifest_;
    const bool same = manifest == nullptr
                          ? !own
                          : own && manifest->vocabulary == own->vocabulary && manifest->placement == own->placement;
    if (!same)
      throw UsageError(path + " does not have the same vocabulary and layout as " + source_.shards_.front().path);
  }

  ShardSource& source_;
  std::map<std::string, std::unique_ptr<const Listing>> listings_;  // by the manifest's path
};

// The documents of some shards, one after the other.
class ShardSource::Walk {
 public:
  Walk(const ShardSource& source, const std::function<void(const SourceDocument&)>& visit)
      : source_(source), visit_(visit) {}

  Counts run(Split split) {
    for (const Shard& shard : source_.shards_) {
      if (shard.split == split) add_shard(shard.path);
    }
    flush();
    return counts_;
  }

 private:
  void add_shard(const std::string& path) {
    const ShardReader reader(path, source_.hints_.shards);
    std::unique_ptr<MappedFile> mask;
    if (source_.has_masks_) mask = std::make_unique<MappedFile>(shard_mask_path(path));
    if (mask != nullptr && mask->bytes().size() != reader.view().size()) {
      throw Error(fmt::format("{}: has {} bytes, but the shard has {} tokens", mask->path(), mask->bytes().size(),
                              reader.view().size()));
    }
    counts_.bytes += reader.bytes().size();
    counts_.tokens += reader.view().size();
    if (reader.sidecar() != nullptr) {
      add_by_sidecar(*reader.sidecar(), reader, mask.get());
    } else {
      add_by_end_of_text(reader, mask.get());
    }
  }

  void add_by_sidecar(const SidecarView& sidecar, const ShardReader& reader, const MappedFile* mask) {
    for (size_t row = 0; row < sidecar.size(); ++row) {
      const ShardDocument document = sidecar.document(row);
      const bool continues =
          open_ && document.skipped > 0 && document.id == id_ && document.skipped == open_skipped_ + tokens_.size();
      if (!continues) begin(document.id, document.skipped);
      take(reader, document.begin, sidecar.end(row), mask);
      if (open_skipped_ + tokens_.size() >= document.document_tokens) flush();
    }
  }

  void add_by_end_of_text(const ShardReader& reader, const MappedFile* mask) {
    if (source_.placement_ == EndOfText::kNone && reader.view().layout().document_ends.empty()) {
      throw Error(reader.path() + ": neither a sidecar nor an end-of-text token says where its documents end");
    }
    const bool whole = !reader.view().layout().document_ends.empty();  // as the format itself keeps them
    const std::vector<uint64_t> begins = reader.view().document_begins(source_.end_of_text_, source_.placement_);
    const std::string name = fs::path(reader.path()).filename().string();
    for (size_t i = 0; i < begins.size(); ++i) {
      const bool last = i + 1 == begins.size();
      const bool goes_on = i == 0 && open_ && !whole &&
                           (source_.placement_ == EndOfText::kAfter ? tokens_.back() != source_.end_of_text_
                                                                    : reader.view().token(0) != source_.end_of_text_);
      if (!goes_on) begin(fmt::format("{}#{}", name, i), 0);
      take(reader, begins[i], last ? reader.view().size() : begins[i + 1], mask);
    }
  }

  void begin(std::string_view id, uint64_t skipped) {
    flush();
    open_ = true;
    id_ = id;
    open_skipped_ = skipped;
  }

  void take(const ShardReader& reader, uint64_t begin, uint64_t end, const MappedFile* mask) {
    if (tokens_.empty()) {  // as nearly always
      reader.view().read(begin, end, tokens_);
    } else {
      reader.view().read(begin, end, piece_);
      tokens_.insert(tokens_.end(), piece_.begin(), piece_.end());
    }
    if (mask == nullptr) return;
    const std::string_view bytes = mask->bytes().substr(begin, end - begin);
    loss_.insert(loss_.end(), bytes.begin(), bytes.end());
  }

  // The open document without its end-of-text token.
  void flush() {
    if (!open_) return;
    std::span<const uint32_t> tokens = tokens_;
    std::span<const uint8_t> loss = loss_;
    const bool before = source_.placement_ == EndOfText::kBefore, after = source_.placement_ == EndOfText::kAfter;
    if (before && open_skipped_ == 0 && !tokens.empty() && tokens.front() == source_.end_of_text_) {
      tokens = tokens.subspan(1);
      if (!loss.empty()) loss = loss.subspan(1);
    } else if (after && !tokens.empty() && tokens.back() == source_.end_of_text_) {
      tokens = tokens.first(tokens.size() - 1);
      if (!loss.empty()) loss = loss.first(loss.size() - 1);
    }
    visit_({id_, tokens, loss});
    ++counts_.documents;
    open_ = false;
    tokens_.clear();
    loss_.clear();
  }

  const ShardSource& source_;
  const std::function<void(const SourceDocument&)>& visit_;
  Counts counts_;

  bool open_ = false;  // a document whose end has not been seen
  std::string id_;
  uint64_t open_skipped_ = 0;             // tokens of it in shards that were not given
  std::vector<uint32_t> tokens_, piece_;  // of it so far; scratch
  std::vector<uint8_t> loss_;
};

ShardSource::ShardSource(const std::vector<std::string>& inputs, const ShardSourceHints& hints) : hints_(hints) {
  const Lister lister(*this, inputs);  // which lists them
  const ShardReader first(shards_.front().path, hints.shards);
  placement_ = manifest_ ? manifest_->placement : hints.end_of_text.value_or(first.format().end_of_text());
  end_of_text_ = manifest_ ? static_cast<uint32_t>(manifest_->vocabulary.end_of_text) : hints.end_of_text_id;
  token_bytes_ = first.view().layout().token_bytes;
  has_masks_ = fs::exists(shard_mask_path(first.path()));
}

ShardSource::Counts ShardSource::for_each(Split split, const std::function<void(const SourceDocument&)>& visit) const {
  return Walk(*this, visit).run(split);
}

}  // namespace ftok
