// CorpusReader: the texts of a list of inputs as pieces of about a megabyte, for many threads to count. Inputs are of
// any format of the table (crawl/input_format.h) that holds texts; what is in a piece depends on the input alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_source.h"
#include "crawl/decoded_input.h"

namespace ftok {

struct CorpusInput {
  std::string path;             // "-": standard input
  std::string format = "auto";  // of the table
  uint64_t weight = 1;
};

struct CorpusPiece {
  static constexpr size_t kPadding = 64;  // readable bytes after `size`, as simdjson wants it

  std::string bytes;
  size_t size = 0;
  const CorpusInput* input = nullptr;
  bool is_lines = false;  // of JSON; else text
  bool is_whole = false;  // a text from its beginning to its end
  uint64_t line = 1;      // of its first byte, in lines

  std::string_view view() const { return {bytes.data(), size}; }
};

// Where a reader is: the bytes of the inputs before it have all been given out.
struct CorpusPosition {
  size_t input = 0;
  uint64_t offset = 0;  // decoded
  uint64_t line = 1;
};

// Not thread-safe. Throws Error naming input and place when reading fails, where compressed data is damaged, and where
// a line is longer than 1 GiB.
class CorpusReader {
 public:
  // No archives. `text_key` is the key, or the column, of the text. `has_sure_cuts`: texts may be cut at
  // last_sure_cut() (pretokenize.h). Else a text of up to 64 MiB stays whole, and a longer one is cut at line ends.
  CorpusReader(std::vector<CorpusInput> inputs, std::string text_key, bool has_sure_cuts);
  ~CorpusReader();

  std::unique_ptr<CorpusPiece> next();  // null at the end

  const CorpusPosition& position() const { return position_; }
  void skip_to(const CorpusPosition& position);  // before the first next()

  // Stored bytes read so far, and of all inputs, 0 when not known.
  uint64_t bytes_read() const;
  uint64_t bytes_total() const { return bytes_total_; }
  const std::vector<CorpusInput>& inputs() const { return inputs_; }

  // Bytes in which the end of a piece was searched. For tests.
  uint64_t bytes_searched() const { return bytes_searched_; }

 private:
  bool open_next();
  size_t read(std::string& out, size_t size);
  size_t cut_of(const std::string& bytes, size_t before, bool at_end, size_t& line_end);

  const std::vector<CorpusInput> inputs_;
  const std::string text_key_;
  const bool has_sure_cuts_;
  bool is_lines_ = false;  // the open input
  CorpusPosition position_;
  std::unique_ptr<DecodedInput> input_;
  std::string carry_;  // read, and not given out
  uint64_t bytes_before_ = 0, bytes_total_ = 0, bytes_searched_ = 0;
};

// Calls visit(text) for each text of a piece that is not empty (is_empty_text), and returns how many are; a part of a
// text is not looked at in that way. Throws Error naming input and line where a line is not a JSON object, has
// no string under `text_key` or is not UTF-8.
uint64_t for_each_text(const CorpusPiece& piece, const std::string& text_key,
                       const std::function<void(std::string_view)>& visit);

}  // namespace ftok
