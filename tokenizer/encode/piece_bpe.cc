#include "tokenizer/encode/piece_bpe.h"

#include <algorithm>
#include <queue>

#include "text/unicode.h"
#include "tokenizer/piece_form.h"

namespace ftok {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581

uint64_t pair_key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

// A merge that may be made: of the symbol at `left` with the next.
struct PieceMerge {
  uint32_t rank;
  int32_t left;
  uint32_t id;
  bool operator>(const PieceMerge& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
};

}  // namespace

std::string with_plain_spaces(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 1);
  for (size_t at = 0; at < text.size();) {
    const size_t found = std::min(text.find(kSpace, at), text.size());
    out += text.substr(at, found - at);
    if (found < text.size()) out.push_back(' ');
    at = found + kSpace.size();
  }
  return out;
}

std::string spaced(const PieceForm& form, std::string_view text, bool first) {
  std::string out = with_plain_spaces(text);
  if (text.empty() || form.space == PieceForm::Space::kNever) return out;
  if (form.space != PieceForm::Space::kBeforeParts && out[0] == ' ') return out;
  if (form.space == PieceForm::Space::kIfFirst && !first) return out;
  return out.insert(out.begin(), ' '), out;
}

PieceBpe::PieceBpe(const Vocabulary& vocabulary) : form_(*vocabulary.pieces) {
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    if (vocabulary.token(id).empty()) continue;
    if (std::binary_search(form_.unreachable.begin(), form_.unreachable.end(), id)) continue;
    tokens_.emplace(vocabulary.token(id), id);
  }
  uint32_t rank = 0;
  for (const Vocabulary::Merge& m : vocabulary.merges)  // of a pair that is listed twice the last one counts
    merges_.insert_or_assign(pair_key(m.left, m.right), Merged{rank++, m.id});
}

uint32_t PieceBpe::find(std::string_view token) const {
  const auto found = tokens_.find(token);
  return found == tokens_.end() ? kNoToken : found->second;
}

// Pieces begin at spaces.
size_t PieceBpe::piece_end(std::string_view spaced, size_t begin) const {
  return form_.splits ? std::min(spaced.find(' ', begin + 1), spaced.size()) : spaced.size();
}

void PieceBpe::append_unknown(std::vector<Symbol>& symbols, size_t unknowns) const {
  for (size_t i = 0; i < (form_.fuses_unknown ? std::min<size_t>(unknowns, 1) : unknowns); ++i)
    symbols.push_back({*form_.unknown, 0, 0, true});
}

// Characters without a token wait in `unknowns` for the next one that has one.
void PieceBpe::append_character(std::string_view character, std::vector<Symbol>& symbols, size_t& unknowns) const {
  const uint32_t id = find(character);
  if (id != kNoToken) {
    append_unknown(symbols, unknowns);
    unknowns = 0;
    symbols.push_back({id, 0, 0, true});
    return;
  }
  const auto byte_id = [&](char c) { return form_.byte_ids[static_cast<unsigned char>(c)]; };
  if (!form_.byte_ids.empty() &&
      std::all_of(character.begin(), character.end(), [&](char c) { return byte_id(c).has_value(); })) {
    for (const char c : character) symbols.push_back({*byte_id(c), 0, 0, true});
    return;
  }
  if (form_.unknown) ++unknowns;
}

const PieceBpe::Merged* PieceBpe::merged(const std::vector<Symbol>& symbols, int32_t left) const {
  if (left < 0) return nullptr;
  const Symbol& symbol = symbols[static_cast<size_t>(left)];
  if (symbol.next < 0) return nullptr;
  const auto found = merges_.find(pair_key(symbol.id, symbols[static_cast<size_t>(symbol.next)].id));
  return found == merges_.end() ? nullptr : &found->second;
}

void PieceBpe::merge(std::vector<Symbol>& symbols) const {
  const auto n = static_cast<int32_t>(symbols.size());
  std::vector<PieceMerge> first;
  for (int32_t i = 0; i < n; ++i)
    symbols[static_cast<size_t>(i)].previous = i - 1, symbols[static_cast<size_t>(i)].next = i + 1 < n ? i + 1 : -1;
  for (int32_t i = 0; i < n; ++i) {
    if (const Merged* const m = merged(symbols, i)) first.push_back({m->rank, i, m->id});
  }
  std::priority_queue<PieceMerge, std::vector<PieceMerge>, std::greater<>> queue(std::greater<>(), std::move(first));
  const auto consider = [&](int32_t left) {
    if (const Merged* const m = merged(symbols, left)) queue.push({m->rank, left, m->id});
  };
  while (!queue.empty()) {
    const PieceMerge best = queue.top();
    queue.pop();
    Symbol& left = symbols[static_cast<size_t>(best.left)];
    if (!left.is_there) continue;
    const Merged* const now = merged(symbols, best.left);
    if (now == nullptr || now->id != best.id) continue;  // one of the two has become another since
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    left.id = best.id;
    right.is_there = false;
    left.next = right.next;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
}

void PieceBpe::encode(std::string_view spaced, std::vector<uint32_t>& ids) const {
  std::vector<Symbol> symbols;
  for (size_t begin = 0; begin < spaced.size();) {
    const std::string_view piece = spaced.substr(begin, piece_end(spaced, begin) - begin);
    begin += piece.size();
    symbols.clear();
    size_t unknowns = 0;
    for (size_t at = 0; at < piece.size();) {
      const Utf8Char c = decode_utf8(piece, at);
      append_character(piece.substr(at, c.size), symbols, unknowns);
      at += c.size;
    }
    append_unknown(symbols, unknowns);
    merge(symbols);
    for (const Symbol& symbol : symbols) {
      if (symbol.is_there) ids.push_back(symbol.id);
    }
  }
}

}  // namespace ftok
