// RowsInput: an input of rows (an array of JSON, a table of comma-separated values) seen as JSON Lines, so that
// whatever reads lines reads it. Offsets are row numbers, from 1.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crawl/decoded_input.h"
#include "crawl/source.h"

namespace ftok {

class RowsInput : public DecodedInput {
 public:
  explicit RowsInput(std::unique_ptr<DecodedInput> inner) : DecodedInput(kGrowBytes), inner_(std::move(inner)) {}

  uint64_t bytes_read() const override { return inner_->bytes_read(); }
  uint64_t size_if_known() const override { return inner_->size_if_known(); }
  const std::string& name() const override { return inner_->name(); }
  const char* compression() const override { return inner_->compression(); }
  bool has_rows() const override { return true; }

 protected:
  // Turns all of `bytes` into lines in `out`; called with bytes in order.
  virtual void translate(std::string_view bytes, std::string& out) = 0;
  // The input has ended; what is open is ended, and said to be damaged where it may not be.
  virtual void end(std::string& out) = 0;
  // The input is damaged here and read no further: a row that is open ends its line, though not as a row. True where
  // there was one.
  virtual bool end_in_damage(std::string& out) = 0;

  void damage(const char* code, std::string detail) { add_damage(code, row_, std::move(detail)); }
  bool step() override;

  uint64_t row_ = 0;  // the one under way, or the last
  bool done_ = false;

 private:
  static constexpr size_t kGrowBytes = 4096;

  std::unique_ptr<DecodedInput> inner_;
  std::string out_;
};

// The elements of the array that the input holds, one per line.
std::unique_ptr<DecodedInput> open_json_array(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

// The rows under a header row, as objects of strings. RFC 4180: fields may be quoted, "" is a quote, quoted fields hold
// line ends. Rows with more or fewer fields than the header are broken lines and damage csv.fields. Throws Error when
// the header has no column of the text's key, or two; an empty key asks for none.
std::unique_ptr<DecodedInput> open_csv(std::unique_ptr<DecodedInput> input, const SourceOptions& options);
std::unique_ptr<DecodedInput> open_tsv(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

// The rows of a Parquet file: the text's column, the id's, and of `url`, `date`, `dump`, `language`, `language_score`
// what there is; with an empty key of the text the fields that are kept alone. Offsets are row numbers, from 1. A row
// group that cannot be read is damage parquet.bad_data, one of far more text than bytes parquet.bomb; reading continues
// at the next. An input that can be read forward only is kept in a temporary file. Throws Error where Arrow is missing,
// the table of contents cannot be read, or no column of texts has the text's key.
std::unique_ptr<DecodedInput> open_parquet(std::unique_ptr<DecodedInput> input, const SourceOptions& options);
// The documents of these lines.
std::unique_ptr<Source> open_parquet_rows(std::unique_ptr<DecodedInput> input, const SourceOptions& options);

// True when the beginning of an input reads as a table: a header of names without spaces and two rows of as many
// fields, divided by `delimiter`; of a table that is whole one row will do where a column has the text's key.
bool looks_delimited(std::string_view bytes, bool whole, char delimiter, std::string_view text_key);

// The same where a column has the text's key, for delimiters that are met in running text too.
bool has_delimited_text(std::string_view bytes, bool whole, char delimiter, std::string_view text_key);

}  // namespace ftok
