// Shards, sidecars, manifests and receipts from any bytes: no crash, and whatever parses can be walked. Links
// ftok::shards.
//
// The first byte chooses the parser; the rest is the file. Checksums would stop nearly every mutant at the door, so a
// sidecar or JSON file gets a right one first.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "shards/checksum.h"
#include "shards/manifest.h"
#include "shards/part.h"
#include "shards/reader.h"
#include "shards/sealed_json.h"

namespace {

uint64_t walk(const ftok::ShardView& view) {
  uint64_t sum = view.largest_token();
  std::vector<uint32_t> tokens;
  for (const uint64_t begin : view.document_begins(0)) {
    view.read(begin, view.size(), tokens);
    sum += tokens.size();
    if (sum > 1 << 20) break;
  }
  return sum;
}

void walk(const ftok::SidecarView& view) {
  size_t id_bytes = 0;
  for (size_t row = 0; row < view.size(); ++row) {
    const ftok::ShardDocument document = view.document(row);
    if (view.end(row) < document.begin || view.end(row) > view.shard_tokens()) std::abort();
    if (document.begin < view.end(row) && view.row_of_token(document.begin) != row) std::abort();
    id_bytes += document.id.size();
  }
  if (view.size() > 0 && id_bytes > view.size() * (1 << 24)) std::abort();
}

std::string with_checksum(std::string_view bytes) {
  ftok::Checksum checksum;
  checksum.update(bytes);
  return std::string(bytes) + checksum.bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      for (const ftok::ShardFormat* format : ftok::shard_formats()) {
        if (const auto view = ftok::ShardView::parse(*format, {"fuzz", bytes, nullptr, 2})) walk(*view);
      }
      break;
    case 1: {
      const std::string file = with_checksum(bytes);
      if (const auto view = ftok::SidecarView::parse(file)) walk(*view);
      break;
    }
    case 2: {
      const std::string file = ftok::seal_json(std::string(bytes) + "\n}");
      if (const auto manifest = ftok::parse_manifest(file)) {
        if (!(*ftok::parse_manifest(ftok::write_manifest(*manifest)) == *manifest)) std::abort();
      }
      break;
    }
    default: {
      const std::string file = ftok::seal_json(std::string(bytes) + "\n}");
      if (const auto receipt = ftok::parse_part_receipt(file)) {
        if (!(*ftok::parse_part_receipt(ftok::write_part_receipt(*receipt)) == *receipt)) std::abort();
      }
      break;
    }
  }
  return 0;
}
