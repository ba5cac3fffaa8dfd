#include "tokenizer/encoding.h"

#include <fmt/format.h>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "text/unicode.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encode/text_parts.h"
#include "tokenizer/piece_form.h"
#include "tokenizer/pretokenize.h"

namespace ftok {
namespace {

bool is_white_token(std::string_view token) { return token.find_first_not_of(" \n\t") == std::string_view::npos; }

// Text whose last character is cut short. tiktoken encodes what comes before, takes the last pretoken's tokens back,
// with all white tokens before it when it begins with one, and encodes their bytes and the cut character as one piece.
void encode_truncated(const EncodingTables& tables, std::string_view text, size_t tail, std::vector<uint32_t>& ids) {
  const size_t first = ids.size();
  const std::string_view whole = text.substr(0, tail);
  size_t last = 0;  // where the last pretoken begins
  for (size_t begin = 0; begin < tail;) {
    last = begin;
    begin = pretoken_end(tables.scanner, whole, begin);
  }
  EncodeState& state = EncodeState::of_thread(tables);
  // What comes before the last pretoken is not text of its own: white space at its end would be cut otherwise.
  state.encode(whole, ids);
  std::vector<uint32_t> piece;
  if (last < tail) state.encode_pretoken(whole.substr(last), piece);
  ids.resize(ids.size() - piece.size());
  if (!piece.empty() && is_white_token(tables.vocabulary.token(piece[0]))) {
    while (ids.size() > first && is_white_token(tables.vocabulary.token(ids.back()))) {
      last -= tables.vocabulary.token(ids.back()).size();
      ids.pop_back();
    }
  }
  state.encode_pretoken(text.substr(last), ids);
}

// The added token of that id, or null. They are in order of their ids.
const SpecialToken* added_token_of(const Vocabulary& vocabulary, uint32_t id) {
  const auto found = std::lower_bound(vocabulary.specials.begin(), vocabulary.specials.end(), id,
                                      [](const SpecialToken& special, uint32_t wanted) { return special.id < wanted; });
  return found != vocabulary.specials.end() && found->id == id ? &*found : nullptr;
}

// Whether all of `text` is UTF-8 but for a character cut short at its end.
bool has_truncated_tail(std::string_view text) {
  const size_t tail = truncated_tail(text);
  return tail < text.size() && is_valid_utf8(text.substr(0, tail));
}

}  // namespace

size_t truncated_tail(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    if (byte < 0xC2 || byte > 0xF4) return text.size();
    const Utf8Char c = decode_utf8(text, text.size() - back);
    const size_t needed = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return !c.valid && c.size == back && needed > back ? text.size() - back : text.size();
  }
  return text.size();
}

Encoding::Encoding(Vocabulary vocabulary) : tables_(std::make_unique<const EncodingTables>(std::move(vocabulary))) {}
Encoding::~Encoding() = default;
Encoding::Encoding(Encoding&&) noexcept = default;
Encoding& Encoding::operator=(Encoding&&) noexcept = default;

Encoding Encoding::load(const std::string& path, const VocabularyHints& hints) {
  return Encoding(load_vocabulary(path, hints));
}

std::string Encoding::normalized(std::string_view text) const {
  const Vocabulary& vocabulary = tables_->vocabulary;
  return vocabulary.pieces != nullptr ? spaced(*vocabulary.pieces, text, true) : normalized_text(vocabulary, text);
}

void Encoding::encode_ordinary(std::string_view text, std::vector<uint32_t>& ids) const {
  if (tables_->pieces != nullptr) return encode_pieces(text, Specials::kPlain, ids);
  if (!tables_->specials.has_plain() && !tables_->normalized_specials.has_plain()) return encode_between(text, ids);
  encode(text, Specials::kPlain, ids);
}

// A normalizer's spaces are there before the second kind of added tokens is looked for, a pre-tokenizer's come after.
void Encoding::encode_pieces(std::string_view text, Specials specials, std::vector<uint32_t>& ids) const {
  const Vocabulary& vocabulary = tables_->vocabulary;
  const auto take = [&](const SpecialFinder::Match& match) {
    ids.push_back(match.id);
    return true;
  };
  for_each_match(
      tables_->specials, text, 0, specials,
      [&](std::string_view part, size_t place) {
        const std::string normal = normalized_text(vocabulary, part);
        return for_each_match(
            tables_->normalized_specials, normal, place, specials,
            [&](std::string_view inner, size_t inner_place) {
              const bool first = inner_place == 0;
              tables_->pieces->encode(
                  vocabulary.pieces->is_normalizer ? std::string(inner) : spaced(*vocabulary.pieces, inner, first),
                  ids);
              return true;
            },
            take);
      },
      take);
}

void Encoding::encode_part(std::string_view part, bool first, std::vector<uint32_t>& ids) const {
  if (tables_->pieces == nullptr) return encode_between(part, ids);
  tables_->pieces->encode(spaced(*tables_->vocabulary.pieces, part, first), ids);
}

// Appends the ids of text in which no added token is looked for.
void Encoding::encode_between(std::string_view text, std::vector<uint32_t>& ids) const {
  if (tables_->vocabulary.normalize_nfc) {
    EncodeState::of_thread(*tables_).encode(normalized(text), ids);
    return;
  }
  if (has_truncated_tail(text)) {
    encode_truncated(*tables_, text, truncated_tail(text), ids);
  } else {
    EncodeState::of_thread(*tables_).encode(text, ids);
  }
}

std::vector<uint32_t> Encoding::encode_ordinary(std::string_view text) const {
  std::vector<uint32_t> ids;
  encode_ordinary(text, ids);
  return ids;
}

std::vector<uint32_t> Encoding::encode(std::string_view text, Specials specials) const {
  std::vector<uint32_t> ids;
  encode(text, specials, ids);
  return ids;
}

void Encoding::encode(std::string_view text, Specials specials, std::vector<uint32_t>& ids) const {
  if (tables_->pieces != nullptr) return encode_pieces(text, specials, ids);
  for_each_part(
      *tables_, text, specials,
      [&](std::string_view part) {
        encode_between(part, ids);
        return true;
      },
      [&](const SpecialFinder::Match& match) {
        ids.push_back(match.id);
        return true;
      });
}

void Encoding::add_special_tokens(std::vector<uint32_t>& ids) const {
  const Vocabulary& vocabulary = tables_->vocabulary;
  ids.insert(ids.begin(), vocabulary.before_text.begin(), vocabulary.before_text.end());
  ids.insert(ids.end(), vocabulary.after_text.begin(), vocabulary.after_text.end());
}

// Appends ids of `text`, as ordinary text, until there are at least `tokens_max`, or all.
void Encoding::append_prefix(std::string_view text, size_t tokens_max, EncodedPrefix& prefix) const {
  if (prefix.ids.size() >= tokens_max) {
    prefix.whole = prefix.whole && text.empty();
    return;
  }
  const std::string normal = tables_->vocabulary.normalize_nfc ? normalized(text) : std::string();
  if (tables_->vocabulary.normalize_nfc) text = normal;
  size_t bytes = text.size();
  if (has_truncated_tail(text)) {  // what is cut short changes ids before it
    encode_between(text, prefix.ids);
  } else {
    bytes = EncodeState::of_thread(*tables_).encode_some(text, tokens_max - prefix.ids.size(), prefix.ids);
  }
  prefix.bytes += bytes;
  prefix.whole = prefix.whole && bytes == text.size();
}

EncodedPrefix Encoding::encode_prefix(std::string_view text, size_t tokens_max, Specials specials) const {
  EncodedPrefix prefix;
  if (tables_->pieces != nullptr) {  // a merge may reach from one end of the text to the other
    prefix.ids = encode(text, specials);
    for (const uint32_t id : prefix.ids) prefix.bytes += token_bytes(id).size();
  } else {
    append_parts(text, tokens_max, specials, prefix);
  }
  while (prefix.ids.size() > tokens_max) {
    prefix.bytes -= token_bytes(prefix.ids.back()).size();
    prefix.ids.pop_back();
    prefix.whole = false;
  }
  return prefix;
}

void Encoding::append_parts(std::string_view text, size_t tokens_max, Specials specials, EncodedPrefix& prefix) const {
  for_each_part(
      *tables_, text, specials,
      [&](std::string_view part) {
        append_prefix(part, tokens_max, prefix);
        return prefix.whole;
      },
      [&](const SpecialFinder::Match& match) {
        prefix.ids.push_back(match.id);
        prefix.bytes += match.size;
        return true;
      });
}

std::vector<std::vector<uint32_t>> Encoding::encode_batch(std::span<const std::string_view> texts) const {
  std::vector<std::vector<uint32_t>> ids(texts.size());
  tbb::parallel_for(tbb::blocked_range<size_t>(0, texts.size()), [&](const tbb::blocked_range<size_t>& range) {
    for (size_t i = range.begin(); i < range.end(); ++i) encode_ordinary(texts[i], ids[i]);
  });
  return ids;
}

size_t Encoding::count(std::string_view text, Specials specials) const {
  if (tables_->pieces != nullptr) return encode(text, specials).size();
  size_t count = 0;
  for_each_part(
      *tables_, text, specials,
      [&](std::string_view part) {
        const bool is_plain = !tables_->vocabulary.normalize_nfc && !has_truncated_tail(part);
        std::vector<uint32_t> ids;
        if (!is_plain) encode_between(part, ids);
        count += is_plain ? EncodeState::of_thread(*tables_).count(part) : ids.size();
        return true;
      },
      [&](const SpecialFinder::Match&) {
        ++count;
        return true;
      });
  return count;
}

std::vector<TokenSpan> Encoding::encode_spans(std::string_view text, Specials specials) const {
  return spans_of(encode(text, specials));
}

std::vector<TokenSpan> Encoding::spans_of(std::span<const uint32_t> ids) const {
  std::vector<TokenSpan> spans;
  spans.reserve(ids.size());
  size_t begin = 0, characters = 0;  // characters that begin before `begin`
  for (const uint32_t id : ids) {
    const std::string_view bytes = token_bytes(id);
    const auto continues = [](char c) { return (c & 0xC0) == 0x80; };
    const size_t first = characters - (continues(bytes[0]) && characters > 0 ? 1 : 0);
    for (const char c : bytes) characters += continues(c) ? 0 : 1;
    spans.push_back({id, begin, begin + bytes.size(), first, characters});
    begin += bytes.size();
  }
  return spans;
}

size_t Encoding::pretoken_end(std::string_view text, size_t begin) const {
  if (tables_->pieces != nullptr) return tables_->pieces->piece_end(text, begin);
  return ftok::pretoken_end(tables_->scanner, text, begin);
}

size_t Encoding::count_specials(std::string_view text) const {
  size_t count = 0;
  for_each_part(
      *tables_, text, Specials::kAllow, [](std::string_view) { return true; },
      [&](const SpecialFinder::Match& match) {
        count += match.special ? 1 : 0;
        return true;
      });
  return count;
}

std::string Encoding::decode(std::span<const uint32_t> ids) const {
  const DecodeTable& table = tables_->decode_table;
  std::string out;
  out.reserve(ids.size() * 4);
  constexpr size_t kTogether = 512;
  char buffer[kTogether * DecodeTable::kSlotBytes];
  for (size_t first = 0; first < ids.size(); first += kTogether) {
    const std::span<const uint32_t> some = ids.subspan(first, std::min(kTogether, ids.size() - first));
    for (size_t done = 0; done < some.size();) {
      size_t bytes = 0;
      done += table.decode(some.subspan(done), buffer, bytes);
      out.append(buffer, bytes);
      if (done == some.size()) break;
      const std::string_view piece = token_bytes(some[done]);
      if (piece.empty()) {
        throw Error(fmt::format("id {} at position {} is not a token of {} (ids are below {})", some[done],
                                first + done, name(), n_vocab()));
      }
      out += piece;
      ++done;
    }
  }
  if (tables_->pieces != nullptr)
    out.erase(0,
              std::min(out.find_first_not_of(' '), std::min(out.size(), tables_->vocabulary.pieces->spaces_stripped)));
  return out;
}

std::string Encoding::decode_utf8(std::span<const uint32_t> ids) const {
  const std::string bytes = decode(ids);
  if (is_valid_utf8(bytes)) return bytes;
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Char c = ftok::decode_utf8(bytes, i);
    append_utf8(out, c.code_point);
    i += c.size;
  }
  return out;
}

std::string_view Encoding::token_bytes(uint32_t id) const {
  const Vocabulary& vocabulary = tables_->vocabulary;
  if (id < vocabulary.token_count() && !vocabulary.token(id).empty()) return vocabulary.token(id);
  const SpecialToken* const added = added_token_of(vocabulary, id);
  return added != nullptr ? std::string_view(added->text) : std::string_view();
}

bool Encoding::is_special(uint32_t id) const {
  const SpecialToken* const added = added_token_of(tables_->vocabulary, id);
  return added != nullptr && added->special;
}

std::optional<uint32_t> Encoding::id_of(std::string_view token) const {
  if (const SpecialToken* special = tables_->vocabulary.find_special(token)) return special->id;
  const uint32_t id = tables_->pieces != nullptr ? tables_->pieces->find(token) : tables_->tokens.find(token);
  if (id == kNoToken) return std::nullopt;
  return id;
}

uint32_t Encoding::n_vocab() const { return tables_->n_vocab; }

std::optional<uint32_t> Encoding::end_of_text() const {
  for (const char* text : {"<|endoftext|>", "<|end_of_text|>", "</s>"}) {
    if (const SpecialToken* special = tables_->vocabulary.find_special(text)) return special->id;
  }
  return std::nullopt;
}

const std::string& Encoding::name() const { return tables_->vocabulary.name; }
const std::string& Encoding::digest() const { return tables_->vocabulary.digest; }
const Vocabulary& Encoding::vocabulary() const { return tables_->vocabulary; }

}  // namespace ftok
