#include "tokenizer/jinja/text_functions.h"

#include <fmt/format.h>

#include <charconv>

namespace ftok::jinja {
namespace {

// Without white space around it and underscores within; empty where no digit could be.
std::string plain_number(std::string_view text) {
  const ByteRange range = stripped_range(text, true, true);
  std::string_view rest = text.substr(range.begin, range.end - range.begin);
  if (rest.starts_with('+') && !rest.starts_with("+-")) rest.remove_prefix(1);
  std::string out;
  for (size_t i = 0; i < rest.size(); ++i) {
    const auto is_digit = [&](size_t at) { return at < rest.size() && rest[at] >= '0' && rest[at] <= '9'; };
    const bool joins = rest[i] == '_' && i > 0 && is_digit(i - 1) && is_digit(i + 1);
    if (!joins) out += rest[i];
  }
  return out;
}

template <typename T>
bool read_number(std::string_view text, T& number) {
  const std::string plain = plain_number(text);
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  return error == std::errc() && end == plain.data() + plain.size() && !plain.empty();
}

}  // namespace

Value replaced(Machine& machine, const MarkedText& text, const MarkedText& old, const MarkedText& by, int64_t count) {
  machine.spend((text.size() / 16 + 1) * (old.size() / 16 + 1));
  MarkedText out;
  size_t begin = 0;
  const auto add = [&](size_t from, size_t to) {
    machine.spend(by.size() / 16 + 1);
    out.append(text.part(from, to));
    out.append(by);
    machine.check_size(out.size());
  };
  if (old.empty()) {  // in front of each character, and at the end
    for (const CharPlace& c : chars_of(text.bytes)) {
      if (count == 0) break;
      --count;
      add(begin, c.begin);
      begin = c.begin;
    }
    if (count != 0) {
      add(begin, text.size());
      begin = text.size();
    }
  } else {
    for (size_t at = text.bytes.find(old.bytes); at != std::string::npos && count != 0;
         at = text.bytes.find(old.bytes, begin), --count) {
      add(begin, at);
      begin = at + old.size();
    }
  }
  out.append(text.part(begin, text.size()));
  return machine.make(std::move(out));
}

Value joined(Machine& machine, const std::vector<Value>& items, const MarkedText& between, bool converts) {
  MarkedText out;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.append(between);
    out.append(converts ? machine.str(items[i]) : machine.need_text("join", items[i]));
    machine.spend(between.size() / 16 + 1);
    machine.check_size(out.size());
  }
  return machine.make(std::move(out));
}

bool read_int(std::string_view text, int64_t& number) { return read_number(text, number); }

bool read_float(std::string_view text, double& number) { return read_number(text, number); }

}  // namespace ftok::jinja
