// Parquet through Arrow's C++ library. Arrow is linked by a module of its own (libftok_arrow.so), which is loaded when
// the first Parquet file is met, or a recipe names Arrow (core/arrow_batches.h): a program without the module starts
// and runs, and refuses both by name.
//
// The classes here are what the module implements; they pass nothing but the standard library's types, since the module
// links no library of ftok's but core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/arrow_batches.h"

namespace ftok {

// The bytes of a file, for many threads at a time.
class ParquetBytes {
 public:
  virtual ~ParquetBytes() = default;
  virtual uint64_t size() const = 0;
  // Reads `size` bytes at `offset`, fewer only at the end; returns how many, or -1 where reading fails. Does not throw.
  virtual int64_t read_at(uint64_t offset, char* out, size_t size) = 0;
};

struct ParquetReadOptions {
  std::string text_key;                // path of the text's column: "text", "page.text"; with `all`: not looked for
  std::string id_key;                  // of the id's; empty: ids are not read
  uint64_t value_bytes_max = 0;        // a longer text makes a line that is longer than this, and no JSON
  uint64_t memory_bytes_max = 0;       // that Arrow may hold for one file
  std::vector<std::string> more = {};  // columns of numbers, texts or lists of texts that are read too, where they are
  bool all = false;      // every column of texts, numbers, truths, times and lists of texts or whole numbers, in order
  bool records = false;  // rows come as records (core/parquet_record.h), not as lines
};

enum class ParquetType { kText, kTexts, kInteger, kIntegers, kReal, kTruth };  // kTexts, kIntegers: lists

struct ParquetField {
  std::string name;
  ParquetType type = ParquetType::kText;

  bool operator==(const ParquetField&) const = default;
};

// The rows of one row group, as lines of JSON or as records. Serial.
class ParquetRows {
 public:
  enum class Outcome { kMore, kEnd, kBomb };  // kBomb: far more text than stored bytes; the rest is not read

  virtual ~ParquetRows() = default;
  // Appends rows to `out` until these hold `bytes` or the row group ends. Throws std::runtime_error where its bytes
  // are not Parquet; the rows before that are in `out`.
  virtual Outcome next(size_t bytes, std::string& out) = 0;
  virtual uint64_t rows_done() const = 0;
};

class ParquetFile {
 public:
  virtual ~ParquetFile() = default;
  virtual std::vector<ParquetField> fields() const = 0;  // the columns that are read
  virtual bool gives_records() const = 0;                // where they were asked for, and no column is one of lists
  virtual size_t row_groups() const = 0;
  virtual uint64_t rows(size_t row_group) const = 0;        // as the file says: nothing vouches for it
  virtual uint64_t stored_end(size_t row_group) const = 0;  // where its columns end in the file, as the file says
  // Thread-safe. Throws std::runtime_error.
  virtual std::unique_ptr<ParquetRows> open(size_t row_group) = 0;
};

// Where a written file's bytes go. `write` throws where it cannot; the exception passes through the module.
class ParquetSink {
 public:
  virtual ~ParquetSink() = default;
  virtual void write(std::string_view bytes) = 0;
};

// Writes rows. A field that a row does not get is null. The same calls give the same bytes. Serial.
class ParquetWriter {
 public:
  virtual ~ParquetWriter() = default;
  virtual void text(size_t field, std::string_view value) = 0;
  virtual void texts(size_t field, std::vector<std::string> values) = 0;
  virtual void integer(size_t field, int64_t value) = 0;
  virtual void integers(size_t field, std::vector<int64_t> values) = 0;
  virtual void real(size_t field, double value) = 0;
  virtual void truth(size_t field, bool value) = 0;
  virtual void end_row() = 0;
  virtual void end_row_group() = 0;  // where there are rows in it
  virtual void finish() = 0;         // ends the file
};

struct ParquetWriteOptions {
  std::vector<ParquetField> fields;
  uint64_t row_group_bytes = 0;  // of values, after which a row group ends
};

// What the module offers.
struct ArrowModule {
  static constexpr uint32_t kVersion = 5;

  uint32_t version = 0;
  const char* arrow_version = "";
  // Throws std::runtime_error saying in one line what is wrong with the file or its columns.
  std::unique_ptr<ParquetFile> (*open)(std::shared_ptr<ParquetBytes> bytes,
                                       const ParquetReadOptions& options) = nullptr;
  // Throws std::runtime_error.
  std::unique_ptr<ParquetWriter> (*create)(ParquetSink& sink, const ParquetWriteOptions& options) = nullptr;
  std::unique_ptr<ArrowRequests> (*requests)(const ArrowRequestSchema& schema) = nullptr;
  // `bytes_max`: of an answer, as it is sent and as it is read.
  std::unique_ptr<ArrowAnswers> (*answers)(uint64_t bytes_max) = nullptr;
};

// The module, or null where this installation has none. Loaded once; thread-safe.
const ArrowModule* arrow_module();

// What to do where there is none, for messages.
inline constexpr std::string_view kNoArrow =
    "this ftok was built without Arrow: build it with FTOK_ARROW=ON (docs/formats.md, Parquet), or write its rows as "
    "JSON Lines, one {\"text\": ...} per line";

}  // namespace ftok
