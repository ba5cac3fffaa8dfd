// Phone numbers. There is no checksum, so the shape decides, and for the weak shapes a word such as "tel" beside them:
//
//   strong   +country and 8..15 digits; the North American 3-3-4 (with or without 1, area and exchange from 2 on);
//            groups that start with 0 and have 9..12 digits together; an area in brackets and 9..12 digits
//   weak     any groups of 7..12 digits, or one run of 7..15, within 32 bytes behind such a word, or right before one
//
// Dates (also those that a number follows), versions, coordinates, IP addresses, prices and ISBNs have other shapes, or
// what stands around them rules them out.
#include <algorithm>
#include <array>
#include <string>

#include "core/ascii.h"
#include "filters/pii_finders/pii_finders.h"

namespace ftok::pii {
namespace {

constexpr size_t kDigitsMax = 15;  // E.164
constexpr size_t kGroupsMax = 7;

struct Number {
  size_t first = 0, last = 0;  // runs
  size_t begin = 0, end = 0;   // bytes, with '+' and '(' before
  bool plus = false, bracket = false;
  size_t digits = 0;
  std::array<size_t, kGroupsMax> sizes{};
  size_t groups = 0;
};

constexpr bool is_joint(char c) { return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')'; }

// Whether the bytes between two runs can stand within one phone number: " ", "-", ".", ")", ") ", " (", ")-";
// characters without width may be anywhere.
bool joins(std::string_view between) {
  constexpr size_t kBytesMax = 16;
  if (between.size() > kBytesMax) return false;
  char kinds[2];
  size_t count = 0;
  for (size_t at = 0; at < between.size();) {
    const Separator separator = separator_at(between, at);
    at += separator.size;
    if (separator.kind == Separator::kInvisible) continue;
    if (count == 2 || !is_joint(separator.kind)) return false;
    kinds[count++] = separator.kind;
  }
  return count <= 1 || (count == 2 && (kinds[0] == ')' || kinds[1] == '('));
}

Number number_at(std::string_view text, Range range, const DigitRuns& runs, size_t first) {
  Number n;
  n.first = n.last = first;
  n.begin = runs[first].begin;
  if (n.begin > range.begin && text[n.begin - 1] == '(') {
    n.bracket = true;
    --n.begin;
  }
  if (n.begin > range.begin && text[n.begin - 1] == '+') {
    n.plus = true;
    --n.begin;
  }
  for (size_t i = first; i < runs.size() && runs[i].end <= range.end && n.groups < kGroupsMax; ++i) {
    if (i > first && !joins(text.substr(runs[i - 1].end, runs[i].begin - runs[i - 1].end))) break;
    const size_t size = runs[i].end - runs[i].begin;
    if (n.digits + size > kDigitsMax) break;
    n.sizes[n.groups++] = size;
    n.digits += size;
    n.last = i;
    n.end = runs[i].end;
  }
  return n;
}

bool is_free_before(std::string_view text, size_t begin) {
  if (begin == 0) return true;
  const char c = text[begin - 1];
  if (c == ':') {  // "Tel.:030", not "12:30"
    constexpr size_t kReach = 16;
    return has_word_before(text, begin, kReach, {"tel", "phone", "telephone", "fax", "mobil", "cell", "call"});
  }
  if (is_letter_or_digit(c) || std::string_view("_-./+$#%&=@\\").find(c) != std::string_view::npos) return false;
  // A dash of Unicode ties it to digits before it, as "-" does; behind a word it is punctuation.
  const size_t dash = begin >= 4 ? begin - 3 : 0;
  const bool is_dash = begin >= 4 && separator_at(text, dash).kind == '-' && separator_at(text, dash).size == 3;
  return !(is_dash && is_digit(text[dash - 1]));
}

bool is_free_behind(std::string_view text, size_t end) {
  if (end >= text.size()) return true;
  const char c = text[end];
  if (is_letter_or_digit(c) || c == '_' || c == '%' || c == '/' || c == '=') return false;
  const bool digit_follows = end + 1 < text.size() && is_digit(text[end + 1]);
  return !(digit_follows && (c == '-' || c == '.' || c == ',' || c == ':'));
}

// Words that make a phone number of what follows them within some bytes. `is_ambiguous`: it means other things more
// often
// ("the cell 1234567 was stained", Cell the journal), and has to be tied to the number.
struct PhoneWord {
  std::string_view word;
  enum class Behind { kNothing, kAnything, kPhoneEnding } behind = Behind::kNothing;  // letters right behind it
  bool is_ambiguous = false;
};

constexpr auto kAny = PhoneWord::Behind::kAnything;
constexpr auto kEnding = PhoneWord::Behind::kPhoneEnding;
constexpr PhoneWord kPhoneWords[] = {
    {"phone", kEnding},
    {"tel", kEnding},
    {"t\u00E9l", kEnding},
    {"fax", kAny},
    {"mobil", kEnding},
    {"whatsapp", kAny},
    {"hotline", kAny},
    {"call"},
    {"dial"},
    {"text me"},
    {"contact"},
    {"reach me"},
    {"reach us"},
    {"answering"},
    {"messages"},
    {"handy", kEnding},
    {"m\u00F3vil"},
    {"movil"},
    {"gsm"},
    {"cell", kEnding, true},
};

// Whether a word of a phone goes on so: "telefon", "telephone", "mobile", "mobilnummer", "phones", "handynummer"; not
// "television", "mobility", "phonetic", "cellulose".
bool is_phone_ending(std::string_view word, std::string_view rest) {
  const std::string_view letters = rest.substr(0, std::min(rest.size(), rest.find_first_of(" \t\n.,:;()[]/#=-")));
  if (letters.empty() || !(is_lower(letters[0]) || static_cast<unsigned char>(letters[0]) >= 0x80)) return true;
  const auto goes_on = [&](std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view e) { return letters.starts_with(e); });
  };
  if (word == "tel" || word == "t\u00E9l")
    return letters == "s" || goes_on({"ef", "eph", "\u00E9f", "\u00E9ph", "fax", "nr", "no", "nu"});
  if (word == "mobil") return letters[0] != 'i';
  if (word == "cell") return letters == "phone" || letters == "ular" || letters == "no" || letters == "nr";
  if (word == "handy") return goes_on({"n", "s"});
  return letters[0] != 't' && letters[0] != 'm';  // of "phone": "phonetic", "phoneme"
}

// Whether what stands between a weak word and the number ties them: "Cell: 467 3395", "cell phone 467 3395", "my cell
// is 467 3395", "my cell 467 3395".
bool is_tied(std::string_view before_word, std::string_view between) {
  static constexpr std::string_view kTies[] = {"phone", "ular", "number", "num", "no", "nr", "is", "at", "on"};
  bool is_tied = between.find_first_of(":=#") != std::string_view::npos;
  for (size_t at = 0; at < between.size();) {
    if (is_digit(between[at])) return false;
    size_t end = at;
    while (end < between.size() && is_lower(between[end])) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    if (std::find(std::begin(kTies), std::end(kTies), between.substr(at, end - at)) == std::end(kTies)) return false;
    is_tied = true;
    at = end;
  }
  static constexpr std::string_view kOwners[] = {"my ", "his ", "her ", "our ", "your ", "their "};
  return is_tied || std::any_of(std::begin(kOwners), std::end(kOwners),
                                [&](std::string_view owner) { return before_word.ends_with(owner); });
}

// Of "phone" the beginning may be another word's: "telephone", "smartphone"; not "microphone", "headphone".
bool is_phone_beginning(std::string_view before_word) {
  static constexpr std::string_view kOthers[] = {"micro", "saxo", "xylo", "gramo", "head", "ear", "mega", "vibra"};
  return std::none_of(std::begin(kOthers), std::end(kOthers),
                      [&](std::string_view other) { return before_word.ends_with(other); });
}

bool has_letter(std::string_view text) { return std::any_of(text.begin(), text.end(), is_alpha); }

bool has_phone_word(std::string_view text, size_t begin) {
  constexpr size_t kReach = 32;
  const size_t from = begin > kReach ? begin - kReach : 0;
  if (!has_letter(text.substr(from, begin - from))) return false;
  const std::string before = lower_ascii(text.substr(from, begin - from));
  return std::any_of(std::begin(kPhoneWords), std::end(kPhoneWords), [&](const PhoneWord& one) {
    const size_t at = before.rfind(one.word);
    if (at == std::string::npos) return false;
    const std::string_view in_front = std::string_view(before).substr(0, at);
    const std::string_view behind = std::string_view(before).substr(at + one.word.size());
    const bool alone = at == 0 || !is_letter_or_digit(before[at - 1]);
    if (!alone && (one.word != "phone" || !is_phone_beginning(in_front))) return false;  // "excellent"
    if (one.behind == PhoneWord::Behind::kNothing && !behind.empty() && is_lower(behind[0])) return false;
    if (one.behind == kEnding && !is_phone_ending(one.word, behind)) return false;
    if (one.word == "tel" && behind.starts_with(" aviv")) return false;
    return !one.is_ambiguous || is_tied(in_front, behind);
  });
}

// Whether such a word behind a number stands for itself ("467 3395, mobile", "467 3395 is my cell phone"), not before
// another one ("1234567 cell lines", "1234567 mobile users").
bool is_noun_of_phone(std::string_view in_front, std::string_view rest) {
  if (in_front.ends_with("my ") || in_front.ends_with("our ")) return true;
  while (rest.starts_with(" phone") || rest.starts_with("phone")) rest.remove_prefix(rest.find('e') + 1);
  if (rest.size() < 2 || rest[0] != ' ' || !(is_lower(rest[1]) || static_cast<unsigned char>(rest[1]) >= 0x80))
    return true;
  static constexpr std::string_view kMore[] = {" number", " no", " nr", " num", " or ", " and ", " bureau", " priv"};
  return std::any_of(std::begin(kMore), std::end(kMore), [&](std::string_view more) { return rest.starts_with(more); });
}

// "467 3395 (mobile)", "467 3395 is my phone": the word belongs to this number when no other one follows it.
bool has_phone_word_behind(std::string_view text, size_t end) {
  constexpr size_t kReach = 20, kNextReach = 12;
  static constexpr std::string_view kWords[] = {"phone",          "tel",      "fax",        "mobile",
                                                "cell",           "whatsapp", "telephone",  "t\u00E9l\u00E9phone",
                                                "t\u00E9l",       "portable", "telefon",    "mobil",
                                                "handy",          "telefoon", "telefone",   "telefono",
                                                "tel\u00E9fono",  "celular",  "m\u00F3vil", "cellulare",
                                                "telem\u00F3vel", "gsm"};
  if (!has_letter(text.substr(end, kReach))) return false;
  const std::string behind = lower_ascii(text.substr(end, kReach + kNextReach));
  const size_t stop = std::min(behind.find_first_of("0123456789\n;"), behind.find(". "));
  for (const std::string_view word : kWords) {
    const size_t at = behind.find(word);
    if (at == std::string::npos || at >= kReach || at >= stop) continue;
    const bool alone = at == 0 || !is_letter_or_digit(behind[at - 1]);
    const size_t next = at + word.size();
    const bool ends = next >= behind.size() || !is_lower(behind[next]) || behind.compare(next, 5, "phone") == 0;
    const size_t own = behind.find_first_of("0123456789", next);
    const bool in_brackets = behind.rfind('(', at) != std::string::npos && behind.find(')', next) < own;
    const bool has_own = !in_brackets && own < next + kNextReach;
    const bool is_noun =
        in_brackets || is_noun_of_phone(std::string_view(behind).substr(0, at), std::string_view(behind).substr(next));
    if (alone && ends && is_noun && !has_own && (next >= behind.size() || behind[next] != ':')) return true;
  }
  return false;
}

bool has_sizes(const Number& n, std::initializer_list<size_t> sizes) {
  return n.groups == sizes.size() && std::equal(sizes.begin(), sizes.end(), n.sizes.begin());
}

// Area and exchange codes of the North American plan start with 2..9.
bool is_north_american(std::string_view text, const DigitRuns& runs, const Number& n) {
  const auto starts_with = [&](size_t group, char least) { return text[runs[n.first + group].begin] >= least; };
  const auto is_code = [&](size_t group) { return text.substr(runs[n.first + group].begin, n.sizes[group]); };
  if (has_sizes(n, {3, 3, 4})) return starts_with(0, '2') && starts_with(1, '2');
  if (has_sizes(n, {1, 3, 3, 4}) || has_sizes(n, {3, 3, 3, 4})) {
    return (is_code(0) == "1" || is_code(0) == "001") && starts_with(1, '2') && starts_with(2, '2');
  }
  return false;
}

bool is_date_like(std::string_view text, const DigitRuns& runs, const Number& n) {
  if (n.groups != 3) return false;
  const bool year_last = n.sizes[0] <= 2 && n.sizes[1] <= 2 && n.sizes[2] == 4;
  const bool year_first = n.sizes[0] == 4 && n.sizes[1] == 2 && n.sizes[2] == 2 && text[runs[n.first].begin] <= '2';
  return year_last || year_first;
}

int value_of(std::string_view text, const Range& run) {
  int value = 0;
  for (size_t at = run.begin; at < run.end && at < run.begin + 4; ++at) value = value * 10 + (text[at] - '0');
  return value;
}

// Whether three runs, tied by one sign, are a day of the calendar: "01.02.2024", "2024-02-01", "12-31-1999"; with
// spaces where the year is of our times, and with a year of two digits where no fourth group follows in the same way,
// as it does in "01.02.24.56.78".
bool is_date_at(std::string_view text, const DigitRuns& runs, size_t first) {
  if (first + 2 >= runs.size()) return false;
  const Range &a = runs[first], &b = runs[first + 1], &c = runs[first + 2];
  const Separator tie = separator_at(text, a.end), second = separator_at(text, b.end);
  if ((tie.kind != '.' && tie.kind != '-' && tie.kind != ' ') || second.kind != tie.kind) return false;
  if (b.begin != a.end + tie.size || c.begin != b.end + second.size) return false;
  const bool spaced = tie.kind == ' ';
  const Separator third = separator_at(text, c.end);
  const bool goes_on = third.kind == tie.kind && c.end + third.size < text.size() && is_digit(text[c.end + third.size]);
  const auto is_year = [&](const Range& run) {
    const int year = value_of(text, run);
    if (run.end - run.begin == 2) return !spaced && !goes_on;
    return run.end - run.begin == 4 && year >= (spaced ? 1900 : 1000) && year <= (spaced ? 2099 : 2999);
  };
  const auto is_day_and_month = [&](const Range& x, const Range& y) {
    if (x.end - x.begin > 2 || y.end - y.begin > 2) return false;
    const int one = value_of(text, x), other = value_of(text, y);
    return one >= 1 && other >= 1 && std::min(one, other) <= 12 && std::max(one, other) <= 31;
  };
  return (is_year(c) && is_day_and_month(a, b)) || (is_year(a) && is_day_and_month(b, c));
}

// The groups of a number that come before the first date in it.
size_t groups_before_date(std::string_view text, const DigitRuns& runs, const Number& n) {
  for (size_t g = 0; g + 2 < n.groups; ++g) {
    if (is_date_at(text, runs, n.first + g)) return g;
  }
  return n.groups;
}

bool is_version(std::string_view text, const Number& n) {
  constexpr size_t kReach = 12;
  return has_word_before(text, n.begin, kReach,
                         {"version", "ver.", "release", "build", "firmware", "revision", "rev."});
}

// Whether its dots are those of decimal numbers, of an IP address or of a version, not those between a phone's groups:
// "052.520008 013.404954", "010.020.030.040", "version 02.03.04.0506".
bool has_other_dots(std::string_view text, const DigitRuns& runs, const Number& n) {
  size_t dots = 0;
  bool octets = n.groups == 4;
  for (size_t g = 0; g < n.groups; ++g) {
    octets = octets && n.sizes[g] <= 3 && value_of(text, runs[n.first + g]) <= 255;
    dots += g + 1 < n.groups && text[runs[n.first + g].end] == '.';
  }
  if (dots == 0) return false;
  return dots + 1 < n.groups || n.groups == 2 || octets || is_version(text, n);
}

size_t leading_zeros(std::string_view text, const DigitRuns& runs, const Number& n) {
  size_t zeros = 0;
  for (size_t i = n.first; i <= n.last; ++i) {
    for (size_t at = runs[i].begin; at < runs[i].end; ++at, ++zeros) {
      if (text[at] != '0') return zeros;
    }
  }
  return zeros;
}

bool is_strong(std::string_view text, const DigitRuns& runs, const Number& n) {
  const char lead = text[runs[n.first].begin];
  if (n.plus && lead == '1') return n.digits == 11;  // the North American plan
  if (n.plus) return n.digits >= 8 && lead != '0';
  const bool other_dots = has_other_dots(text, runs, n);
  if (is_north_american(text, runs, n)) return !other_dots || (n.groups < 4 && !is_version(text, n));
  if (other_dots) return false;
  const bool smallest_group = std::all_of(n.sizes.begin(), n.sizes.begin() + static_cast<std::ptrdiff_t>(n.groups),
                                          [](size_t size) { return size >= 2; });
  if (n.groups < 2 || n.digits < 9 || n.digits > 12 || !smallest_group || is_date_like(text, runs, n)) return false;
  if (leading_zeros(text, runs, n) > 2 || has_sizes(n, {3, 2, 4})) return false;  // in no plan; a US SSN
  const int area = value_of(text, runs[n.first]);
  const bool is_year = n.sizes[0] == 4 && area >= 1500 && area < 2100;  // "181 (2020) 271-280", of a citation
  return (lead == '0' && n.sizes[0] <= 5) || (n.bracket && n.sizes[0] <= 5 && !is_year);
}

bool is_weak(std::string_view text, const DigitRuns& runs, const Number& n) {
  if (n.groups == 1) return n.digits >= 7;
  return n.digits >= 7 && n.digits <= 13 && !is_date_like(text, runs, n);
}

// "x4587", " ext. 12", " extension 3" behind a number.
size_t with_extension(std::string_view text, size_t end, size_t limit) {
  size_t at = end;
  while (at < limit && at - end < 2 && (text[at] == ' ' || text[at] == ',')) ++at;
  for (const std::string_view word : {"extension", "ext.", "ext", "x"}) {
    if (text.substr(at, word.size()) != word) continue;
    at += word.size();
    if (at < limit && text[at] == ' ') ++at;
    const size_t digits = at;
    while (at < limit && at - digits < 6 && is_digit(text[at])) ++at;
    const bool good = at > digits && at - digits < 6 && (at >= text.size() || !is_letter_or_digit(text[at]));
    return good ? at : end;
  }
  return end;
}

}  // namespace

void find_phones(std::string_view text, Range range, const DigitRuns& runs, std::vector<PiiSpan>& out) {
  for (size_t i = 0; i < runs.size();) {
    const size_t first = i++;
    if (runs[first].begin < range.begin || runs[first].end > range.end) continue;
    Number n = number_at(text, range, runs, first);
    if (!is_free_before(text, n.begin)) continue;
    const size_t free_groups = groups_before_date(text, runs, n);
    if (free_groups == 0) {
      i = first + 3;
      continue;
    }
    n.last -= n.groups - free_groups;
    n.groups = free_groups;
    // The longest prefix of the groups that is a number: what follows may be a number of its own.
    for (; n.groups > 0; --n.groups, --n.last) {
      n.digits = 0;
      for (size_t g = 0; g < n.groups; ++g) n.digits += n.sizes[g];
      n.end = runs[n.last].end;
      if (n.digits < 7) break;
      const size_t end = with_extension(text, n.end, range.end);
      if (!is_free_behind(text, end)) continue;
      if (is_strong(text, runs, n) ||
          (is_weak(text, runs, n) && (has_phone_word(text, n.begin) || has_phone_word_behind(text, end)))) {
        out.push_back({n.begin, end, PiiKind::kPhone});
        while (i < runs.size() && runs[i].begin < end) ++i;
        break;
      }
    }
  }
}

}  // namespace ftok::pii
