// OLMo-core's and dolma's token files (olmo_core/data/numpy_dataset.py, dolma/tokenizer): X.npy, which is not NumPy's
// format but the tokens in a row, uint16 or uint32, as numpy.memmap takes them; X.csv.gz a line for each document,
// START,END,ID,SOURCE,LOCATION with the first two in tokens (olmo_core.data.utils.iter_document_indices). ftok knows an
// id, and leaves the last two empty.
#include <fmt/format.h>
#include <libdeflate.h>

#include <charconv>
#include <filesystem>
#include <limits>
#include <new>

#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/formats.h"
#include "shards/formats/token_file.h"

namespace ftok {
namespace {

constexpr std::string_view kDocuments = ".csv.gz";
constexpr std::string_view kNumpyMagic = "\x93NUMPY";
constexpr int kLevel = 1;  // the list is small beside the tokens, and more would cost more than they do

// As Python's csv writes a field: in quotes where it holds a comma, a quote or a line end.
void append_csv_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
}

std::string gzip(std::string_view bytes) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(kLevel);
  if (compressor == nullptr) throw std::bad_alloc();
  std::string out(libdeflate_gzip_compress_bound(compressor, bytes.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

// The bytes of one gzip member; empty where it is damaged, or larger than `bytes_max`.
std::string gunzip(std::string_view bytes, size_t bytes_max) {
  if (bytes.size() < 18) return {};
  const size_t size = load_little_endian<uint32_t>(bytes, bytes.size() - 4);
  if (size > bytes_max) return {};
  std::string out(size, '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  if (decompressor == nullptr) throw std::bad_alloc();
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor, bytes.data(), bytes.size(), out.data(), out.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  return result == LIBDEFLATE_SUCCESS ? out : std::string();
}

// "START,END,..." of each line, which follow each other from 0.
Result<std::vector<uint64_t>> document_ends(std::string_view csv) {
  std::vector<uint64_t> ends;
  uint64_t at = 0;
  for (size_t line = 0; line < csv.size();) {
    const char* const stop = csv.data() + csv.size();
    uint64_t begin = 0, end = 0;
    const auto first = std::from_chars(csv.data() + line, stop, begin);
    const bool comma = first.ec == std::errc() && first.ptr != stop && *first.ptr == ',';
    if (!comma || std::from_chars(first.ptr + 1, stop, end).ec != std::errc() || begin != at || end < begin)
      return Damage{"bad_index", fmt::format("line {} of its list of documents is out of order", ends.size() + 1),
                    line};
    ends.push_back(at = end);
    // A line end in quotes does not end the line.
    bool quoted = false;
    for (; line < csv.size() && (quoted || csv[line] != '\n'); ++line) quoted ^= csv[line] == '"';
    ++line;
  }
  return ends;
}

class OlmoFormat : public TokenFileFormat {
 public:
  std::string_view name() const override { return "olmo"; }
  std::string_view help() const override { return "OLMo-core, dolma: .npy without a header, with a .csv.gz"; }
  std::string_view extension() const override { return ".npy"; }
  EndOfText end_of_text() const override { return EndOfText::kAfter; }
  uint64_t tokens_max() const override { return std::numeric_limits<int64_t>::max() / 4; }
  std::vector<std::string_view> companions() const override { return {kDocuments}; }

  std::vector<std::string> companion_bytes(const ShardFileOptions&, uint64_t tokens,
                                           const std::vector<ShardDocument>& documents) const override {
    std::string csv;
    for (size_t row = 0; row < documents.size(); ++row) {
      const uint64_t end = row + 1 < documents.size() ? documents[row + 1].begin : tokens;
      csv += fmt::format("{},{},", documents[row].begin, end);
      append_csv_field(csv, documents[row].id);
      csv += ",,\n";
    }
    return {gzip(csv)};
  }

  bool recognizes(const ShardBytes& shard) const override { return shard.path.ends_with(extension()); }

  // The list of documents says how many tokens there are, and with the file's size how wide they are.
  Result<ShardLayout> read(const ShardBytes& shard) const override {
    if (shard.bytes.starts_with(kNumpyMagic))
      return Damage{"numpy_header", "it is an array of NumPy's own format, and OLMo's files have no header", 0};
    const std::string path = beside_shard(shard.path, kDocuments);
    if (!std::filesystem::exists(path)) return headerless_layout(shard.bytes.size(), width_told(shard));
    constexpr size_t kCsvBytesMax = size_t{1} << 31;
    const std::string csv = gunzip(read_file(path), kCsvBytesMax);
    Result<std::vector<uint64_t>> ends = document_ends(csv);
    if (!ends) return ends.damage();
    const uint64_t tokens = ends->empty() ? 0 : ends->back();
    for (const size_t width : {size_t{2}, size_t{4}}) {
      if (tokens == 0 || shard.bytes.size() / width != tokens || shard.bytes.size() % width != 0) continue;
      ShardLayout layout;
      layout.token_bytes = width;
      layout.tokens = tokens;
      layout.document_ends = std::move(*ends);
      return layout;
    }
    return Damage{"size_mismatch",
                  fmt::format("its list of documents (.csv.gz) ends at token {}, and it has {} bytes", tokens,
                              shard.bytes.size()),
                  shard.bytes.size()};
  }
};

}  // namespace

const ShardFormat& olmo_format() {
  static const OlmoFormat format;
  return format;
}

}  // namespace ftok
