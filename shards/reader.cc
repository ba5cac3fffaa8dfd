#include "shards/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>

#include "core/error.h"
#include "shards/split.h"

namespace ftok {

Result<ShardView> ShardView::parse(std::string_view bytes) {
  const Result<ShardHeader> header = parse_shard_header(bytes, bytes.size());
  if (!header) return header.damage();
  ShardView view;
  view.bytes_ = bytes;
  view.header_ = *header;
  return view;
}

void ShardView::read(uint64_t begin, uint64_t end, std::vector<uint32_t>& out) const {
  assert(begin <= end && end <= size());
  out.resize(static_cast<size_t>(end - begin));
  for (uint64_t i = begin; i < end; ++i) out[static_cast<size_t>(i - begin)] = token(i);
}

uint32_t ShardView::largest_token() const {
  uint32_t largest = 0;
  for (uint64_t i = 0; i < size(); ++i) largest = std::max(largest, token(i));
  return largest;
}

std::vector<uint64_t> ShardView::document_begins(uint32_t end_of_text) const {
  std::vector<uint64_t> begins;
  for (uint64_t i = 0; i < size(); ++i) {
    if (i == 0 || token(i) == end_of_text) begins.push_back(i);
  }
  return begins;
}

ShardReader::ShardReader(const std::string& path) : file_(path) {
  const Result<ShardView> view = ShardView::parse(file_.bytes());
  if (!view)
    throw Error(fmt::format("{} is no token shard: {}: {}", path, view.damage().code.view(), view.damage().detail));
  view_ = *view;
  const std::string sidecar = shard_sidecar_path(path);
  if (sidecar == path || !std::filesystem::exists(sidecar)) return;
  sidecar_file_.emplace(sidecar);
  const Result<SidecarView> documents = SidecarView::parse(sidecar_file_->bytes());
  if (!documents) {
    throw Error(
        fmt::format("{} is damaged: {}: {}", sidecar, documents.damage().code.view(), documents.damage().detail));
  }
  if (documents->shard_tokens() != view_.size()) {
    throw Error(fmt::format("{} is of a shard of {} tokens; {} has {}", sidecar, documents->shard_tokens(), path,
                            view_.size()));
  }
  sidecar_ = *documents;
}

}  // namespace ftok
