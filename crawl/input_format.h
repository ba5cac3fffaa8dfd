// InputFormat: the formats that inputs come in, and the one table that tells them apart for every reader: `ftok run`,
// `tokenize`, `vocab count|train`, `encode --jsonl`. A format is read (as lines of JSON, or as records of its own) or
// is known only to be refused by name, so that what is not text never becomes a document.
//
// A new format takes one file in sources/ and one row in input_formats().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crawl/decoded_input.h"
#include "crawl/source.h"

namespace ftok {

// What a format is told by: the first decoded bytes, without a byte-order mark.
struct InputPrefix {
  static constexpr size_t kBytes = size_t{64} << 10;

  std::string_view name;   // of the input, as the user gave it
  std::string_view bytes;  // the first kBytes of it, fewer when the input has no more
  bool whole = false;      // nothing follows
  const SourceOptions& options;

  std::string_view start() const;                   // without white space at its beginning
  bool is_named(std::string_view extension) const;  // "x.csv", "x.csv.gz"; case aside
};

// What Document::offset and Damage::offset count in a format.
enum class Locator { kByte, kRow };
const char* locator_name(Locator locator);  // "byte", "row"

struct InputFormat {
  const char* name;                          // as in `format = "jsonl"`
  const char* title;                         // in messages and docs: "JSON Lines"
  bool (*sniff)(const InputPrefix& prefix);  // asked in the table's order; null: never told, only named
  // What opens it. Lines: a view of the input in which each row is a line of JSON. Neither: it is refused.
  std::unique_ptr<DecodedInput> (*open_lines)(std::unique_ptr<DecodedInput>, const SourceOptions&) = nullptr;
  std::unique_ptr<Source> (*open_records)(std::unique_ptr<DecodedInput>, const SourceOptions&) = nullptr;
  const char* advice = "";  // for what is refused: what to do instead
  Locator locator = Locator::kByte;
  bool is_text = false;  // the whole input is one text
  // The documents of the lines, of a format that need not write lines for it.
  std::unique_ptr<Source> (*open_rows)(std::unique_ptr<DecodedInput>, const SourceOptions&) = nullptr;

  bool is_read() const { return open_lines != nullptr || open_records != nullptr; }
  bool holds_texts() const { return open_lines != nullptr || is_text; }
};

// In the order in which they are asked; the last one takes everything.
std::span<const InputFormat> input_formats();
std::vector<std::string> input_format_names();  // "auto" and those that are read

// An input of a known format. What is told as plain text by its beginning is looked at as it is read: reading throws as
// opening does where it goes on as binary data. One of `lines` and `records` is set.
struct OpenedInput {
  const InputFormat* format = nullptr;
  SourceOptions options;                // with file_path and dump filled in
  std::unique_ptr<DecodedInput> lines;  // JSON Lines
  std::unique_ptr<Source> records;
};

// Opens an input in the format of the options; "auto" asks the table. Throws Error naming the input, what it is and
// what to do when it is of a format that is refused, or is not what the format named wants.
OpenedInput open_input_format(std::unique_ptr<ByteSource> bytes, const SourceOptions& options);

// The same, and of lines their documents. *format (may be null) is what the input was told as.
std::unique_ptr<Source> open_documents(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                       const InputFormat** format);

// The same before its records are made, for readers of texts that cut them in their own way: of lines the lines, else
// the decoded bytes.
struct OpenedBytes {
  const InputFormat* format = nullptr;
  SourceOptions options;
  std::unique_ptr<DecodedInput> input;
};
OpenedBytes open_input_bytes(std::unique_ptr<ByteSource> bytes, const SourceOptions& options);

// The rows of an input of texts: lines of JSON, rows of an array or a table. What is told as plain text is taken for
// lines of JSON, each of which is then dropped by name. Throws as open_input_format does, also for what holds no texts.
// *format is what it was told as, or jsonl.
std::unique_ptr<Source> open_text_rows(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                       const InputFormat** format);

// The format `auto` finds: reads the beginning of `bytes`. Throws as open_input_format does.
const InputFormat& tell_input_format(std::unique_ptr<ByteSource> bytes, const SourceOptions& options);

// Whether an archive (WARC, ARC, WET, WAT) is what a name says ("x.warc.gz"; in an address without its query), in any
// case; and whether it is what a file begins with.
bool is_named_archive(std::string_view name);
bool begins_archive(std::string_view bytes);

// True for bytes that are not text: a NUL; more than 10 % that are not part of valid UTF-8; at least eight control
// characters of C0 that are more than 5 %; or at least eight of them and eight invalid bytes, each more than one in
// 1,024. `whole`: the bytes do not end inside a character.
bool is_binary(std::string_view bytes, bool whole);

}  // namespace ftok
