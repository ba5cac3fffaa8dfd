// JSON Lines, in two halves: cutting an input into lines, which is serial, and parsing a line into a Document, which
// any number of threads can do at a time.
//
// `text_key` and `id_key` name the string members read; `url`, `date`, `dump`, `language` (strings) and
// `language_score` (number) are taken over where present. An id may be any value but null (id_as_written). Empty lines
// are not records. Bytes that are not UTF-8 become U+FFFD and are counted in Document::replacements.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crawl/decoded_input.h"
#include "crawl/source.h"
#include "document/stage.h"

namespace ftok {

// A line that is not empty.
struct JsonLine {
  std::string_view
      text;  // newline included; at least ByteWindow::kPadding readable bytes follow; lives until the next call
  uint64_t number = 0;  // in the input, from 1, empty lines counted
  uint64_t offset = 0;  // stored offset; of rows (DecodedInput::has_rows) the number
  Verdict verdict;      // text.too_large or text.damaged (then `text` is empty), else keep
};

// Serial.
class JsonLineReader {
 public:
  JsonLineReader(std::unique_ptr<DecodedInput> input, uint64_t line_bytes_max)
      : input_(std::move(input)), line_bytes_max_(line_bytes_max) {}

  bool next(JsonLine& line);  // false at the end of the input
  uint64_t bytes_read() const { return input_->bytes_read(); }
  std::vector<Damage> take_damage() { return input_->take_damage(); }

 private:
  bool find_line(size_t& size, bool& too_large);
  void skip_line();

  std::unique_ptr<DecodedInput> input_;
  uint64_t line_bytes_max_;
  uint64_t number_ = 0;
};

// Parses lines. Not thread-safe: one for each thread. Keeps memory for the longest line it has seen.
class JsonDocumentParser {
 public:
  // `start_after`, `fields`: those of SourceOptions.
  JsonDocumentParser(std::string text_key, std::string id_key, std::string start_after = {},
                     const NamedFields& fields = {});
  ~JsonDocumentParser();
  JsonDocumentParser(const JsonDocumentParser&) = delete;
  JsonDocumentParser& operator=(const JsonDocumentParser&) = delete;

  // Fills `document` from a line as JsonLineReader gives it: keep, or a drop text.bad_json, text.no_text or (with
  // start_after) text.other_stage. True in `has_id` when the line has an id of its own; without one Document::id is
  // left alone.
  Verdict parse(std::string_view line, Document& document, bool& has_id);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string text_key_, id_key_, start_after_, sanitized_, plain_;
  std::vector<Reason> numbers_, texts_, lists_;  // the fields that documents keep
};

// The id of a document whose line has a value under `key` that is neither a string nor an integer of 64 bits with its
// sign: as it stands there (every digit of a number), an array or an object without its white space. False where there
// is none, or null.
bool id_as_written(std::string_view line, std::string_view key, std::string& id);

// `integer` as a double; false where no double is that integer, as for most beyond 2^53.
bool exact_double(int64_t integer, double& number);
bool exact_double(uint64_t integer, double& number);

// `line`, or where it is not UTF-8 a copy in `copy` with U+FFFD in place of what is not, with the room behind it that
// simdjson wants; `replaced` is how many of them.
std::string_view utf8_line(std::string_view line, std::string& copy, uint64_t& replaced);

// The damage code of the first member that broke within the next `size` bytes of the window, or null; `size` becomes
// what there is of that member.
const char* damage_within(const DecodedInput& input, size_t& size);

}  // namespace ftok
