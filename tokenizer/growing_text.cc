// Where encoding can start again. A cut of the old text is one of the new text when every pretoken before it ends there
// whatever follows. last_sure_cut finds such places from the bytes alone. Of other cuts this is so when the text behind
// the cut, as far as old and new agree, goes on with a character that is not white space (after any white space) and
// some bytes more than the longest look ahead of a pattern, a contraction.
#include "tokenizer/growing_text.h"

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "text/unicode.h"
#include "tokenizer/pretokens/pretokenize.h"

namespace ftok {
namespace {

// More than a contraction and a character.
constexpr size_t kLookAheadBytes = 16;
// How far back last_sure_cut looks.
constexpr size_t kSureCutBytes = 4096;

bool is_settled(std::string_view rest) {
  for (size_t i = 0; i + kLookAheadBytes <= rest.size();) {
    const Utf8Char c = decode_utf8(rest, i);
    if (!c.valid || !is_white_space(c.code_point)) return true;
    i += c.size;
  }
  return false;
}

}  // namespace

GrowingText::GrowingText(const Encoding& encoding) : encoding_(encoding) {
  if (encoding.vocabulary().normalize_nfc) {
    throw UsageError("a text that grows cannot be encoded with " + encoding.name() +
                     ", which puts text into normal form");
  }
  if (encoding.vocabulary().pattern == Pattern::kOwn) {
    throw UsageError("a text that grows cannot be encoded with " + encoding.name() + ", whose pattern is a user's own");
  }
}

// The last cut of the text where encoding can start again when all behind `size` changes.
size_t GrowingText::restart_before(size_t size) const {
  const std::string_view same = std::string_view(text_).substr(0, size);
  const size_t from = size - std::min(size, kSureCutBytes);
  const size_t sure = last_sure_cut(same.substr(from));
  if (sure != 0) return from + sure;
  for (size_t i = blocks_.size(); i-- > 0;) {
    const size_t cut = blocks_[i].bytes;
    if (cut >= size) continue;
    // What follows a character cut short at the end may join the white space before it (Encoding).
    const char last = same[cut - 1];
    if (last == ' ' || last == '\n' || last == '\t') continue;
    if (is_settled(same.substr(cut))) return cut;
  }
  return 0;
}

// Encodes from a cut on; the ids before it stay. The ids are those of `bytes` bytes.
void GrowingText::encode_from(size_t begin, size_t bytes) {
  while (!blocks_.empty() && blocks_.back().bytes > begin) blocks_.pop_back();
  size_t kept = ids_.size();
  while (bytes > begin) bytes -= encoding_.token_bytes(ids_[--kept]).size();
  assert(bytes == begin);
  ids_.resize(kept);
  const std::string_view rest = std::string_view(text_).substr(begin);
  bytes_encoded_ = rest.size();
  std::vector<EncodeState::Block> made;
  EncodeState::of_thread(encoding_.tables()).encode_blocks(rest, ids_, made);
  for (const EncodeState::Block& block : made) blocks_.push_back({begin + block.bytes, kept + block.ids});
  // A character cut short at the end, where all before it is UTF-8 (also what is not encoded again): the last ids are
  // others, so only the blocks before them can be gone on from.
  const size_t tail = truncated_tail(text_);
  if (tail < text_.size() && is_valid_utf8(std::string_view(text_).substr(0, tail))) {
    while (!blocks_.empty() && blocks_.back().bytes > begin) blocks_.pop_back();
    ids_.resize(kept);
    encoding_.encode_ordinary(rest, ids_);
  }
}

void GrowingText::append(std::string_view more) {
  const size_t restart = restart_before(text_.size());
  const size_t before = text_.size();
  text_ += more;
  encode_from(restart, before);
}

void GrowingText::truncate(size_t bytes) {
  assert(bytes <= text_.size());
  const size_t restart = restart_before(bytes);
  const size_t before = text_.size();
  text_.resize(bytes);
  encode_from(restart, before);
}

}  // namespace ftok
