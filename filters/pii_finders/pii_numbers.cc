// Numbers that name an account or a person: payment cards, IBANs, US social security numbers.
#include <algorithm>
#include <array>
#include <string>

#include "filters/pii_finders/pii_finders.h"
#include "text/unicode.h"

namespace ftok::pii {
namespace {

bool starts_free(std::string_view text, size_t at) {
  return at == 0 || !(is_letter_or_digit(text[at - 1]) || text[at - 1] == '_');
}
bool ends_free(std::string_view text, size_t at) {
  return at >= text.size() || !(is_letter_or_digit(text[at]) || text[at] == '_');
}

// The size of the decimal point at `at`; 0 where there is none. Of Arabic, of full-width digits, and the raised one.
size_t decimal_point_at(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == '.' || text[at] == ',') return 1;
  for (const std::string_view point : {"\u00B7", "\u066B", "\uFF0E", "\uFF0C"}) {
    if (text.substr(at, point.size()) == point) return point.size();
  }
  return 0;
}

// Where the character that ends before `at` begins.
size_t character_before(std::string_view text, size_t at) {
  size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

bool is_any_digit_at(std::string_view text, size_t at) {
  return at < text.size() && (is_digit(text[at]) || category_of(decode_utf8(text, at).code_point) == Category::kNd);
}

// Whether the digits at [begin, end) are the fraction of a decimal number, or the whole part of one: "0.4111",
// "-.4111", "4111,25", "0·4111". A dot behind a letter ("No.4111") is an abbreviation's.
bool is_in_decimal(std::string_view text, size_t begin, size_t end) {
  const size_t point = begin > 0 ? character_before(text, begin) : 0;
  if (begin > 0 && decimal_point_at(text, point) == begin - point) {
    const size_t place = point > 0 ? character_before(text, point) : 0;
    if (point > 0 && is_any_digit_at(text, place)) return true;
    const char before = point > 0 ? text[place] : ' ';
    if (text[point] == '.' && !is_letter_or_digit(before) && before != '.') return true;
  }
  const size_t behind = decimal_point_at(text, end);
  return behind > 0 && is_any_digit_at(text, end + behind);
}

// What stands between two groups of a card's number or an IBAN: spaces, hyphens, tabs, a line break; characters without
// width anywhere.
struct Break {
  size_t size = 0, signs = 0;  // bytes; spaces, hyphens and tabs
  bool is_line = false;

  bool is_visible() const { return signs > 0 || is_line; }
};

Break break_at(std::string_view text, size_t at) {
  constexpr size_t kCharactersMax = 4;
  Break out;
  for (size_t n = 0; n < kCharactersMax; ++n) {
    const Separator one = separator_at(text, at + out.size);
    const bool is_line = one.size == 1 && (one.kind == '\n' || one.kind == '\r');
    const bool is_space = one.size > 0 && (one.kind == ' ' || one.kind == '-' || one.kind == '\t');
    if (!is_line && !is_space && one.kind != Separator::kInvisible) break;
    out.signs += is_space ? 1 : 0;
    out.is_line = out.is_line || is_line;
    out.size += one.size;
  }
  return out;
}

// Whether the digits start like a number of a known issuer of that length (ISO/IEC 7812 ranges the schemes publish).
bool is_issuer(std::string_view d) {
  const size_t size = d.size();
  const auto head = [&](size_t n) {
    int value = 0;
    for (size_t i = 0; i < n; ++i) value = value * 10 + (d[i] - '0');
    return value;
  };
  const int two = head(2), three = head(3), four = head(4);
  if (d[0] == '4') return size == 13 || size == 16 || size == 19;                     // Visa
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return size == 16;  // Mastercard
  if (two == 34 || two == 37) return size == 15;                                      // American Express
  if (four == 1800 || four == 2131) return size == 15;                                // JCB, old
  if (two == 35) return size >= 16;                                                   // JCB
  if ((three >= 300 && three <= 305) || three == 309 || two == 36 || two == 38 || two == 39)
    return size >= 14;  // Diners Club
  if (four == 6011 || (three >= 644 && three <= 649) || two == 65 || two == 62)
    return size >= 16;                      // Discover, UnionPay
  if (two >= 56 && two <= 58) return true;  // Maestro, 12..19
  static constexpr std::array<int, 9> kMaestro = {5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763};
  return std::find(kMaestro.begin(), kMaestro.end(), four) != kMaestro.end();  // 12..19
}

// How the groups of a printed card number may be long.
bool is_card_grouping(const std::vector<size_t>& sizes) {
  static const std::vector<std::vector<size_t>> kGroupings = {
      {4, 4, 4, 4}, {4, 4, 4, 4, 3}, {4, 6, 5}, {4, 6, 4}, {4, 5, 6}, {8, 8}, {6, 13}, {4, 4, 4}, {4, 4, 4, 1}};
  return sizes.size() == 1 || std::find(kGroupings.begin(), kGroupings.end(), sizes) != kGroupings.end();
}

struct IbanLength {
  char country[3];
  uint8_t size;
};
// Lengths by country (SWIFT IBAN registry), in the order of the codes.
constexpr IbanLength kIbanLengths[] = {
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
    {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
    {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22},
    {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32},
    {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19},
    {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
    {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24}, {"SC", 31},
    {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28}, {"TL", 23},
    {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
};

size_t iban_length(char first, char second) {
  const auto upper = [](char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; };
  for (const IbanLength& entry : kIbanLengths) {
    if (entry.country[0] == upper(first) && entry.country[1] == upper(second)) return entry.size;
  }
  return 0;
}

// ISO 7064 mod 97-10 over the number with its first four characters moved to the end, letters as 10..35.
bool has_valid_mod97(std::string_view iban) {
  unsigned remainder = 0;
  for (size_t i = 0; i < iban.size(); ++i) {
    const char c = iban[(i + 4) % iban.size()];
    const auto value = static_cast<unsigned>(is_digit(c) ? c - '0' : is_lower(c) ? c - 'a' + 10 : c - 'A' + 10);
    remainder = (remainder * (value >= 10 ? 100 : 10) + value) % 97;
  }
  return remainder == 1;
}

}  // namespace

bool has_valid_luhn(std::string_view digits) {
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int value = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

Separator separator_at(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  const auto is = [&](std::string_view character) { return text.substr(at, character.size()) == character; };
  if (static_cast<unsigned char>(text[at]) < 0x80) return {text[at], 1};
  if (is("\u00A0")) return {' ', 2};
  if (is("\u00AD")) return {Separator::kInvisible, 2};
  if (is("\u1680") || is("\u202F") || is("\u205F") || is("\u3000")) return {' ', 3};
  const std::string_view three = text.substr(at, 3);
  if (three >= "\u2000" && three <= "\u200A") return {' ', 3};  // quads, em, thin, figure, hair and other spaces
  if (three >= "\u2010" && three <= "\u2015") return {'-', 3};  // hyphens, figure, en and em dash, horizontal bar
  if (three >= "\u200B" && three <= "\u200F") return {Separator::kInvisible, 3};
  for (const std::string_view hyphen : {"\u2043", "\u2212", "\uFE58", "\uFE63", "\uFF0D"}) {
    if (is(hyphen)) return {'-', hyphen.size()};
  }
  if (is("\u2060") || is("\uFEFF")) return {Separator::kInvisible, 3};
  return {text[at], 1};
}

bool has_word_before(std::string_view text, size_t at, size_t reach, std::initializer_list<std::string_view> words) {
  std::string before(text.substr(at > reach ? at - reach : 0, std::min(at, reach)));
  for (char& c : before) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    const size_t place = before.rfind(word);
    return place != std::string::npos && (place == 0 || !is_letter_or_digit(before[place - 1]));
  });
}

DigitRuns find_digit_runs(std::string_view text) {
  DigitRuns runs;
  for (size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    runs.push_back({begin, at});
  }
  return runs;
}

namespace {

// A card's number in some digit runs. What a row of groups holds is judged when the row is known.
struct Card {
  size_t first = 0, last = 0;  // runs
  bool is_one_group = false;
};

// Whether the run behind `last` belongs to the same number. A line break ends a row of groups.
bool is_joined(std::string_view text, const DigitRuns& runs, size_t last, bool over_lines) {
  if (last + 1 >= runs.size()) return false;
  const Break between = break_at(text, runs[last].end);
  return between.size > 0 && between.signs <= 1 && runs[last + 1].begin == runs[last].end + between.size &&
         (over_lines || !between.is_line);
}

// The longest number of a card that begins with the run `first`.
bool read_card(std::string_view text, Range range, const DigitRuns& runs, size_t first, Card& card) {
  constexpr size_t kDigitsMin = 12, kDigitsMax = 19;
  const auto may_begin = [](size_t group) { return group == 4 || group == 6 || group == 8; };
  const size_t size = runs[first].end - runs[first].begin;
  if (size < kDigitsMin &&
      (!is_joined(text, runs, first, true) || (!may_begin(size) && break_at(text, runs[first].end).is_visible()))) {
    return false;
  }
  std::string digits;
  std::vector<size_t> sizes;
  bool is_found = false, is_new_group = true;
  size_t lines = 0;
  for (size_t last = first;; ++last) {
    const std::string_view run = text.substr(runs[last].begin, runs[last].end - runs[last].begin);
    if (runs[last].end > range.end || digits.size() + run.size() > kDigitsMax) break;
    digits += run;
    if (is_new_group) sizes.push_back(run.size());
    else sizes.back() += run.size();
    if (digits.size() >= kDigitsMin && is_card_grouping(sizes) && ends_free(text, runs[last].end) &&
        !is_in_decimal(text, runs[first].begin, runs[last].end) && is_issuer(digits) && has_valid_luhn(digits)) {
      card = {first, last, sizes.size() == 1};
      is_found = true;
    }
    if (!is_joined(text, runs, last, true)) break;
    const Break between = break_at(text, runs[last].end);
    is_new_group = between.is_visible();
    lines += between.is_line ? 1 : 0;
    if (lines > 1 || (is_new_group && !may_begin(sizes.front()))) break;
  }
  return is_found;
}

// "12/27" behind a card's number.
bool is_expiry(std::string_view text, const Range& run) {
  return run.end - run.begin <= 2 && run.end + 1 < text.size() && text[run.end] == '/' && is_digit(text[run.end + 1]);
}

// "123" behind a card's number, and the last of the row: its security code.
bool is_security_code(std::string_view text, const DigitRuns& runs, size_t at) {
  return runs[at].end - runs[at].begin == 3 && ends_free(text, runs[at].end) && !is_joined(text, runs, at, false);
}

}  // namespace

// Groups that stand in a longer row of groups are no card, unless the row is made of cards.
void find_cards(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out) {
  std::vector<Card> row;  // cards without anything between them
  bool is_free = true;    // before the row
  const auto end_row = [&] {
    if (row.empty()) return;
    const size_t next = row.back().last + 1;
    const bool goes_on = is_joined(text, runs, row.back().last, false) && !is_expiry(text, runs[next]) &&
                         !is_security_code(text, runs, next);
    for (const Card& card : row) {
      if (card.is_one_group || (is_free && !goes_on))
        out.push_back({runs[card.first].begin, runs[card.last].end, PiiKind::kCard});
    }
    row.clear();
  };
  for (size_t i = 0; i < runs.size();) {
    const size_t first = i++;
    Card card;
    if (runs[first].begin < range.begin || !starts_free(text, runs[first].begin) ||
        !read_card(text, range, runs, first, card)) {
      continue;
    }
    const bool is_behind_group = first > 0 && is_joined(text, runs, first - 1, false);
    const bool is_behind_card = !row.empty() && row.back().last + 1 == first && is_behind_group;
    if (!is_behind_card) {
      end_row();
      is_free = !is_behind_group;
    }
    row.push_back(card);
    i = card.last + 1;
  }
  end_row();
}

namespace {

// Where an IBAN may begin whose check digits are at `at`: before two letters, which a space may follow. npos where it
// may not.
size_t iban_begin(std::string_view text, size_t at) {
  const auto is_letter = [&](size_t place) { return is_upper(text[place]) || is_lower(text[place]); };
  if (at >= 2 && is_letter(at - 1)) return at - 2;
  const size_t end = at >= 3 ? character_before(text, at) : 0;
  if (end < 2 || !is_letter(end - 1) || is_upper(text[end - 1]) != is_upper(text[end - 2]))
    return std::string_view::npos;
  const Break between = break_at(text, end);
  return between.size == at - end && !between.is_line ? end - 2 : std::string_view::npos;
}

// Whether an IBAN of which `iban` has been read may be parted there: printed in groups of four, or, where it has digits
// alone, in those of the country's account numbers.
bool is_iban_place(std::string_view iban, const Break& between, std::string_view rest) {
  constexpr size_t kSignsMax = 2;
  if (between.size == 0 || between.signs > kSignsMax) return false;
  if (!between.is_visible() || iban.size() % 4 == 0 || iban.size() == 2) return true;
  return !rest.empty() && is_digit(rest[0]) && std::all_of(iban.begin() + 2, iban.end(), is_digit);
}

}  // namespace

void find_ibans(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out) {
  size_t floor = range.begin;
  for (const Range& run : runs) {
    if (run.begin < floor + 2 || run.begin + 2 > range.end || run.end < run.begin + 2) continue;
    const size_t begin = iban_begin(text, run.begin);
    if (begin == std::string_view::npos || begin < floor) continue;
    const size_t length = iban_length(text[begin], text[begin + 1]);
    if (length == 0 || !starts_free(text, begin)) continue;
    std::string iban;
    size_t at = begin;
    while (at < range.end && iban.size() < length) {
      if (is_letter_or_digit(text[at])) {
        iban.push_back(text[at++]);
        continue;
      }
      const Break between = break_at(text, at);
      if (!is_iban_place(iban, between, text.substr(at + between.size))) break;
      at += between.size;
    }
    if (iban.size() != length || at > range.end || !ends_free(text, at) || !has_valid_mod97(iban)) continue;
    out.push_back({begin, at, PiiKind::kIban});
    floor = at;
  }
}

namespace {

// Written with spaces a social security number looks like many another number: a word has to say so.
bool has_ssn_word(std::string_view text, size_t begin, size_t end) {
  constexpr size_t kReach = 32;
  const std::initializer_list<std::string_view> words = {
      "ssn", "social security", "social-security", "soc. sec", "soc sec", "s.s.n", "ss#", "ss no"};
  return has_word_before(text, begin, kReach, words) ||
         has_word_before(text, std::min(end + kReach, text.size()), std::min(kReach, text.size() - end), words);
}

}  // namespace

void find_us_ssns(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out) {
  const auto is_tied = [](char c) { return c == '-' || c == '.' || c == '/' || c == '+'; };
  for (size_t i = 0; i + 2 < runs.size(); ++i) {
    const Range &area = runs[i], &group = runs[i + 1], &serial = runs[i + 2];
    if (area.begin < range.begin || serial.end > range.end || area.end - area.begin != 3 ||
        group.end - group.begin != 2 || serial.end - serial.begin != 4) {
      continue;
    }
    const Separator first = separator_at(text, area.end), second = separator_at(text, group.end);
    if (group.begin != area.end + first.size || serial.begin != group.end + second.size) continue;
    if ((first.kind != '-' && first.kind != ' ') || second.kind != first.kind) continue;
    if (first.kind == ' ' && !has_ssn_word(text, area.begin, serial.end)) continue;
    if (!starts_free(text, area.begin) || !ends_free(text, serial.end)) continue;
    if (area.begin > 0 && is_tied(text[area.begin - 1])) continue;
    if (serial.end + 1 < text.size() && is_tied(text[serial.end]) && is_digit(text[serial.end + 1])) continue;
    // Never issued: area 000, 666 and 900..999, group 00, serial 0000 (SSA, RM 10201.035).
    const std::string_view number = text.substr(area.begin, 3);
    if (number == "000" || number == "666" || number[0] == '9' || text.substr(group.begin, 2) == "00" ||
        text.substr(serial.begin, 4) == "0000") {
      continue;
    }
    out.push_back({area.begin, serial.end, PiiKind::kUsSsn});
    i += 2;
  }
}

}  // namespace ftok::pii
