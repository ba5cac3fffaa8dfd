#include "tokenizer/counts_file.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <xxhash.h>

#include <algorithm>
#include <new>

#include "core/error.h"
#include "core/json.h"
#include "text/unicode.h"

namespace ftok {
namespace {

constexpr std::string_view kMagic = "FTOKPTC1";
constexpr size_t kBufferBytes = size_t{1} << 18;
constexpr uint32_t kHeaderBytesMax = 1 << 20;

class Xxh3 {
 public:
  Xxh3() : state_(XXH3_createState()) {
    if (state_ == nullptr) throw std::bad_alloc();
    XXH3_64bits_reset(state_);
  }
  ~Xxh3() { XXH3_freeState(state_); }
  Xxh3(const Xxh3&) = delete;
  Xxh3& operator=(const Xxh3&) = delete;
  void add(std::string_view bytes) { XXH3_64bits_update(state_, bytes.data(), bytes.size()); }
  uint64_t digest() const { return XXH3_64bits_digest(state_); }

 private:
  XXH3_state_t* state_;
};

void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

template <typename Integer>
void append_integer(std::string& out, Integer value) {
  for (size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

uint64_t integer_of(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// `sum` + count * weight, which must stay below 2^63.
uint64_t add_counts(uint64_t sum, uint64_t count, uint64_t weight) {
  uint64_t product = 0, total = 0;
  if (__builtin_mul_overflow(count, weight, &product) || __builtin_add_overflow(sum, product, &total) ||
      total > INT64_MAX) {
    throw Error("the counts of the pretokens exceed 2^63; give smaller weights");
  }
  return total;
}

}  // namespace

CountsHeader CountsHeader::of(const PretokenPattern& pattern) {
  return {pattern.name(), pattern.text(), kUnicodeVersion};
}

struct CountsWriter::Hash : Xxh3 {};

CountsWriter::CountsWriter(const CountsHeader& header, Write write)
    : write_(std::move(write)), hash_(std::make_unique<Hash>()) {
  JsonWriter json;
  json.begin_object()
      .field("pattern", header.pattern)
      .field("pattern_text", header.pattern_text)
      .field("unicode", header.unicode)
      .end_object();
  buffer_ = kMagic;
  append_integer(buffer_, static_cast<uint32_t>(json.text().size()));
  buffer_ += json.text();
}

CountsWriter::~CountsWriter() = default;

void CountsWriter::flush() {
  hash_->add(buffer_);
  write_(buffer_);
  buffer_.clear();
}

void CountsWriter::add(std::string_view pretoken, uint64_t count) {
  if (pretoken.size() > kPretokenBytesMax) {
    throw Error(
        fmt::format("a pretoken of {} bytes; a counts file takes at most {}", pretoken.size(), kPretokenBytesMax));
  }
  const size_t limit = std::min(pretoken.size(), last_.size());
  size_t shared = 0;
  while (shared < limit && pretoken[shared] == last_[shared]) ++shared;
  append_varint(buffer_, shared);
  append_varint(buffer_, pretoken.size() - shared);
  buffer_.append(pretoken, shared);
  append_varint(buffer_, count);
  last_.resize(shared);
  last_.append(pretoken, shared);
  total_ = add_counts(total_, count, 1);
  ++pretokens_;
  if (buffer_.size() >= kBufferBytes) flush();
}

void CountsWriter::finish() {
  append_varint(buffer_, 0);
  append_varint(buffer_, 0);
  append_integer(buffer_, pretokens_);
  append_integer(buffer_, total_);
  flush();
  append_integer(buffer_, hash_->digest());
  write_(buffer_);
}

struct CountsReader::Hash : Xxh3 {};

CountsReader::CountsReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), hash_(std::make_unique<Hash>()) {
  read_header();
}

CountsReader::~CountsReader() = default;

void CountsReader::fail(std::string_view why) const {
  throw Error(fmt::format("{}: offset {}: {}", source_->name(), offset_, why));
}

// Reads until `size` bytes, at most kBufferBytes, are there; false when the file ends before.
bool CountsReader::fill(size_t size) {
  if (buffer_.size() - begin_ >= size) return true;
  hash_taken();
  buffer_.erase(0, begin_);
  begin_ = hashed_ = 0;
  while (buffer_.size() < size) {
    const size_t had = buffer_.size();
    buffer_.resize(kBufferBytes);
    const size_t got = source_->read(buffer_.data() + had, kBufferBytes - had);
    buffer_.resize(had + got);
    if (got == 0) return false;
  }
  return true;
}

void CountsReader::hash_taken() {
  hash_->add(std::string_view(buffer_).substr(hashed_, begin_ - hashed_));
  hashed_ = begin_;
}

std::string_view CountsReader::take(size_t size) {
  if (!fill(size)) fail("cut short");
  const std::string_view bytes(buffer_.data() + begin_, size);
  begin_ += size;
  offset_ += size;
  return bytes;
}

// Appends `size` bytes; memory grows only with what is there.
void CountsReader::take(std::string& out, uint64_t size) {
  while (size > 0) {
    const size_t piece = std::min<uint64_t>(size, kBufferBytes);
    out.append(take(piece));
    size -= piece;
  }
}

uint64_t CountsReader::take_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    if (shift == 63 && byte > 1) break;
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  fail("a number of more than 64 bits");
}

uint64_t CountsReader::take_u64() { return integer_of(take(8)); }

void CountsReader::read_header() {
  if (!fill(kMagic.size()) || take(kMagic.size()) != kMagic)
    throw Error(source_->name() + ": not a file of pretoken counts");
  const uint64_t size = integer_of(take(4));
  if (size > kHeaderBytesMax) fail(fmt::format("a header of {} bytes", size));
  std::string text;
  take(text, size);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const auto field = [&](const char* key, std::string& value) {
    std::string_view found;
    if (root[key].get(found) != simdjson::SUCCESS) fail(fmt::format("no \"{}\" in the header", key));
    value = found;
  };
  if (parser.parse(text).get(root) != simdjson::SUCCESS) fail("the header is not JSON");
  field("pattern", header_.pattern);
  field("pattern_text", header_.pattern_text);
  field("unicode", header_.unicode);
}

void CountsReader::read_end() {
  at_end_ = true;
  if (take_u64() != pretokens_) fail("the number of pretokens is not the one the file states");
  if (take_u64() != total_) fail("the sum of the counts is not the one the file states");
  hash_taken();
  const uint64_t expected = hash_->digest();
  if (take_u64() != expected) fail("the checksum does not match: the file is damaged");
  if (fill(1)) fail("bytes after the end");
}

bool CountsReader::next(CountedPretoken& entry) {
  if (at_end_) return false;
  const uint64_t shared = take_varint(), further = take_varint();
  if (shared == 0 && further == 0) {
    read_end();
    return false;
  }
  if (shared > last_.size() || further == 0 || further > kPretokenBytesMax || shared + further > kPretokenBytesMax) {
    fail("not an entry");
  }
  const char before = shared < last_.size() ? last_[shared] : '\0';
  const bool is_longer = shared == last_.size();
  last_.resize(shared);
  take(last_, further);
  if (!is_longer && static_cast<unsigned char>(last_[shared]) <= static_cast<unsigned char>(before)) {
    fail("the pretokens are not in order");
  }
  const uint64_t count = take_varint();
  if (count == 0) fail("a count of 0");
  if (count > INT64_MAX || total_ + count > INT64_MAX) fail("the counts exceed 2^63");
  total_ += count;
  ++pretokens_;
  entry = {last_, count};
  return true;
}

bool is_counts_file(const std::string& path) {
  if (!can_be_read_again(path)) return false;  // nobody could count what was looked at
  char first[kMagic.size()];
  const std::unique_ptr<ByteSource> source = open_file_source(path);
  size_t size = 0;
  while (size < sizeof first) {
    const size_t got = source->read(first + size, sizeof first - size);
    if (got == 0) break;
    size += got;
  }
  return std::string_view(first, size) == kMagic;
}

void merge_counts(const std::vector<SortedCounts*>& parts, const std::vector<uint64_t>& weights,
                  const std::function<void(std::string_view, uint64_t)>& visit) {
  struct Cursor {
    CountedPretoken entry;
    size_t part;
  };
  const auto later = [](const Cursor& a, const Cursor& b) { return a.entry.pretoken > b.entry.pretoken; };
  std::vector<Cursor> heap;
  const auto advance = [&](size_t part) {
    Cursor cursor{{}, part};
    if (!parts[part]->next(cursor.entry)) return;
    heap.push_back(cursor);
    std::push_heap(heap.begin(), heap.end(), later);
  };
  for (size_t part = 0; part < parts.size(); ++part) advance(part);
  std::vector<size_t> taken;
  while (!heap.empty()) {
    // The parts that have the first pretoken stay where they are until it is given on: their views must live.
    const std::string_view first = heap.front().entry.pretoken;
    uint64_t sum = 0;
    taken.clear();
    while (!heap.empty() && heap.front().entry.pretoken == first) {
      std::pop_heap(heap.begin(), heap.end(), later);
      const Cursor& cursor = heap.back();
      sum = add_counts(sum, cursor.entry.count, weights.empty() ? 1 : weights[cursor.part]);
      taken.push_back(cursor.part);
      heap.pop_back();
    }
    visit(first, sum);
    for (const size_t part : taken) advance(part);
  }
}

}  // namespace ftok
