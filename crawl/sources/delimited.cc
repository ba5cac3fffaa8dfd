// Comma- and tab-separated values as JSON Lines.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/ascii.h"
#include "core/error.h"
#include "crawl/format_refused.h"
#include "crawl/sources/rows_input.h"

namespace ftok {
namespace {

constexpr size_t kHeaderBytesMax = size_t{1} << 20;
constexpr size_t kFormBytes =
    size_t{64} << 10;  // a table with CR but without LF in so many bytes has rows that end in CR
constexpr size_t kNameBytesMax = 64;
constexpr size_t kNamesShown = 8;

// How a table is written: RFC 4180 with another delimiter, and rows that end in CR alone as old spreadsheets have it.
struct TableForm {
  char delimiter;
  bool rows_end_in_cr = false;
};

// Follows the bytes of a table and says what each one is. RFC 4180, and a little more: a lone CR belongs to its field,
// and what follows a closing quote does too.
class DelimitedScanner {
 public:
  enum class Token { kNone, kByte, kFieldEnd, kRowEnd };

  explicit DelimitedScanner(TableForm form) : form_(form) {}

  // kByte: `c` belongs to the field. A CR is held back until the next byte tells whether it is of a line end; `lone_cr`
  // says that the field has one before `c`.
  Token next(char c, bool& lone_cr) {
    lone_cr = false;
    if (in_quotes_) {
      if (c != '"') return Token::kByte;
      in_quotes_ = false, after_quote_ = true;
      return Token::kNone;
    }
    if (after_quote_ && c == '"') {  // "" inside quotes
      in_quotes_ = true, after_quote_ = false;
      return Token::kByte;
    }
    after_quote_ = false;
    if (c == '\r' && form_.rows_end_in_cr) return at_start_ = true, Token::kRowEnd;
    if (c == '\r' && !held_cr_) return held_cr_ = true, Token::kNone;
    lone_cr = std::exchange(held_cr_, false) && c != '\n';
    if (c == '\n') return at_start_ = true, Token::kRowEnd;
    if (c == form_.delimiter) return at_start_ = true, Token::kFieldEnd;
    if (c == '"' && at_start_ && !lone_cr) {
      at_start_ = false, in_quotes_ = true;
      return Token::kNone;
    }
    at_start_ = false;
    if (c == '\r') return held_cr_ = true, Token::kNone;
    return Token::kByte;
  }

  bool in_quotes() const { return in_quotes_; }

 private:
  TableForm form_;
  bool in_quotes_ = false, after_quote_ = false, held_cr_ = false, at_start_ = true;
};

// The fields of the first row of `bytes` and how many bytes it takes; 0 when it does not end there.
size_t read_row(std::string_view bytes, bool whole, TableForm form, std::vector<std::string>& fields) {
  DelimitedScanner scanner(form);
  fields.assign(1, "");
  for (size_t i = 0; i < bytes.size(); ++i) {
    bool lone_cr = false;
    const DelimitedScanner::Token token = scanner.next(bytes[i], lone_cr);
    if (lone_cr) fields.back() += '\r';
    if (token == DelimitedScanner::Token::kRowEnd) return i + 1;
    if (token == DelimitedScanner::Token::kFieldEnd) fields.emplace_back();
    if (token == DelimitedScanner::Token::kByte) fields.back() += bytes[i];
  }
  return whole && !scanner.in_quotes() ? bytes.size() : 0;
}

void append_json(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (c == '\n' || c == '\r' || c == '\t') {  // short, because the row's length is that of its line of JSON
    out += '\\';
    out += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
  } else if (byte < 0x20) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
  } else {
    out += c;
  }
}

class DelimitedInput : public RowsInput {
 public:
  // Columns with longer names than kNameBytesMax are read and left out, but for those that `options` names: else a row
  // of few bytes could become an object of very many.
  DelimitedInput(std::unique_ptr<DecodedInput> inner, TableForm form, const std::vector<std::string>& names,
                 const SourceOptions& options)
      : RowsInput(std::move(inner)), scanner_(form) {
    for (const std::string& name : names) {
      std::string key;
      if (name.size() <= kNameBytesMax || name == options.text_key || name == options.id_key) {
        key = "\"";
        for (const char c : name) append_json(key, c);
        key += "\":\"";
      }
      keys_.push_back(std::move(key));
    }
  }

 private:
  using Token = DelimitedScanner::Token;

  void translate(std::string_view bytes, std::string& out) override {
    for (const char c : bytes) {
      bool lone_cr = false;
      const Token token = scanner_.next(c, lone_cr);
      if (lone_cr) field_byte('\r', out);
      if (token == Token::kByte) {
        field_byte(c, out);
      } else if (token == Token::kFieldEnd) {
        begin_field(out);
        if (is_written()) out += '"';
        open_ = false;
        ++column_;
        in_row_ = true;
      } else if (token == Token::kRowEnd) {
        end_row(out);
      } else if (scanner_.in_quotes()) {
        begin_field(out);
      }
    }
  }

  void begin_field(std::string& out) {
    if (open_) return;
    if (!in_row_) ++row_;
    in_row_ = open_ = true;
    if (column_ == 0) out += '{', first_ = true;
    if (!is_written()) return;
    if (!std::exchange(first_, false)) out += ',';
    out += keys_[column_];
  }
  bool is_written() const { return column_ < keys_.size() && !keys_[column_].empty(); }

  void field_byte(char c, std::string& out) {
    begin_field(out);
    if (is_written()) append_json(out, c);
  }

  // A row of another number of fields is left without its closing brace: no object. An empty line is not a row.
  void end_row(std::string& out) {
    if (in_row_ || open_) {
      begin_field(out);
      if (is_written()) out += '"';
      const size_t fields = column_ + 1;
      if (fields == keys_.size()) {
        out += '}';
      } else {
        damage("csv.fields", fmt::format("{} fields, but the header has {}", fields, keys_.size()));
      }
    } else if (keys_.size() == 1) {  // of a table of one column an empty line is an empty field
      ++row_;
      out += '{' + keys_[0] + "\"}";
    }
    out += '\n';
    column_ = 0;
    in_row_ = open_ = false;
  }

  void end(std::string& out) override {
    if (scanner_.in_quotes()) {
      damage("csv.unclosed_quote", "the input ends inside quotes");
      out += '\n';
    } else if (in_row_ || open_) {
      end_row(out);
    }
  }

  bool end_in_damage(std::string& out) override {
    if (in_row_ || open_) out += '\n';
    return in_row_ || open_;
  }

  DelimitedScanner scanner_;
  std::vector<std::string> keys_;  // "\"name\":\""; "": of a column that is left out
  size_t column_ = 0;
  bool in_row_ = false, open_ = false;  // something of the row, of the field has been seen
  bool first_ = false;                  // no field of the row has been written
};

std::string shown(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i == kNamesShown) return text + ", ...";
    std::string name = names[i].substr(0, kNameBytesMax);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, '?');
    text += (i == 0 ? "" : ", ") + name;
  }
  return text;
}

// Spreadsheets of many countries write .csv with semicolons.
TableForm form_of(std::string_view bytes, bool whole, char named, std::string_view text_key) {
  TableForm best{named, bytes.find('\n') == std::string_view::npos && bytes.find('\r') != std::string_view::npos};
  std::vector<std::string> fields;
  size_t most = 0;
  for (const char delimiter : {named, ',', ';', '\t', '|'}) {
    const TableForm form{delimiter, best.rows_end_in_cr};
    if (read_row(bytes, whole, form, fields) == 0) continue;
    if (std::find(fields.begin(), fields.end(), text_key) != fields.end()) return form;
    if (fields.size() > most) most = fields.size(), best = form;
  }
  return best;
}

std::unique_ptr<DecodedInput> open_delimited(std::unique_ptr<DecodedInput> input, char named,
                                             const SourceOptions& options) {
  std::vector<std::string> names;
  size_t size = 0;
  TableForm form{named};
  for (bool whole = false; size == 0;) {
    // Twice as much each time, so that a long header is not read over and over.
    for (const size_t before = input->window().size(); !whole && input->window().size() < 2 * before + 1;) {
      whole = !input->grow();
    }
    if (whole && input->window().empty()) return input;  // nothing at all
    if (!whole && input->window().size() < kFormBytes && input->window().find('\n') == std::string_view::npos) continue;
    form = form_of(input->window(), whole, named, options.text_key);
    size = read_row(input->window(), whole, form, names);
    if (size == 0 && (whole || input->window().size() > kHeaderBytesMax)) {
      throw FormatRefused(input->name() + ": its first row, which should name the columns, does not end");
    }
  }
  const auto count = std::count(names.begin(), names.end(), options.text_key);
  if (count != 1 && !options.text_key.empty()) {
    throw FormatRefused(fmt::format(
        "{}: {} \"{}\" in the header; its columns are {}; name the one that holds the text (--text-key)", input->name(),
        count == 0 ? "there is no column" : "there are two columns", options.text_key, shown(names)));
  }
  input->consume(size);
  return std::make_unique<DelimitedInput>(std::move(input), form, names, options);
}

}  // namespace

std::unique_ptr<DecodedInput> open_csv(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return open_delimited(std::move(input), ',', options);
}

std::unique_ptr<DecodedInput> open_tsv(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return open_delimited(std::move(input), '\t', options);
}

namespace {

// The rows of the same number of fields under a header of distinct names; 0 where something else is met.
size_t count_rows(std::string_view bytes, bool whole, char delimiter, std::set<std::string>& names) {
  std::vector<std::string> header, fields;
  size_t size = read_row(bytes, whole, {delimiter}, header);
  if (size == 0 || header.size() < 2) return 0;
  for (const std::string& name : header) {
    const bool letter = !name.empty() && (is_alpha(name[0]) || name[0] == '_');
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
    });
    if (!letter || !plain || name.size() > kNameBytesMax || !names.insert(name).second) return 0;
  }
  size_t rows = 0;
  while (size < bytes.size()) {
    const size_t next = read_row(bytes.substr(size), whole, {delimiter}, fields);
    if (next == 0) break;  // cut off
    size += next;
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() != header.size()) return 0;
    ++rows;
  }
  return rows;
}

}  // namespace

bool looks_delimited(std::string_view bytes, bool whole, char delimiter, std::string_view text_key) {
  std::set<std::string> names;
  const size_t rows = count_rows(bytes, whole, delimiter, names);
  return rows >= (names.contains(std::string(text_key)) ? 1 : 2);
}

bool has_delimited_text(std::string_view bytes, bool whole, char delimiter, std::string_view text_key) {
  std::set<std::string> names;
  return count_rows(bytes, whole, delimiter, names) > 0 && names.contains(std::string(text_key));
}

}  // namespace ftok
