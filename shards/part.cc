#include "shards/part.h"

#include <fmt/format.h>

#include <cassert>

#include "core/error.h"
#include "core/json.h"
#include "shards/bytes.h"
#include "shards/text_line.h"

namespace ftok {
namespace {

constexpr std::string_view kTokensMagic = "FTOKTOKS";
constexpr std::string_view kKeysMagic = "FTOKKEYS";
constexpr uint32_t kPartVersion = 1;
constexpr uint32_t kTokensVersionWithKeys = 2;
constexpr size_t kFileHeaderBytes = PartKeys::kHeaderBytes;  // magic, version, width
constexpr size_t kTokensFooterBytes = 8 + kChecksumBytes;    // documents
constexpr size_t kKeysFooterBytes = PartKeys::kFooterBytes;  // rows
constexpr size_t kTokensRowBytes = 4 + 4 + 8;                // id bytes, split, tokens
constexpr size_t kShuffleKeyBytes = 8 + 8;
constexpr uint64_t kKeysPerDocumentMax = 1 << 16;

std::string file_header(std::string_view magic, uint32_t width, uint32_t version = kPartVersion) {
  std::string header(magic);
  append_little_endian(header, version);
  append_little_endian(header, width);
  return header;
}

}  // namespace

void write_cluster(JsonWriter& json, const DocumentCluster& cluster) {
  if (cluster.size > 0) json.field(kClusterId, cluster.id).field(kClusterSize, cluster.size);
}

PartPaths part_paths(const std::string& folder, uint64_t number, TextFormat format) {
  const std::string stem = fmt::format("{}/{:06}", folder, number);
  const std::string records(records_ending(format));
  return {stem + ".text" + records, stem + ".rejects" + records, stem + ".tokens", stem + ".keys", stem + ".receipt"};
}

struct PartWriter::Files {
  Files(const PartOptions& options_in, const PartPaths& paths_in) : options(options_in), paths(paths_in) {
    const auto open = [](auto& file, const std::string& path) {
      if (!path.empty()) file = std::make_unique<typename std::decay_t<decltype(file)>::element_type>(path);
    };
    const TextOptions& texts = options.texts;
    const auto open_records = [&](const std::string& path, auto&& columns) -> std::unique_ptr<RecordFile> {
      if (path.empty()) return nullptr;
      return is_parquet_name(path) ? make_parquet_file(path, columns(), texts.row_group_bytes) : make_lines_file(path);
    };
    text = open_records(paths.text, [&] { return text_columns(texts, options.stopped_after); });
    rejects = open_records(paths.rejects, [&] { return reject_columns(texts); });
    open(tokens, paths.tokens);
    open(keys, paths.keys);
  }

  // The name of a part's file in receipts: its folder's last component and its own name.
  static std::string name_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    const size_t folder = slash == 0 ? std::string::npos : path.rfind('/', slash - 1);
    return folder == std::string::npos ? path : path.substr(folder + 1);
  }

  // Calls visit(ending, path, file) for each file there is, in the order of receipts: those of records, then the
  // others.
  template <typename Visit>
  void for_each_records(Visit&& visit) {
    if (text != nullptr) visit("text", paths.text, *text);
    if (rejects != nullptr) visit("rejects", paths.rejects, *rejects);
  }
  template <typename Visit>
  void for_each(Visit&& visit) {
    for_each_records(visit);
    if (tokens != nullptr) visit("tokens", paths.tokens, *tokens);
    if (keys != nullptr) visit("keys", paths.keys, *keys);
  }

  PartOptions options;
  PartPaths paths;
  std::unique_ptr<RecordFile> text, rejects;
  std::unique_ptr<ChecksummedFile> tokens, keys;
  std::string row;  // scratch
  std::vector<uint64_t> key_blocks;
  PackedPart part;  // the one being written
};

namespace {

PartPaths paths_of(const PartOptions& options, uint64_t number) {
  PartPaths paths = part_paths(options.folder, number, options.texts.format);
  if (!options.text) paths.text.clear();
  if (!options.rejects) paths.rejects.clear();
  if (!options.stopped_after.empty()) paths.tokens.clear();
  return paths;
}

}  // namespace

PartWriter::PartWriter(const PartOptions& options, uint64_t number) : PartWriter(options, paths_of(options, number)) {
  begin_part();
  files_->part.number = number;
}

PartWriter::PartWriter(const PartOptions& options, const PartPaths& paths) {
  assert(options.token_bytes == 2 || options.token_bytes == 4);
  assert(options.keys_per_document <= kKeysPerDocumentMax);
  files_ = std::make_unique<Files>(options, paths);
}

PartWriter::~PartWriter() = default;

void PartWriter::begin_part() {
  Files& f = *files_;
  f.part = {};
  f.key_blocks.clear();
  f.for_each([](const char*, const std::string&, auto& file) { file.begin_part(); });
  if (f.tokens != nullptr) {
    f.tokens->write(file_header(kTokensMagic, static_cast<uint32_t>(f.options.token_bytes),
                                f.options.shuffles ? kTokensVersionWithKeys : kPartVersion));
  }
  if (f.keys != nullptr) f.keys->write(file_header(kKeysMagic, static_cast<uint32_t>(f.options.keys_per_document)));
}

void PartWriter::add_judged(std::string_view id, std::span<const uint64_t> keys) {
  Files& f = *files_;
  assert(f.keys != nullptr && keys.size() == f.options.keys_per_document);
  if (f.part.judged % PartKeys::kRowsPerBlock == 0) f.key_blocks.push_back(f.keys->part_size());
  f.row.clear();
  append_little_endian(f.row, static_cast<uint32_t>(id.size()));
  f.row += id;
  for (const uint64_t key : keys) append_little_endian(f.row, key);
  f.keys->write(f.row);
  ++f.part.judged;
}

void PartWriter::add_kept(const Document& document, Split split, const ShuffleKey& key,
                          const DocumentCluster& cluster) {
  Files& f = *files_;
  if (f.text != nullptr) f.text->write(text_line(document, f.options.texts, f.options.stopped_after, cluster));
  f.part.documents[static_cast<size_t>(split)] += 1;
  if (f.tokens == nullptr) return;
  f.row.clear();
  append_little_endian(f.row, static_cast<uint32_t>(document.id.size()));
  append_little_endian(f.row, static_cast<uint32_t>(split));
  append_little_endian(f.row, static_cast<uint64_t>(document.tokens.size()));
  if (f.options.shuffles) {
    append_little_endian(f.row, key.high);
    append_little_endian(f.row, key.low);
  }
  f.row += document.id;
  for (const uint32_t token : document.tokens) {
    if (f.options.token_bytes == 2) {
      assert(token <= 0xFFFF);
      append_little_endian(f.row, static_cast<uint16_t>(token));
    } else {
      append_little_endian(f.row, token);
    }
  }
  f.tokens->write(f.row);
  f.part.tokens[static_cast<size_t>(split)] += document.tokens.size();
}

void PartWriter::add_reject(std::string_view json_line) {
  assert(files_->rejects != nullptr);
  files_->rejects->write(json_line);
}

PackedPart PartWriter::end_part(uint64_t number, std::string report) {
  Files& f = *files_;
  std::string footer;
  if (f.tokens != nullptr) {
    append_little_endian(footer, f.part.kept());
    f.tokens->write(footer);
    f.tokens->write_checksum();
  }
  if (f.keys != nullptr) {
    footer.clear();
    for (const uint64_t block : f.key_blocks) append_little_endian(footer, block);
    append_little_endian(footer, f.part.judged);
    f.keys->write(footer);
    f.keys->write_checksum();
  }
  f.for_each_records([](const char*, const std::string&, RecordFile& file) { file.end_part(); });
  f.for_each([&](const char* ending, const std::string&, const auto& file) {
    if (const std::optional<uint64_t> size = file.part_size()) f.part.bytes[ending] = *size;
  });
  f.part.number = number;
  f.part.report = std::move(report);
  return std::move(f.part);
}

std::vector<FileEntry> PartWriter::commit_files() {
  std::vector<FileEntry> entries;
  files_->for_each([&](const char*, const std::string& path, auto& file) {
    file.commit();
    entries.push_back({Files::name_of(path), file.size(), file.hex()});
  });
  return entries;
}

PartReceipt PartWriter::commit(std::string binding, std::string report) {
  PackedPart part = end_part(files_->part.number, std::move(report));
  PartReceipt receipt;
  receipt.number = part.number;
  receipt.binding = std::move(binding);
  receipt.report = std::move(part.report);
  receipt.judged = part.judged;
  for (const size_t split : {0, 1}) {
    receipt.documents[split] = part.documents[split];
    receipt.tokens[split] = part.tokens[split];
  }
  receipt.files = commit_files();
  write_file(files_->paths.receipt, write_part_receipt(receipt));
  return receipt;
}

namespace {

std::string_view stretch_of(const MappedFile& file, FileStretch part) {
  if (part.bytes == UINT64_MAX) return file.bytes();
  if (part.begin > file.bytes().size() || part.bytes > file.bytes().size() - part.begin) {
    throw Error(fmt::format("{} is damaged: it ends before byte {}", file.path(), part.begin + part.bytes));
  }
  return file.bytes().substr(part.begin, part.bytes);
}

}  // namespace

PartTokens::PartTokens(const std::string& path, FileStretch part) : file_(path), bytes_(stretch_of(file_, part)) {
  const std::string_view bytes = bytes_;
  if (bytes.size() < kFileHeaderBytes + kTokensFooterBytes || !bytes.starts_with(kTokensMagic)) {
    throw Error(path + " is not a tokens file of a part");
  }
  if (!ends_in_checksum(bytes)) throw Error(path + " is damaged: its checksum does not match its bytes");
  token_bytes_ = load_little_endian<uint32_t>(bytes, 12);
  const auto version = load_little_endian<uint32_t>(bytes, 8);
  if ((version != kPartVersion && version != kTokensVersionWithKeys) || (token_bytes_ != 2 && token_bytes_ != 4)) {
    throw Error(path + " has an unknown version");
  }
  has_keys_ = version == kTokensVersionWithKeys;
  position_ = kFileHeaderBytes;
  end_ = bytes.size() - kTokensFooterBytes;
  documents_ = load_little_endian<uint64_t>(bytes, end_);
}

bool read_tokens_row(std::string_view bytes, size_t token_bytes, bool has_key, TokensRow& row) {
  const size_t head = kTokensRowBytes + (has_key ? kShuffleKeyBytes : 0);
  if (bytes.size() < head) return false;
  const uint32_t id_bytes = load_little_endian<uint32_t>(bytes, 0);
  const uint32_t split = load_little_endian<uint32_t>(bytes, 4);
  row.count = load_little_endian<uint64_t>(bytes, 8);
  const uint64_t room = bytes.size() - head;
  if (split > 1 || id_bytes > room || row.count > (room - id_bytes) / token_bytes) return false;
  row.split = static_cast<Split>(split);
  if (has_key) row.key = {load_little_endian<uint64_t>(bytes, 16), load_little_endian<uint64_t>(bytes, 24)};
  row.id = bytes.substr(head, id_bytes);
  row.tokens = bytes.substr(head + id_bytes, static_cast<size_t>(row.count) * token_bytes);
  row.bytes = bytes.substr(0, head + id_bytes + row.tokens.size());
  return true;
}

void TokensRow::decode(std::vector<uint32_t>& out) const {
  out.resize(static_cast<size_t>(count));
  const bool is_narrow = tokens.size() == 2 * out.size();
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = is_narrow ? load_little_endian<uint16_t>(tokens, 2 * i) : load_little_endian<uint32_t>(tokens, 4 * i);
  }
}

bool PartTokens::next(TokensRow& row) {
  if (position_ == end_) return false;
  if (!read_tokens_row(bytes_.substr(position_, end_ - position_), token_bytes_, has_keys_, row)) {
    throw Error(fmt::format("{} is damaged at byte {}", file_.path(), position_));
  }
  position_ += row.bytes.size();
  return true;
}

bool PartTokens::next(std::string_view& id, Split& split, std::vector<uint32_t>& tokens) {
  TokensRow row;
  if (!next(row)) return false;
  id = row.id;
  split = row.split;
  row.decode(tokens);
  return true;
}

PartKeys::PartKeys(const std::string& path, Check check, FileStretch part)
    : PartKeys(std::make_shared<const MappedFile>(path), check, part) {}

PartKeys::PartKeys(std::shared_ptr<const MappedFile> file, Check check, FileStretch part)
    : file_(std::move(file)), bytes_(stretch_of(*file_, part)) {
  const std::string& path = file_->path();
  const std::string_view bytes = bytes_;
  if (bytes.size() < kFileHeaderBytes + kKeysFooterBytes || !bytes.starts_with(kKeysMagic)) {
    throw Error(path + " is not a keys file of a part");
  }
  if (check == Check::kChecksum && !ends_in_checksum(bytes)) damaged("its checksum does not match its bytes");
  if (load_little_endian<uint32_t>(bytes, 8) != kPartVersion) throw Error(path + " has an unknown version");
  keys_per_document_ = load_little_endian<uint32_t>(bytes, 12);
  const size_t rows_at = bytes.size() - kKeysFooterBytes;
  rows_ = load_little_endian<uint64_t>(bytes, rows_at);
  const uint64_t body = rows_at - kFileHeaderBytes;
  if (keys_per_document_ > kKeysPerDocumentMax || rows_ > body / (4 + 8 * keys_per_document_)) damaged("its row count");
  const uint64_t blocks = (rows_ + kRowsPerBlock - 1) / kRowsPerBlock;
  if (blocks > body / 8) damaged("its row count");
  blocks_begin_ = rows_at - static_cast<size_t>(blocks) * 8;
}

std::string_view PartKeys::checksum() const { return bytes_.substr(bytes_.size() - kChecksumBytes); }

std::string_view PartKeys::row_at(size_t& position, std::vector<uint64_t>& keys) const {
  const std::string_view bytes = bytes_;
  if (position > blocks_begin_ || blocks_begin_ - position < 4) damaged("a row lies outside the rows");
  const uint32_t id_bytes = load_little_endian<uint32_t>(bytes, position);
  if (blocks_begin_ - position - 4 < id_bytes + 8 * static_cast<uint64_t>(keys_per_document_))
    damaged("a row is cut short");
  const std::string_view id = bytes.substr(position + 4, id_bytes);
  position += 4 + id_bytes;
  for (uint64_t& key : keys) {
    key = load_little_endian<uint64_t>(bytes, position);
    position += 8;
  }
  return id;
}

std::string PartKeys::id(uint64_t row) const {
  std::vector<uint64_t> keys;
  return id_and_keys(row, keys);
}

std::string PartKeys::id_and_keys(uint64_t row, std::vector<uint64_t>& keys) const {
  assert(row < rows_);
  const size_t block = blocks_begin_ + static_cast<size_t>(row / kRowsPerBlock) * 8;
  size_t position = static_cast<size_t>(load_little_endian<uint64_t>(bytes_, block));
  keys.resize(keys_per_document_);
  for (uint64_t i = 0; i < row % kRowsPerBlock; ++i) row_at(position, keys);
  return std::string(row_at(position, keys));
}

void PartKeys::damaged(const std::string& what) const { throw Error(file_->path() + " is damaged: " + what); }

}  // namespace ftok
