#include "shards/shard_documents.h"

#include <fmt/format.h>

#include <algorithm>
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
  // A folder's manifest, read once for all of its shards.
  struct Listing {
    Manifest manifest;
    std::unordered_map<std::string, const ShardEntry*, SeededHash, std::equal_to<>> shards;  // by their names
  };

  // Null where there is no such manifest.
  const Listing* listing_of(const std::string& path) {
    if (path.empty()) return nullptr;
    const auto [place, is_new] = listings_.try_emplace(path);
    if (is_new && fs::exists(path)) {
      auto listing = std::make_unique<Listing>();
      listing->manifest = read_manifest(path);
      for (const ShardEntry& entry : listing->manifest.shards) listing->shards[entry.shard.name] = &entry;
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
    Shard shard{path};
    if (listing != nullptr) {
      const auto listed = listing->shards.find(name);
      if (listed != listing->shards.end()) {
        manifest = &listing->manifest;
        split = listed->second->split;
        shard.tokens = listed->second->tokens;
        shard.listed = files_of(*listed->second, path.substr(0, path.size() - name.size()));
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
    shard.split = *split;
    source_.shards_.push_back(std::move(shard));
  }

  static std::vector<FileEntry> files_of(const ShardEntry& entry, const std::string& folder) {
    std::vector<FileEntry> files = {entry.shard, entry.sidecar};
    if (entry.mask) files.push_back(*entry.mask);
    files.insert(files.end(), entry.companions.begin(), entry.companions.end());
    for (FileEntry& file : files) file.name.insert(0, folder);
    return files;
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

// A mapped shard.
struct ShardSource::OpenShard {
  OpenShard(const std::string& path, const ShardHints& hints) : reader(path, hints) {}

  ShardReader reader;
  std::unique_ptr<MappedFile> mask;
  std::string name = {};              // of its file
  std::vector<uint64_t> begins = {};  // of its documents, where it has no sidecar
  bool keeps_ends = false;            // the format itself, of such a shard's documents
};

// All shards of a source, mapped.
class ShardSource::OpenShards {
 public:
  explicit OpenShards(const ShardSource& source) {
    for (const Shard& shard : source.shards_) {
      shards_.push_back(source.open(shard.path));
      shards_.back()->reader.read_ahead();
    }
  }
  const std::shared_ptr<const OpenShard>& operator[](size_t i) const { return shards_[i]; }

 private:
  std::vector<std::shared_ptr<const OpenShard>> shards_;
};

std::shared_ptr<const ShardSource::OpenShard> ShardSource::open(const std::string& path) const {
  auto shard = std::make_shared<OpenShard>(path, hints_.shards);
  const ShardView& view = shard->reader.view();
  if (has_masks_) shard->mask = std::make_unique<MappedFile>(shard_mask_path(path));
  if (shard->mask != nullptr && shard->mask->bytes().size() != view.size()) {
    throw Error(fmt::format("{}: has {} bytes, but the shard has {} tokens", shard->mask->path(),
                            shard->mask->bytes().size(), view.size()));
  }
  if (shard->reader.sidecar() != nullptr) return shard;
  shard->keeps_ends = !view.layout().document_ends.empty() && !has_windows_;
  if (placement_ == EndOfText::kNone && !shard->keeps_ends)
    throw Error(path + ": neither a sidecar nor an end-of-text token says where its documents end");
  shard->begins =
      has_windows_ ? view.begins_by_token(end_of_text_, placement_) : view.document_begins(end_of_text_, placement_);
  shard->name = fs::path(path).filename().string();
  return shard;
}

void ShardSource::compare_checksums(const Shard& shard, const OpenShard& opened, const std::string& checksum) {
  const auto refuse = [&](const std::string& path, std::string_view where) {
    throw Error(
        fmt::format("{} is damaged: it does not have the checksum that its {} gives; `ftok shards verify` says "
                    "what is whole",
                    path, where));
  };
  const SidecarView* const sidecar = opened.reader.sidecar();
  if (sidecar != nullptr && checksum != sidecar->shard_checksum()) refuse(shard.path, "sidecar");
  for (const FileEntry& file : shard.listed) {
    if (file.name != shard.path && !fs::exists(file.name)) continue;
    if ((file.name == shard.path ? checksum : checksum_of_file(file.name)) != file.checksum)
      refuse(file.name, "manifest");
  }
}

// The documents of some shards, one after the other.
class ShardSource::Walk {
 public:
  Walk(const ShardSource& source, Split split, Checksums checksums)
      : source_(source), compares_(checksums == Checksums::kCompared), split_(split) {}
  // Of all shards, which are mapped already: seek() first.
  Walk(const ShardSource& source, const OpenShards& mapped) : source_(source), mapped_(&mapped) {}

  // The next document is the one there.
  void seek(const Place& place) {
    split_ = source_.shards_[place.shard].split;
    next_ = place.shard + 1;
    shard_ = shard_at(place.shard);
    row_ = place.row;
  }

  bool next() {
    pieces_.clear();
    is_open_ = is_whole_ = false;
    tokens_ = 0;
    while (has_row() || open_shard()) {
      if (is_open_ && !continues()) break;
      if (!is_open_) begin();
      if (take()) break;
    }
    if (!is_open_) return false;
    ++counts_.documents;
    return true;
  }

  // Whole documents have their end-of-text token where the manifest says so: they are not looked at.
  uint64_t tokens() const {
    if (is_whole_ && source_.manifest_) return tokens_ - (source_.placement_ == EndOfText::kNone ? 0 : 1);
    if (pieces_.empty()) return 0;
    const Piece& first = pieces_.front();
    const bool has_end = begins_with_it(first.shard->reader.view().token(first.begin)) || ends_with_it(*last_token());
    return tokens_ - (has_end ? 1 : 0);
  }

  SourceDocument read() {
    if (ids_.size() < tokens_) ids_.resize(tokens_);
    loss_.clear();
    size_t taken = 0;
    for (const Piece& piece : pieces_) {
      const auto count = static_cast<size_t>(piece.end - piece.begin);
      if (comparison_ && piece.shard == shard_) look_ahead(piece.end);
      piece.shard->reader.view().read(piece.begin, piece.end, std::span(ids_).subspan(taken, count));
      taken += count;
      if (piece.shard->mask == nullptr) continue;
      const std::string_view bytes = piece.shard->mask->bytes().substr(piece.begin, count);
      loss_.insert(loss_.end(), bytes.begin(), bytes.end());
    }
    SourceDocument document{id_, std::span<const uint32_t>(ids_).first(taken), loss_};
    if (taken == 0) return document;
    const size_t before = begins_with_it(ids_[0]) ? 1 : 0, after = ends_with_it(ids_[taken - 1]) ? 1 : 0;
    document.tokens = document.tokens.subspan(before, taken - before - after);
    if (!loss_.empty()) document.loss = document.loss.subspan(before, taken - before - after);
    return document;
  }

  void finish_comparing() {
    if (!comparison_) return;
    comparison_->checksum.update(shard_->reader.bytes().substr(comparison_->bytes));
    compare_checksums(*comparison_->shard, *shard_, comparison_->checksum.hex());
    comparison_.reset();
  }

  // Of the document; none where it has no token, or its beginning lies in a shard that was not given.
  std::optional<uint32_t> first_token() const {
    if (pieces_.empty() || skipped_ > 0) return std::nullopt;
    return pieces_.front().shard->reader.view().token(pieces_.front().begin);
  }
  std::optional<uint32_t> last_token() const {
    if (pieces_.empty()) return std::nullopt;
    return pieces_.back().shard->reader.view().token(pieces_.back().end - 1);
  }

  const Counts& counts() const { return counts_; }
  const std::string& id() const { return id_; }
  const Place& place() const { return place_; }

 private:
  // What a document has in a shard; at least one token.
  struct Piece {
    std::shared_ptr<const OpenShard> shard;
    uint64_t begin = 0, end = 0;
  };

  // The checksum of the shard at hand, as far as it was read.
  struct Comparison {
    const Shard* shard;
    Checksum checksum = {};
    size_t bytes = 0;
  };

  // Takes the checksum of about all bytes up to a token: they are read next, and then still in the cache.
  void look_ahead(uint64_t token) {
    constexpr size_t kBlock = size_t{1} << 17;
    const std::string_view all = shard_->reader.bytes();
    const double share = static_cast<double>(token) / static_cast<double>(shard_->reader.view().size());
    const auto end = static_cast<size_t>(static_cast<double>(all.size()) * share);
    while (comparison_->bytes < end) {
      const std::string_view block = all.substr(comparison_->bytes, kBlock);
      comparison_->checksum.update(block);
      comparison_->bytes += block.size();
    }
  }

  const SidecarView* sidecar() const { return shard_->reader.sidecar(); }
  size_t rows() const { return sidecar() != nullptr ? sidecar()->size() : shard_->begins.size(); }
  bool has_row() const { return shard_ != nullptr && row_ < rows(); }

  std::shared_ptr<const OpenShard> shard_at(size_t i) const {
    return mapped_ != nullptr ? (*mapped_)[i] : source_.open(source_.shards_[i].path);
  }

  // The next shard of the split that there is; false behind the last.
  bool open_shard() {
    while (next_ < source_.shards_.size()) {
      finish_comparing();
      const Shard& shard = source_.shards_[next_++];
      if (shard.split != split_) continue;
      shard_ = shard_at(next_ - 1);
      if (compares_ && (sidecar() != nullptr || !shard.listed.empty())) comparison_.emplace(Comparison{&shard});
      counts_.bytes += shard_->reader.bytes().size();
      counts_.tokens += shard_->reader.view().size();
      row_ = 0;
      if (rows() > 0) return true;
    }
    finish_comparing();
    return false;
  }

  // Whether the row is more of the document at hand.
  bool continues() const {
    if (const SidecarView* const sidecar = this->sidecar()) {
      const ShardDocument document = sidecar->document(row_);
      return document.skipped > 0 && document.id == id_ && document.skipped == skipped_ + tokens_;
    }
    if (row_ > 0 || shard_->keeps_ends || pieces_.empty()) return false;
    return source_.placement_ == EndOfText::kAfter ? last_token() != source_.end_of_text_
                                                   : shard_->reader.view().token(0) != source_.end_of_text_;
  }

  void begin() {
    is_open_ = true;
    skipped_ = 0;
    place_ = {static_cast<uint32_t>(next_ - 1), static_cast<uint32_t>(row_)};
    if (const SidecarView* const sidecar = this->sidecar()) {
      const ShardDocument document = sidecar->document(row_);
      id_ = document.id;
      skipped_ = document.skipped;
    } else {
      id_ = fmt::format("{}#{}", shard_->name, row_);
    }
  }

  // The row, and goes to the next one. True where the document is known to end there.
  bool take() {
    if (const SidecarView* const sidecar = this->sidecar()) {
      const ShardDocument document = sidecar->document(row_);
      take(document.begin, sidecar->end(row_++));
      const bool ends = skipped_ + tokens_ >= document.document_tokens;
      is_whole_ = ends && skipped_ == 0 && tokens_ > 0;
      return ends;
    }
    const uint64_t begin = shard_->begins[row_++];
    take(begin, has_row() ? shard_->begins[row_] : shard_->reader.view().size());
    return false;
  }

  void take(uint64_t begin, uint64_t end) {
    if (begin < end) pieces_.push_back({shard_, begin, end});
    tokens_ += end - begin;
  }

  // The end-of-text token, where the document has it at its beginning or end.
  bool begins_with_it(uint32_t first) const {
    return source_.placement_ == EndOfText::kBefore && skipped_ == 0 && first == source_.end_of_text_;
  }
  bool ends_with_it(uint32_t last) const {
    return source_.placement_ == EndOfText::kAfter && last == source_.end_of_text_;
  }

  const ShardSource& source_;
  const OpenShards* const mapped_ = nullptr;  // all shards, where they are mapped already
  const bool compares_ = false;               // checksums
  Split split_ = Split::kTrain;
  size_t next_ = 0;  // shard to open
  std::shared_ptr<const OpenShard> shard_;
  size_t row_ = 0;  // the next one of it
  std::optional<Comparison> comparison_;
  Counts counts_;

  bool is_open_ = false;   // the document at hand
  bool is_whole_ = false;  // as the sidecars say
  std::string id_;
  Place place_;
  std::vector<Piece> pieces_;
  uint64_t skipped_ = 0;       // tokens of it in shards that were not given
  uint64_t tokens_ = 0;        // of its pieces
  std::vector<uint32_t> ids_;  // what read() gives; may have more
  std::vector<uint8_t> loss_;
};

ShardSource::Cursor::Cursor(const ShardSource& source, Split split, Checksums checksums)
    : walk_(std::make_unique<Walk>(source, split, checksums)) {}
ShardSource::Cursor::~Cursor() = default;
bool ShardSource::Cursor::next() { return walk_->next(); }
const std::string& ShardSource::Cursor::id() const { return walk_->id(); }
ShardSource::Place ShardSource::Cursor::place() const { return walk_->place(); }
uint64_t ShardSource::Cursor::tokens() const { return walk_->tokens(); }
SourceDocument ShardSource::Cursor::read() { return walk_->read(); }
void ShardSource::Cursor::finish_comparing() { walk_->finish_comparing(); }
const ShardSource::Counts& ShardSource::Cursor::counts() const { return walk_->counts(); }

ShardSource::Picker::Picker(const ShardSource& source)
    : source_(source),
      shards_(std::make_shared<const OpenShards>(source)),
      walk_(std::make_unique<Walk>(source, *shards_)) {}
ShardSource::Picker::Picker(const Picker& other)
    : source_(other.source_), shards_(other.shards_), walk_(std::make_unique<Walk>(source_, *shards_)) {}
ShardSource::Picker::~Picker() = default;

SourceDocument ShardSource::Picker::read(const Place& place) {
  walk_->seek(place);
  walk_->next();
  return walk_->read();
}

size_t ShardSource::Picker::shards() const { return source_.shards_.size(); }

void ShardSource::Picker::compare_checksums(size_t shard) const {
  ShardSource::compare_checksums(source_.shards_[shard], *(*shards_)[shard],
                                 checksum_of((*shards_)[shard]->reader.bytes()));
}

uint64_t ShardSource::mapped_bytes() const {
  uint64_t bytes = 0;
  for (const Shard& shard : shards_) {
    bytes += fs::file_size(shard.path);
    std::error_code missing;
    const uint64_t sidecar = fs::file_size(shard_sidecar_path(shard.path), missing);
    if (!missing) bytes += sidecar;
  }
  return bytes;
}

ShardSource::ShardSource(const std::vector<std::string>& inputs, const ShardSourceHints& hints) : hints_(hints) {
  const Lister lister(*this, inputs);  // which lists them
  const ShardReader first(shards_.front().path, hints.shards);
  placement_ = manifest_ ? manifest_->placement : hints.end_of_text.value_or(first.format().end_of_text());
  end_of_text_ = manifest_ ? static_cast<uint32_t>(manifest_->vocabulary.end_of_text) : end_of_text_of(first);
  token_bytes_ = first.view().layout().token_bytes;
  has_masks_ = fs::exists(shard_mask_path(first.path()));
  has_windows_ = !manifest_ && first.sidecar() == nullptr && placement_ != EndOfText::kNone &&
                 first.view().has_windows(end_of_text_);
}

uint32_t ShardSource::end_of_text_of(const ShardReader& shard) const {
  if (hints_.end_of_text_id) return *hints_.end_of_text_id;
  const std::string vocabulary = shard.format().vocabulary_named(shard.path());
  if (vocabulary.empty() || !hints_.end_of_text_of) return kAssumedEndOfText;
  return hints_.end_of_text_of(vocabulary).value_or(kAssumedEndOfText);
}

std::string ShardSource::missing_end_of_text() const {
  if (placement_ == EndOfText::kNone) return {};
  constexpr uint64_t kDocuments = 1000;  // one of so many has it there
  const bool before = placement_ == EndOfText::kBefore;
  std::map<uint32_t, uint64_t> there;
  uint64_t documents = 0;
  for (const Split split : kSplits) {
    Walk walk(*this, split, Checksums::kUnread);
    while (documents < kDocuments && walk.next()) {
      const std::optional<uint32_t> token = before ? walk.first_token() : walk.last_token();
      if (!token) continue;
      if (*token == end_of_text_) return {};
      ++there[*token];
      ++documents;
    }
  }
  if (documents == 0) return {};
  const std::string which = documents < kDocuments ? "none of its documents" : "none of its first 1,000 documents";
  const auto most =
      std::max_element(there.begin(), there.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format("{} {} with {}, the end-of-text token (the commonest {} token is {}, of {} of {})", which,
                     before ? "begins" : "ends", end_of_text_, before ? "first" : "last", most->first, most->second,
                     documents);
}

uint64_t ShardSource::tokens(Split split) const {
  uint64_t tokens = 0;
  for (const Shard& shard : shards_) {
    if (shard.tokens == 0) return 0;
    if (shard.split == split) tokens += shard.tokens;
  }
  return tokens;
}

ShardSource::Counts ShardSource::for_each(Split split, const std::function<void(const SourceDocument&)>& visit) const {
  Cursor documents(*this, split, Checksums::kCompared);
  while (documents.next()) visit(documents.read());
  return documents.counts();
}

}  // namespace ftok
