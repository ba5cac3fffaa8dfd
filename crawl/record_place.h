// Where a record lies in an input, as `ftok warc list` and rejects say it, and how it is read from there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/byte_source.h"

namespace ftok {

struct RecordPlace {
  uint64_t offset = 0;     // stored
  uint64_t in_member = 0;  // decoded bytes into the member that begins there

  std::string text() const;  // "1234", "1234+567"
};

// "1234" or "1234+567"; nothing for what is neither.
std::optional<RecordPlace> parse_record_place(std::string_view text);

// The stored bytes of a source from `offset` on. A dictionary at the start of a zstd file (the WARC-zstd convention)
// stands before them: frames cannot be decoded without it.
class TailSource : public ByteSource {
 public:
  // Throws UsageError naming the source where it is no longer than `offset`.
  TailSource(std::unique_ptr<ByteSource> source, uint64_t offset);

  size_t read(char* out, size_t size) override;
  const std::string& name() const override { return source_->name(); }

  uint64_t lead() const { return lead_.size(); }  // where the byte at `offset` lies in what is read
  // Whether a line of text may begin at `offset`: compressed bytes do, or the byte before ends a line.
  bool may_begin_line();

 private:
  bool fill_next();

  std::unique_ptr<ByteSource> source_;
  std::string lead_, next_;  // the dictionary; what was read ahead
  std::string before_;       // the last bytes before `offset`
  size_t given_ = 0;         // of `lead_` and `next_`
};

}  // namespace ftok
