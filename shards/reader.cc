#include "shards/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "shards/manifest.h"
#include "shards/split.h"
#include "shards/token_bytes.h"

namespace ftok {

Result<ShardView> ShardView::parse(const ShardFormat& format, const ShardBytes& shard) {
  Result<ShardLayout> layout = format.read(shard);
  if (!layout) return layout.damage();
  ShardView view;
  view.bytes_ = shard.bytes;
  view.layout_ = std::move(*layout);
  assert(!view.layout_.offsets.empty() ||
         view.layout_.begin + view.size() * view.layout_.token_bytes <= view.bytes_.size());
  return view;
}

void ShardView::read(uint64_t begin, uint64_t end, std::vector<uint32_t>& out) const {
  out.resize(static_cast<size_t>(end - begin));
  read(begin, end, std::span<uint32_t>(out));
}

void ShardView::read(uint64_t begin, uint64_t end, std::span<uint32_t> out) const {
  assert(begin <= end && end <= size() && out.size() == end - begin);
  const size_t width = layout_.token_bytes;
  const auto take = [&](uint64_t at, uint64_t tokens) {
    load_tokens(bytes_.data() + at, width, out.first(static_cast<size_t>(tokens)));
    out = out.subspan(static_cast<size_t>(tokens));
  };
  if (layout_.offsets.empty()) return take(layout_.begin + begin * width, end - begin);
  const std::vector<uint64_t>& ends = layout_.document_ends;
  auto document = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
  for (; begin < end; ++document) {
    const uint64_t stop = std::min(end, ends[document]), first = document == 0 ? 0 : ends[document - 1];
    take(layout_.offsets[document] + (begin - first) * width, stop - begin);
    begin = stop;
  }
}

size_t ShardView::place_of(uint64_t index) const {
  const std::vector<uint64_t>& ends = layout_.document_ends;
  const auto document = static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), index) - ends.begin());
  const uint64_t begin = document == 0 ? 0 : ends[document - 1];
  return static_cast<size_t>(layout_.offsets[document] + (index - begin) * layout_.token_bytes);
}

uint32_t ShardView::largest_token() const {
  constexpr uint64_t kBlockTokens = uint64_t{1} << 16;
  uint32_t largest = 0;
  std::vector<uint32_t> tokens;
  for (uint64_t i = 0; i < size(); i += kBlockTokens) {
    read(i, std::min(i + kBlockTokens, size()), tokens);
    largest = std::max(largest, largest_of(tokens));
  }
  return largest;
}

std::vector<uint64_t> ShardView::document_begins(uint32_t end_of_text, EndOfText placement) const {
  if (size() == 0) return {};
  std::vector<uint64_t> begins = {0};
  for (const uint64_t end : layout_.document_ends) {
    if (end > begins.back() && end < size()) begins.push_back(end);
  }
  return layout_.document_ends.empty() ? begins_by_token(end_of_text, placement) : begins;
}

std::vector<uint64_t> ShardView::begins_by_token(uint32_t end_of_text, EndOfText placement) const {
  if (size() == 0) return {};
  std::vector<uint64_t> begins = {0};
  const uint64_t after = placement == EndOfText::kAfter ? 1 : 0;
  for (uint64_t i = 1 - after; i + after < size(); ++i) {
    if (token(i) == end_of_text) begins.push_back(i + after);
  }
  return begins;
}

bool ShardView::has_windows(uint32_t end_of_text) const {
  const std::vector<uint64_t>& ends = layout_.document_ends;
  if (ends.empty() || ends.front() < 2) return false;
  const uint64_t length = ends.front();
  bool all_end_with_it = true;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i] != (i + 1) * length) return false;
    all_end_with_it = all_end_with_it && token(ends[i] - 1) == end_of_text;
  }
  if (all_end_with_it) return false;
  if (layout_.sample_tokens != 0) return true;
  // Documents may be of one length by chance.
  for (uint64_t i = 0; ends.size() > 1 && i < size(); ++i) {
    if (i % length > 0 && i % length + 1 < length && token(i) == end_of_text) return true;
  }
  return false;
}

namespace {

// What the manifest in the shard's folder says of it.
ShardHints hints_of_manifest(const std::string& path) {
  std::string name;
  const std::string manifest_path = manifest_path_of(path, name);
  if (manifest_path.empty()) return {};
  const Result<Manifest> manifest = parse_manifest(read_file(manifest_path));
  if (!manifest) return {};
  const bool listed = std::any_of(manifest->shards.begin(), manifest->shards.end(),
                                  [&](const ShardEntry& entry) { return entry.shard.name == name; });
  if (!listed) return {};
  return {&find_shard_format(manifest->shard_format, manifest_path), manifest->token_bytes};
}

const ShardFormat* recognized_format(const ShardBytes& shard) {
  for (const ShardFormat* format : shard_formats()) {
    if (format->recognizes(shard)) return format;
  }
  return nullptr;
}

}  // namespace

ShardReader::ShardReader(const std::string& path, const ShardHints& hints) : file_(path), format_(hints.format) {
  const std::string sidecar = shard_sidecar_path(path);
  if (sidecar != path && std::filesystem::exists(sidecar)) {
    sidecar_file_.emplace(sidecar);
    const Result<SidecarView> documents = SidecarView::parse(sidecar_file_->bytes());
    if (!documents) {
      throw Error(
          fmt::format("{} is damaged: {}: {}", sidecar, documents.damage().code.view(), documents.damage().detail));
    }
    sidecar_ = *documents;
  }
  ShardBytes shard{path, file_.bytes(), this->sidecar(), hints.token_bytes};
  if (format_ == nullptr) format_ = recognized_format(shard);
  if (format_ == nullptr || (shard.token_bytes == 0 && !format_->read(shard))) {
    const ShardHints listed = hints_of_manifest(path);
    if (listed.format != nullptr && (format_ == nullptr || format_ == listed.format)) {
      format_ = listed.format;
      shard.token_bytes = listed.token_bytes;
    }
  }
  const bool unknown = format_ == nullptr;
  if (unknown) format_ = &default_shard_format();
  Result<ShardView> view = ShardView::parse(*format_, shard);
  if (!view) {
    throw Error(fmt::format("{} is not a token shard: {}: {}{}", path, view.damage().code, view.damage().detail,
                            unknown ? "; where tokens have no header, give their format and width" : ""));
  }
  view_ = std::move(*view);
  if (sidecar_ && sidecar_->shard_tokens() != view_.size()) {
    throw Error(fmt::format("{} belongs to a shard of {} tokens; {} has {}", sidecar, sidecar_->shard_tokens(), path,
                            view_.size()));
  }
}

}  // namespace ftok
