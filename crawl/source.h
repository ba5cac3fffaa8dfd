// make_source: one door from bytes to documents, whatever the format and compression of the input.
//
// Compression (gzip, zstd) and format are told from the content (input_format.h has the table of formats). Every record
// yields exactly one Item:
//   a document   WARC and ARC responses: `payload` holds the HTTP head and body as stored, `text` and `html` are empty.
//                Text inputs (WET conversions, JSON, CSV, TSV, plain text): `text` is filled, `payload` and `html` are
//                empty, so that the stages `http` and `extract`, which pass over documents without payload and html,
//                leave it alone.
//   a skip       kinds: request, metadata, revisit, warcinfo, resource, conversion (not text/plain), continuation,
//                not_http (a response that is not an HTTP message: dns:, ftp:), unknown_type
//   a drop       warc.damaged, warc.too_large (Item::verdict.detail says what), text.damaged, text.too_large,
//                text.bad_json, text.no_text, text.other_stage
// Damage that belongs to no record, and every broken gzip member or zstd frame, comes from Source::take_damage().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/log.h"
#include "core/options.h"
#include "document/named_fields.h"
#include "document/stage.h"

namespace ftok {

class JsonLineReader;
struct InputFormat;

struct SourceOptions {
  std::string file_path;        // goes to Document::file_path; empty: the byte source's name
  std::string name;             // of the input in ids: NAME:LINE of records without an id; empty: file_path
  std::string dump;             // goes to Document::dump where the record names none; empty: dump_of(file_path)
  std::string format = "auto";  // a name of input_format_names()
  int64_t record_bytes_max = int64_t{64} << 20;  // of a record's block, a JSON line, or a text file
  std::string text_key = "text";
  std::string id_key = "id";
  // Not empty: inputs are JSON Lines, or Parquet, that a run left which ended after this stage (output.stop_after), and
  // documents get all their fields; lines of anything else are dropped.
  std::string start_after;
  NamedFields fields;  // of JSON Lines, JSON, Parquet (CSV and TSV: texts) that documents keep

  void visit(OptionVisitor& visitor);
};

// "CC-MAIN-2024-22" out of a path or URL that names a Common Crawl crawl, else empty.
std::string dump_of(const std::string& path);

// The records of `bytes` in order. Throws Error naming the input when reading fails, or when it is of a format that is
// refused (binary data, an error page under a WARC's name). An empty input has no records. `format`
// (may be null) gets the format that was told.
std::unique_ptr<Source> make_source(std::unique_ptr<ByteSource> bytes, const SourceOptions& options,
                                    const InputFormat** format = nullptr);

// Logs a warning for each damaged place. Throws Error if the source yielded no record at all: the input is then
// probably not what its name says.
void report_damage(Source& source, const std::string& name, const InputFormat& format, uint64_t records,
                   const Log& log);

// The same, but of JSONL the lines alone, so that many threads can parse them (json_lines.h). One of the two is set.
struct LinesOrRecords {
  std::unique_ptr<JsonLineReader> lines;
  std::unique_ptr<Source> records;
  const char* locator = "byte";  // what the offsets count: "byte" or "row"

  LinesOrRecords();
  ~LinesOrRecords();
  LinesOrRecords(LinesOrRecords&&) noexcept;
  LinesOrRecords& operator=(LinesOrRecords&&) noexcept;
};
LinesOrRecords open_lines_or_records(std::unique_ptr<ByteSource> bytes, const SourceOptions& options);

}  // namespace ftok
