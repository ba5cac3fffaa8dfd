// Positions (`at`, `from`, `head`, `end`) count from the record's first byte, which is the window's first byte while
// the record is read: the window moves when it grows, positions do not.
#include "crawl/warc.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/ascii.h"

namespace ftok {
namespace {

constexpr std::string_view kMarker = "WARC/";
constexpr size_t kMarkerLine = 16;        // "WARC/1.0\r\n" and a bit
constexpr size_t kNewlinesMax = 1 << 10;  // empty lines looked at behind a block before it is taken as ended

bool is_newline(char c) { return c == '\n' || c == '\r'; }

// "WARC/", digits, ".", digits, then a line end: a record's version line.
bool is_marker(std::string_view text) {
  if (!text.starts_with(kMarker)) return false;
  size_t at = kMarker.size();
  size_t digits = 0;
  while (at < text.size() && at < kMarkerLine && (is_digit(text[at]) || text[at] == '.')) {
    digits += is_digit(text[at]);
    ++at;
  }
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return digits >= 2 && at < text.size() && is_newline(text[at]);
}

std::string_view without_angles(std::string_view text) {
  if (text.size() >= 2 && text.front() == '<' && text.back() == '>') return trim(text.substr(1, text.size() - 2));
  return text;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The fields of a line separated by single spaces, from the right: `count` of them, the rest is the first.
std::vector<std::string_view> split_from_right(std::string_view line, size_t count) {
  std::vector<std::string_view> fields;
  for (size_t i = 0; i < count; ++i) {
    const size_t space = line.rfind(' ');
    if (space == std::string_view::npos) return {};
    fields.push_back(line.substr(space + 1));
    line = line.substr(0, space);
  }
  fields.push_back(line);
  std::reverse(fields.begin(), fields.end());
  return fields;
}

bool has_scheme(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon < 2 || colon > 32) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<ptrdiff_t>(colon),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_ip_address(std::string_view field) {
  return std::count(field.begin(), field.end(), '.') == 3 &&
         std::all_of(field.begin(), field.end(), [](char c) { return is_digit(c) || c == '.'; });
}

bool is_date(std::string_view field) {
  return field.size() >= 12 && field.size() <= 20 && std::all_of(field.begin(), field.end(), is_digit);
}

}  // namespace

bool is_arc_header(std::string_view line) {
  if (!has_scheme(line)) return false;
  const auto version_1 = split_from_right(line, 4);
  if (version_1.empty()) return false;
  if (is_date(version_1[2]) || (is_ip_address(version_1[1]) && parse_length(version_1[4]))) return true;
  const auto version_2 = split_from_right(line, 9);
  return !version_2.empty() && is_date(version_2[2]);
}

std::string_view WarcRecord::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::vector<Damage> WarcReader::take_damage() {
  std::vector<Damage> all = input_->take_damage();
  all.insert(all.end(), std::make_move_iterator(damage_.begin()), std::make_move_iterator(damage_.end()));
  damage_.clear();
  return all;
}

// ---- Moving through the window ----

// True when the window holds `size` bytes.
bool WarcReader::need(size_t size) {
  while (input_->window().size() < size) {
    if (!input_->grow()) return false;
  }
  return true;
}

// Drops white space between records; false at the end of the input.
bool WarcReader::skip_newlines() {
  while (need(1)) {
    const std::string_view window = input_->window();
    size_t at = 0;
    while (at < window.size() && (is_newline(window[at]) || window[at] == ' ' || window[at] == '\t')) ++at;
    input_->consume(at);
    if (at < window.size()) return true;
  }
  return false;
}

// Whether a record starts at `at`, were it only the first bytes of one that the input's end cuts. Looks a line ahead.
bool WarcReader::at_record(size_t at) {
  const bool cut = !need(at + kMarkerLine);
  std::string_view text = input_->window().substr(std::min(at, input_->window().size()));
  if (is_marker(text) || (cut && (kMarker.starts_with(text) || text.starts_with(kMarker)))) return true;
  if (!arc_ || !has_scheme(text)) return false;
  size_t line = std::string_view::npos;
  for (size_t from = at; line == std::string_view::npos && from < at + limits_.header_bytes_max;) {
    line = input_->window().find('\n', from);
    from = input_->window().size();
    if (line == std::string_view::npos && !input_->grow()) break;
  }
  if (line == std::string_view::npos) return false;
  return is_arc_header(trim(input_->window().substr(at, line - at)));
}

// The position of the next record start at or after `from`, or npos. Where an earlier search found none is passed over:
// very many records that say nothing true of their lengths cost no more than one.
size_t WarcReader::find_marker(size_t from) {
  const Searched::Found found = arc_ ? find_arc_header(from) : find_warc_marker(from);
  searched_.add(input_->offset() + from, input_->offset() + found.end);
  return found.is_record ? found.end : std::string_view::npos;
}

WarcReader::Searched::Found WarcReader::find_warc_marker(size_t from) {
  const std::string_view window = input_->window();
  const size_t begin = behind_searched(from);
  size_t at = window.find(kMarker, begin);
  while (at != std::string_view::npos && !is_marker(window.substr(at, 2 * kMarkerLine))) {
    at = window.find(kMarker, at + 1);
  }
  bytes_searched_ += std::min(at, window.size()) - begin;
  if (at != std::string_view::npos) return {at, true};
  return {std::max(begin, window.size() - std::min(window.size(), 2 * kMarkerLine)), false};  // the rest may become one
}

WarcReader::Searched::Found WarcReader::find_arc_header(size_t from) {
  const std::string_view window = input_->window();
  size_t at = from == 0 ? 0 : behind_searched(from);  // the window's first byte may begin a line
  while (at < window.size()) {
    const uint64_t place = input_->offset() + at;
    const size_t no_newline = place == line_.begin ? static_cast<size_t>(line_.end - place) : 0;
    const size_t line_end = window.find('\n', at + no_newline);
    bytes_searched_ += std::min(line_end, window.size()) - at - no_newline;
    if (line_end == std::string_view::npos) {
      line_ = {place, place + window.size() - at};
      break;
    }
    const bool line_start = at == 0 || window[at - 1] == '\n';
    if (line_start && line_end - at < limits_.header_bytes_max &&
        is_arc_header(trim(window.substr(at, line_end - at)))) {
      return {at, true};
    }
    at = at == 0 ? std::max(line_end + 1, behind_searched(1)) : line_end + 1;
  }
  return {at, false};
}

size_t WarcReader::behind_searched(size_t at) const {
  const uint64_t place = input_->offset() + at;
  return searched_.holds(place) ? static_cast<size_t>(searched_.end - input_->offset()) : at;
}

// Drops bytes until a record starts at the window's first byte, or the input ends; returns how many.
uint64_t WarcReader::skip_to_marker(size_t from) {
  uint64_t skipped = 0;
  while (true) {
    const size_t at = find_marker(from);
    if (at != std::string_view::npos) {
      input_->consume(at);
      return skipped + at;
    }
    // What may still become a marker stays: a few bytes, or in ARC files the last, unfinished line.
    const std::string_view window = input_->window();
    size_t keep = std::min(window.size(), 2 * kMarkerLine);
    if (arc_) {
      const size_t line = window.rfind('\n');
      const size_t tail = line == std::string_view::npos ? window.size() : window.size() - line - 1;
      if (tail < limits_.header_bytes_max) keep = tail;
    }
    const size_t drop = window.size() - keep;
    input_->consume(drop);
    skipped += drop;
    from = from > drop ? from - drop : 0;
    if (!input_->grow()) {
      const size_t rest = input_->window().size();
      input_->consume(rest);
      return skipped + rest;
    }
  }
}

// ---- One record ----

bool WarcReader::next(WarcRecord& record) {
  record = {};
  unfolded_.clear();
  input_->consume(std::exchange(pending_, 0));
  while (skip_newlines()) {
    record.offset = input_->stored_offset(input_->offset());
    const Member* const member = input_->member_at(input_->offset());
    if (input_->compression()[0] != 'p') record.offset_in_member = input_->offset() - member->start;
    need(kMarkerLine);
    if (!arc_ && input_->window().starts_with("filedesc:")) {
      arc_ = true;
      members_checked_ = 0;  // that a record of the other kind starts there was not looked at
      searched_ = {};
    }
    if (is_marker(input_->window().substr(0, 2 * kMarkerLine))) {
      read_warc(record);
      return true;
    }
    if (arc_ && read_arc(record)) return true;
    const uint64_t skipped = skip_to_marker(1);
    damage_.push_back({"warc.garbage", fmt::format("{} bytes that are not a record", skipped), record.offset});
  }
  return false;
}

// Finds the empty line that ends a head, in at most header_bytes_max bytes; `size` covers it.
bool WarcReader::find_head(size_t& size) {
  size_t line = 0, from = 0;  // `from`: where to look on in the line
  while (line <= limits_.header_bytes_max) {
    const std::string_view window = input_->window();
    const size_t end = window.find('\n', from);
    bytes_searched_ += std::min(end, window.size()) - from;
    if (end == std::string_view::npos) {
      from = window.size();
      if (window.size() > limits_.header_bytes_max || !input_->grow()) return false;
      continue;
    }
    // An empty line, whatever its carriage returns: some files have CR CR LF throughout.
    if (window.find_first_not_of('\r', line) == end) {
      size = end + 1;
      return true;
    }
    line = from = end + 1;
  }
  return false;
}

// Parses the head that lies in `head`, of a WARC or an ARC record.
void WarcReader::parse(std::string_view head, WarcRecord& record) {
  head_data_ = head.data();
  if (head.starts_with(kMarker)) {
    parse_head(head, record);
  } else {
    parse_arc_line(trim(head), record);
  }
}

// The window moves when it grows; the record's views must follow.
void WarcReader::refresh_head(size_t head, WarcRecord& record) {
  if (input_->window().data() == head_data_) return;
  parse(input_->window().substr(0, head), record);
}

void WarcReader::parse_head(std::string_view head, WarcRecord& record) {
  record.fields.clear();
  unfolded_.clear();
  unfolded_.reserve(head.size());  // so that views into it stay
  size_t line_end = head.find('\n');
  record.version = trim(head.substr(0, line_end));
  while (line_end != std::string_view::npos && line_end + 1 < head.size()) {
    const size_t start = line_end + 1;
    line_end = head.find('\n', start);
    const std::string_view line = head.substr(start, line_end == std::string_view::npos ? line_end : line_end - start);
    if (!record.fields.empty() && !line.empty() && (line[0] == ' ' || line[0] == '\t')) {
      // A folded line continues the value above, one space between.
      std::string_view& value = record.fields.back().second;
      const size_t begin = unfolded_.size();
      const std::string_view more = trim(line);
      if (begin + value.size() + 1 + more.size() > unfolded_.capacity()) continue;
      unfolded_.append(value).append(" ").append(more);
      value = std::string_view(unfolded_).substr(begin);
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    record.fields.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  record.type = record.field("WARC-Type");
  record.id = without_angles(record.field("WARC-Record-ID"));
  record.url = without_angles(record.field("WARC-Target-URI"));
  record.date = record.field("WARC-Date");
  record.content_type = record.field("Content-Type");
  record.truncated = record.field("WARC-Truncated");
  record.identified_type = record.field("WARC-Identified-Payload-Type");
}

void WarcReader::read_warc(WarcRecord& record) {
  size_t head = 0;
  if (!find_head(head)) {
    const size_t known = std::min<size_t>(input_->window().size(), limits_.header_bytes_max);
    parse(input_->window().substr(0, known), record);
    skip_block(known, false, record);
    record.damage = "warc.bad_header";
    return;
  }
  parse(input_->window().substr(0, head), record);
  const std::optional<uint64_t> length = parse_length(record.field("Content-Length"));
  if (!length) {
    const std::string declared(record.field("Content-Length"));
    skip_block(head, false, record);
    record.detail = fmt::format("Content-Length \"{}\"", declared.substr(0, 64));
    return;
  }
  record.content_length = *length;
  read_block(head, record);
}

bool WarcReader::read_arc(WarcRecord& record) {
  size_t end = std::string_view::npos;
  for (size_t from = 0; from < limits_.header_bytes_max;) {
    end = input_->window().find('\n', from);
    if (end != std::string_view::npos) break;
    from = input_->window().size();
    if (!input_->grow()) break;
  }
  if (end == std::string_view::npos) return false;
  const std::string_view line = trim(input_->window().substr(0, end));
  if (!has_scheme(line) || split_from_right(line, 4).empty()) return false;
  if (line.starts_with("filedesc:") && need(end + 3)) arc_2_ = input_->window()[end + 1] == '2';
  parse(input_->window().substr(0, end + 1), record);
  const size_t head = end + 1;
  const std::optional<uint64_t> length = parse_length(record.field("Archive-length"));
  if (!length) {
    const std::string declared(record.field("Archive-length"));
    skip_block(head, false, record);
    record.detail = fmt::format("Archive-length \"{}\"", declared.substr(0, 64));
    return true;
  }
  record.content_length = *length;
  read_block(head, record);
  return true;
}

void WarcReader::parse_arc_line(std::string_view line, WarcRecord& record) {
  auto values = split_from_right(line, arc_2_ ? 9 : 4);
  if (values.empty()) values = split_from_right(line, 4);
  const bool version_2 = values.size() == 10;
  record.version = version_2 ? "ARC/2" : "ARC/1";
  record.type = line.starts_with("filedesc:") ? "warcinfo" : "response";
  record.url = values[0];
  record.date = values[2];
  record.content_type = values[3];
  record.fields = {{"URL", values[0]},
                   {"IP-address", values[1]},
                   {"Archive-date", values[2]},
                   {"Content-type", values[3]},
                   {"Archive-length", values.back()}};
}

// ---- The block ----

// Fills the window to `size` bytes. Stops early where a member that began after the record starts a record itself:
// `member_at` is its place.
WarcReader::Fill WarcReader::fill_block(size_t size, size_t& member_at) {
  const uint64_t base = input_->offset();
  // Members that start here or earlier are the record's own, or were looked at for an earlier one that said it reaches
  // beyond them.
  uint64_t checked = std::max(base, members_checked_);
  while (true) {
    bool undecided = false;
    for (auto member = input_->member_after(checked); member != input_->members().end(); ++member) {
      const size_t at = static_cast<size_t>(member->start - base);
      if (at >= size) break;
      const std::string_view bytes = input_->window().substr(at);
      undecided = bytes.size() < kMarkerLine && member->end == Member::kOpen;
      if (undecided) break;
      if (is_marker(bytes.substr(0, 2 * kMarkerLine)) || (arc_ && looks_like_record_start(bytes))) {
        member_at = at;
        return Fill::kMember;
      }
      checked = members_checked_ = member->start;
      ++members_seen_;
    }
    if (input_->window().size() >= size && !undecided) return Fill::kHave;
    if (!input_->grow()) return input_->window().size() >= size ? Fill::kHave : Fill::kEnd;
  }
}

void WarcReader::read_block(size_t head, WarcRecord& record) {
  const uint64_t length = record.content_length;
  if (length > limits_.record_bytes_max) {
    // A length that goes past the end of the file is a lie; skipping by it would lose the records that follow.
    const uint64_t known = input_->compression()[0] == 'p' ? input_->size_if_known() : 0;
    const bool lie = known != 0 && (record.offset > known || length > known - record.offset);
    return skip_block(head, !lie, record);
  }
  const size_t end = head + static_cast<size_t>(length);
  size_t member_at = 0;
  const Fill fill = fill_block(end, member_at);
  refresh_head(head, record);
  if (fill == Fill::kMember) {
    return end_block(head, std::max(head, member_at), member_at, "warc.bad_length",
                     fmt::format("Content-Length {} reaches into the next member", length), record);
  }
  if (fill == Fill::kEnd) {
    const size_t next = find_marker(head);
    if (next != std::string_view::npos) {
      return end_block(head, next, next, "warc.bad_length",
                       fmt::format("Content-Length {} reaches past the next record", length), record);
    }
    const size_t all = input_->window().size();
    return end_block(head, all, all, "warc.truncated", fmt::format("{} of {} bytes of the block", all - head, length),
                     record);
  }
  finish_block(head, record);
}

// The whole block is in the window: checks that a record, the end of the member or the end of the input follows.
void WarcReader::finish_block(size_t head, WarcRecord& record) {
  const size_t end = head + static_cast<size_t>(record.content_length);
  const uint64_t base = input_->offset();
  size_t at = end;
  bool ended = false;  // by the member's or the input's end
  while (!ended && at < end + kNewlinesMax) {
    // A member that starts here or behind bounds the record: what it holds, garbage perhaps, says nothing of this one.
    const auto next = input_->member_after(base + end - 1);
    const bool bounded = next != input_->members().end();
    const std::string_view window = input_->window();
    const size_t stop = bounded ? static_cast<size_t>(next->start - base) : window.size();
    while (at < stop && is_newline(window[at])) ++at;
    if (at < stop) break;
    ended = bounded || input_->member_ends_at(base + at) || !input_->grow();
  }
  const bool sound = ended || at >= end + kNewlinesMax || at_record(at);
  refresh_head(head, record);
  if (sound) return end_block(head, end, at, nullptr, {}, record);
  const size_t next = find_marker(head);
  const bool too_long = next != std::string_view::npos && next < end;
  // Two line ends where the length says: the record is whole, and what comes behind them is no part of it.
  if (!too_long && !arc_ && input_->window().substr(end).starts_with("\r\n\r\n"))
    return end_block(head, end, at, nullptr, {}, record);
  end_block(head, too_long ? next : end, too_long ? next : at, "warc.bad_length",
            fmt::format("no record follows after Content-Length {}", record.content_length), record);
}

void WarcReader::end_block(size_t head, size_t end, size_t next, const char* damage, std::string detail,
                           WarcRecord& record) {
  record.block = input_->window().substr(head, end - head);
  record.damage = damage;
  record.detail = std::move(detail);
  pending_ = next;
  mark_member_damage(next, record);
}

// A record that reaches the end of a member that broke there cannot be trusted.
void WarcReader::mark_member_damage(size_t end, WarcRecord& record) {
  const uint64_t base = input_->offset();
  for (const Member& member : input_->members()) {
    if (member.start >= base + end) break;
    if (member.damage == nullptr || member.end <= base || member.end > base + end) continue;
    record.damage = member.damage;
    if (record.detail.empty()) record.detail = fmt::format("member at {}", member.stored);
  }
}

// Passes over a block that is not to be held: `by_length`, or to the next record. The head is copied out of the window.
void WarcReader::skip_block(size_t head, bool by_length, WarcRecord& record) {
  head_copy_.assign(input_->window().substr(0, head));
  const uint64_t length = record.content_length;
  parse(head_copy_, record);
  record.content_length = length;
  record.block = {};
  record.damage = length > limits_.record_bytes_max ? "warc.too_large" : "warc.bad_length";
  if (length > 0) record.detail = fmt::format("Content-Length {}", length);
  if (!by_length) {
    input_->consume(head);
    skip_to_marker(0);
    return;
  }
  input_->consume(head);
  uint64_t left = length;
  while (left > 0) {
    size_t member_at = 0;
    const size_t step = static_cast<size_t>(std::min<uint64_t>(left, 64 << 10));
    const Fill fill = fill_block(step, member_at);
    const size_t have = fill == Fill::kMember ? member_at : std::min(step, input_->window().size());
    input_->consume(have);
    left -= have;
    if (fill != Fill::kHave) return;
    // A member that starts right at the window's first byte is not a later one to fill_block.
    if (left > 0 && input_->member_at(input_->offset())->start == input_->offset() && at_record(0)) return;
  }
}

}  // namespace ftok
