#include "shards/convert.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "shards/manifest.h"
#include "shards/split_files.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

struct Input {
  std::string path;
  Split split = Split::kTrain;
};

// The inputs as shards with their splits, and the manifest they share, if any.
class Inputs {
 public:
  explicit Inputs(const ConvertOptions& options) : options_(options) {
    for (const std::string& path : options.inputs) {
      if (fs::is_directory(path)) {
        add_folder(path);
      } else {
        std::string name;
        const Listing* const listing = listing_of(manifest_path_of(path, name));
        add(path, name, listing);
      }
    }
    if (shards_.empty()) throw UsageError("no shard to convert");
  }

  const std::vector<Input>& shards() const { return shards_; }
  const std::optional<Manifest>& manifest() const { return manifest_; }

 private:
  // A folder's manifest, read once for all of its shards, and the splits that it gives them.
  struct Listing {
    Manifest manifest;
    std::unordered_map<std::string, Split> splits;  // by the shard's name
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
    for (const std::string& path : shards_in(folder)) add(path, "", nullptr);
  }

  // `name` is the shard's in the manifest.
  void add(const std::string& path, const std::string& name, const Listing* listing) {
    std::optional<Split> split = options_.split;
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
      throw UsageError(path +
                       ": neither a manifest nor its name says whether it is for training or validation; say "
                       "which split it is");
    }
    share(path, manifest);
    shards_.push_back({path, *split});
  }

  // All inputs are of one vocabulary, or none has a manifest.
  void share(const std::string& path, const Manifest* manifest) {
    const bool first = shards_.empty();
    if (first && manifest != nullptr) manifest_ = *manifest;
    if (first) return;
    const bool same = manifest == nullptr ? !manifest_
                                          : manifest_ && manifest->vocabulary == manifest_->vocabulary &&
                                                manifest->placement == manifest_->placement;
    if (!same) throw UsageError(path + " does not have the same vocabulary and layout as " + shards_.front().path);
  }

  const ConvertOptions& options_;
  std::map<std::string, std::unique_ptr<const Listing>> listings_;  // by the manifest's path
  std::vector<Input> shards_;
  std::optional<Manifest> manifest_;
};

class Converter {
 public:
  Converter(const ConvertOptions& options, const Inputs& inputs, std::string folder)
      : options_(options), inputs_(inputs), folder_(std::move(folder)) {
    const std::optional<Manifest>& manifest = inputs.manifest();
    const ShardReader first(inputs.shards().front().path, options.from);
    source_placement_ =
        manifest ? manifest->placement : options.source_end_of_text.value_or(first.format().end_of_text());
    end_of_text_ = manifest ? static_cast<uint32_t>(manifest->vocabulary.end_of_text) : options.end_of_text_id;
    ShardWriterOptions writer;
    writer.folder = folder_;
    writer.format = options.to;
    writer.vocabulary_size = manifest ? manifest->vocabulary.size : vocabulary_size_of(first);
    if (!manifest) writer.vocabulary_size = std::min(writer.vocabulary_size, options.to->vocabulary_max());
    writer.vocabulary_name = manifest ? manifest->vocabulary.name : "";
    writer.token_bytes = parse_token_bytes(*options.to, options.token_bytes, writer.vocabulary_size, "token_bytes");
    writer.end_of_text = end_of_text_;
    writer.placement = options.end_of_text == "auto" ? options.to->end_of_text()
                                                     : parse_end_of_text(options.end_of_text, "end_of_text");
    if (source_placement_ == EndOfText::kNone) {
      if (options.end_of_text != "auto" && writer.placement != EndOfText::kNone) {
        throw UsageError("end_of_text: these shards have no end-of-text tokens, and none can be added");
      }
      writer.placement = EndOfText::kNone;
    }
    writer.loss_masks = fs::exists(shard_mask_path(first.path()));
    writer.shard_tokens = options.shard_tokens != 0 ? options.shard_tokens
                          : manifest                ? manifest->shard_tokens
                                                    : writer.shard_tokens;
    writer_options_ = writer;
    writer_ = std::make_unique<ShardWriter>(writer);
  }

  ConvertResult run() {
    for (const Split split : kSplits) {
      for (const Input& input : inputs_.shards()) {
        if (input.split == split) add_shard(input);
      }
      flush(split);
    }
    writer_->checkpoint();
    result_.shards = writer_->shards();
    const std::vector<FileEntry> split_files = write_split_files(writer_options_, result_.shards);
    if (inputs_.manifest()) write_manifest_of_output(split_files);
    return std::move(result_);
  }

 private:
  // Without a manifest: all ids that the width holds. token_bytes = 2 says that they fit in two bytes.
  uint64_t vocabulary_size_of(const ShardReader& first) const {
    if (first.view().layout().token_bytes == 2 || options_.token_bytes == "2") return uint64_t{1} << 16;
    return uint64_t{1} << 32;
  }

  void add_shard(const Input& input) {
    const ShardReader reader(input.path, options_.from);
    std::unique_ptr<MappedFile> mask;
    if (writer_options_.loss_masks) mask = std::make_unique<MappedFile>(shard_mask_path(input.path));
    if (mask != nullptr && mask->bytes().size() != reader.view().size()) {
      throw Error(fmt::format("{}: has {} bytes, but the shard has {} tokens", mask->path(), mask->bytes().size(),
                              reader.view().size()));
    }
    result_.bytes += reader.bytes().size();
    result_.tokens += reader.view().size();
    if (reader.sidecar() != nullptr) {
      add_by_sidecar(reader, input.split, mask.get());
    } else {
      add_by_end_of_text(reader, input.split, mask.get());
    }
  }

  void add_by_sidecar(const ShardReader& reader, Split split, const MappedFile* mask) {
    const SidecarView& sidecar = *reader.sidecar();
    for (size_t row = 0; row < sidecar.size(); ++row) {
      const ShardDocument document = sidecar.document(row);
      const bool continues =
          open_ && document.skipped > 0 && document.id == id_ && document.skipped == open_skipped_ + tokens_.size();
      if (!continues) begin(split, std::string(document.id), document.skipped);
      take(reader, document.begin, sidecar.end(row), mask);
      if (open_skipped_ + tokens_.size() >= document.document_tokens) flush(split);
    }
  }

  void add_by_end_of_text(const ShardReader& reader, Split split, const MappedFile* mask) {
    if (source_placement_ == EndOfText::kNone && reader.view().layout().document_ends.empty()) {
      throw Error(reader.path() + ": neither a sidecar nor an end-of-text token says where its documents end");
    }
    const bool whole = !reader.view().layout().document_ends.empty();  // as the format itself keeps them
    const std::vector<uint64_t> begins = reader.view().document_begins(end_of_text_, source_placement_);
    const std::string name = fs::path(reader.path()).filename().string();
    for (size_t i = 0; i < begins.size(); ++i) {
      const bool last = i + 1 == begins.size();
      const bool goes_on = i == 0 && open_ && !whole &&
                           (source_placement_ == EndOfText::kAfter ? tokens_.back() != end_of_text_
                                                                   : reader.view().token(0) != end_of_text_);
      if (!goes_on) begin(split, fmt::format("{}#{}", name, i), 0);
      take(reader, begins[i], last ? reader.view().size() : begins[i + 1], mask);
    }
  }

  void begin(Split split, std::string id, uint64_t skipped) {
    flush(split);
    open_ = true;
    id_ = std::move(id);
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

  // The open document without its end-of-text token, to the writer, which puts its own.
  void flush(Split split) {
    if (!open_) return;
    std::span<const uint32_t> tokens = tokens_;
    std::span<const uint8_t> loss = loss_;
    const bool before = source_placement_ == EndOfText::kBefore, after = source_placement_ == EndOfText::kAfter;
    if (before && open_skipped_ == 0 && !tokens.empty() && tokens.front() == end_of_text_) {
      tokens = tokens.subspan(1);
      if (!loss.empty()) loss = loss.subspan(1);
    } else if (after && !tokens.empty() && tokens.back() == end_of_text_) {
      tokens = tokens.first(tokens.size() - 1);
      if (!loss.empty()) loss = loss.first(loss.size() - 1);
    }
    writer_->add(split, id_, tokens, loss);
    ++result_.documents;
    open_ = false;
    tokens_.clear();
    loss_.clear();
  }

  void write_manifest_of_output(const std::vector<FileEntry>& split_files) const {
    Manifest manifest = *inputs_.manifest();
    manifest.notes.push_back(fmt::format("converted from shards of format {}", manifest.shard_format));
    describe_shards(writer_options_, manifest);
    manifest.shards = result_.shards;
    manifest.split_files = split_files;
    manifest.inputs.clear();
    manifest.parts_in_shards = 0;
    write_file(folder_ + "/" + kManifestName, write_manifest(manifest));
  }

  const ConvertOptions& options_;
  const Inputs& inputs_;
  const std::string folder_;
  EndOfText source_placement_ = EndOfText::kBefore;
  uint32_t end_of_text_ = 0;
  ShardWriterOptions writer_options_;
  std::unique_ptr<ShardWriter> writer_;
  ConvertResult result_;

  bool open_ = false;  // a document whose end has not been seen
  std::string id_;
  uint64_t open_skipped_ = 0;             // tokens of it in shards that were not given
  std::vector<uint32_t> tokens_, piece_;  // of it so far; scratch
  std::vector<uint8_t> loss_;
};

}  // namespace

ConvertResult convert_shards(const ConvertOptions& options) {
  if (fs::exists(options.output) && !(fs::is_directory(options.output) && fs::is_empty(options.output))) {
    throw UsageError(options.output + " already exists; name a folder that does not");
  }
  const Inputs inputs(options);
  fs::path output = fs::path(options.output).lexically_normal();
  if (!output.has_filename()) output = output.parent_path();
  if (!output.parent_path().empty()) make_folder(output.parent_path().string());
  remove_dead_temporaries_of(output.string());
  std::string partial;
  const int lock = create_temporary_folder(output.string(), partial);
  ConvertResult result;
  try {
    result = Converter(options, inputs, partial).run();
    if (::rename(partial.c_str(), output.c_str()) != 0) throw_errno("cannot rename to " + output.string(), errno);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    ::close(lock);
    throw;
  }
  ::close(lock);
  sync_folder_of(output.string());
  return result;
}

}  // namespace ftok
