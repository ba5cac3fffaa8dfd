#include "pipeline/corpus_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "core/error.h"
#include "core/lenient_json.h"
#include "core/text_file.h"
#include "crawl/input_format.h"
#include "crawl/json_lines.h"
#include "text/unicode.h"
#include "tokenizer/encoding.h"
#include "tokenizer/pretokenize.h"

namespace ftok {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kTextBytesMax = size_t{64} << 20;
constexpr size_t kLineBytesMax = size_t{1} << 30;

uint64_t size_of(const std::string& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

}  // namespace

CorpusReader::CorpusReader(std::vector<CorpusInput> inputs, std::string text_key, bool has_sure_cuts)
    : inputs_(std::move(inputs)), text_key_(std::move(text_key)), has_sure_cuts_(has_sure_cuts) {
  for (const CorpusInput& input : inputs_) {
    const uint64_t size = input.path == "-" ? 0 : size_of(input.path);
    if (size == 0) {
      bytes_total_ = 0;
      break;
    }
    bytes_total_ += size;
  }
}

CorpusReader::~CorpusReader() = default;

// Opens the input at position_; false when there is none.
bool CorpusReader::open_next() {
  if (position_.input == inputs_.size()) return false;
  SourceOptions options;
  options.format = inputs_[position_.input].format;
  options.text_key = text_key_;
  options.id_key = "";  // not read
  OpenedBytes opened = open_input_bytes(open_file_source(inputs_[position_.input].path), options);
  if (!opened.format->holds_texts()) {
    throw Error(fmt::format("{} is {}, which holds pages, not texts", opened.input->name(), opened.format->title));
  }
  is_lines_ = opened.format->open_lines != nullptr;
  input_ = std::move(opened.input);
  return true;
}

// Appends `size` bytes, fewer at the end of the input.
size_t CorpusReader::read(std::string& out, size_t size) {
  const size_t had = out.size();
  out.resize(had + size);
  size_t got = 0;
  while (got < size) {
    if (input_->window().empty()) {
      const bool more = input_->grow();
      const std::vector<Damage> damage = input_->take_damage();
      if (!damage.empty()) {
        throw Error(fmt::format("{}: offset {}: {}{}{}", input_->name(), damage[0].offset, damage[0].code.view(),
                                damage[0].detail.empty() ? "" : ": ", damage[0].detail));
      }
      if (!more && input_->window().empty()) break;
      continue;
    }
    const size_t n = std::min(size - got, input_->window().size());
    std::memcpy(out.data() + had + got, input_->window().data(), n);
    input_->consume(n);
    got += n;
  }
  out.resize(had + got);
  return got;
}

// How many of `bytes`, which begin at a cut, make a piece; 0 when more must be read. The first `before` are not looked
// at again, since a long line is read in many steps: no cut that is sure lies in them, and `line_end` is where their
// last line ends (0: none does), and is moved on.
size_t CorpusReader::cut_of(const std::string& bytes, size_t before, bool at_end, size_t& line_end) {
  if (at_end) return bytes.size();
  const size_t known = before - std::min<size_t>(before, 2);  // a cut shows by the two bytes before it
  const std::string_view in_new = std::string_view(bytes).substr(known);
  bytes_searched_ += in_new.size();
  const size_t newline = in_new.rfind('\n');
  if (newline != std::string_view::npos) line_end = known + newline + 1;
  if (is_lines_) {
    if (line_end == 0 && bytes.size() > kLineBytesMax) {
      throw Error(fmt::format("{}: line {}: longer than {} bytes", input_->name(), position_.line, kLineBytesMax));
    }
    return line_end;
  }
  const size_t sure = has_sure_cuts_ ? last_sure_cut(in_new) : 0;
  if (sure != 0) return known + sure;
  if (bytes.size() < kTextBytesMax) return 0;
  return line_end != 0 && !has_sure_cuts_ ? line_end : truncated_tail(bytes);
}

std::unique_ptr<CorpusPiece> CorpusReader::next() {
  for (;;) {
    if (input_ == nullptr && !open_next()) return nullptr;
    auto piece = std::make_unique<CorpusPiece>();
    piece->bytes.swap(carry_);
    bool at_end = false;
    size_t cut = 0, line_end = 0;
    while (cut == 0 && !at_end) {
      const size_t before = piece->bytes.size();
      at_end = read(piece->bytes, kReadBytes) < kReadBytes;
      cut = cut_of(piece->bytes, before, at_end, line_end);
    }
    carry_.assign(piece->bytes, cut);
    piece->input = &inputs_[position_.input];
    piece->line = position_.line;
    piece->is_lines = is_lines_;
    piece->is_whole = at_end && position_.offset == 0;
    piece->size = cut;
    piece->bytes.resize(cut);
    position_.offset += cut;
    if (is_lines_) {
      position_.line += static_cast<uint64_t>(std::count(piece->bytes.begin(), piece->bytes.end(), '\n'));
    }
    piece->bytes.resize(cut + CorpusPiece::kPadding);
    if (at_end) {
      bytes_before_ += input_->bytes_read();
      input_.reset();
      position_ = {position_.input + 1, 0, 1};
    }
    if (cut != 0 || (piece->is_whole && !piece->is_lines)) return piece;
  }
}

void CorpusReader::skip_to(const CorpusPosition& position) {
  for (size_t i = 0; i < position.input; ++i) bytes_before_ += size_of(inputs_[i].path);
  position_ = position;
  if (position.offset == 0) return;
  if (!open_next()) throw Error("the checkpoint is of other inputs");
  std::string passed;
  for (uint64_t left = position.offset; left > 0; left -= passed.size()) {
    passed.clear();
    if (read(passed, static_cast<size_t>(std::min<uint64_t>(left, kReadBytes))) == 0) {
      throw Error(fmt::format("{}: shorter than when the checkpoint was made", input_->name()));
    }
  }
}

uint64_t CorpusReader::bytes_read() const { return bytes_before_ + (input_ != nullptr ? input_->bytes_read() : 0); }

uint64_t for_each_text(const CorpusPiece& piece, const std::string& text_key,
                       const std::function<void(std::string_view)>& visit) {
  if (!piece.is_lines) {
    if (piece.is_whole && is_empty_text(piece.view())) return 1;
    visit(piece.view());
    return 0;
  }
  thread_local simdjson::dom::parser parser(kLineBytesMax + simdjson::SIMDJSON_PADDING);  // keeps its memory
  std::string plain, sanitized;
  uint64_t line = piece.line, empty = 0, replaced = 0;
  const auto fail = [&](std::string_view why) {
    throw Error(fmt::format("{}: line {}: {}", piece.input->path, line, why));
  };
  const std::string_view bytes = piece.view();
  for (size_t begin = 0; begin < bytes.size(); ++line) {
    const size_t end = std::min(bytes.size(), bytes.find('\n', begin));
    const std::string_view json =
        utf8_line(without_byte_order_mark(bytes.substr(begin, end - begin)), sanitized, replaced);
    begin = end + 1;
    if (json.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    simdjson::dom::element root;
    simdjson::dom::object object;
    std::string_view text;
    const simdjson::error_code parsed = parse_json(parser, json, root, plain, true);
    if (parsed != simdjson::SUCCESS) fail(simdjson::error_message(parsed));
    if (root.get(object) != simdjson::SUCCESS || !get_last(object, text_key, text))
      fail(fmt::format("no string \"{}\"", text_key));
    if (is_empty_text(text)) ++empty;
    else visit(text);
  }
  return empty;
}

}  // namespace ftok
