#include "pipeline/whatif/measured_rows.h"

#include <fmt/format.h>

#include <memory>

#include "core/error.h"
#include "core/ordered_pipeline.h"
#include "core/run_on_threads.h"
#include "core/signals.h"
#include "crawl/decoded_input.h"
#include "crawl/json_lines.h"
#include "filters/language.h"
#include "pipeline/inputs.h"
#include "pipeline/whatif/row.h"

namespace ftok {
namespace {

constexpr size_t kBlockBytes = size_t{4} << 20;
constexpr uint64_t kRowBytesMax = uint64_t{64} << 20;

// Lines on their way through the pipeline.
struct LineBlock {
  std::string lines;
  uint64_t first_line = 1;  // number of the first in its file
  size_t file = 0;
  MeasureBlock rows;
};

// Cuts files of measures into blocks of lines. Serial.
class LineBlockReader {
 public:
  explicit LineBlockReader(const std::vector<std::string>& files) : files_(files) {}

  std::unique_ptr<LineBlock> next() {
    if (stop_requested()) throw Stopped();
    auto block = std::make_unique<LineBlock>();
    JsonLine line;
    while (block->lines.size() < kBlockBytes) {
      if (lines_ == nullptr) {
        if (file_ == files_.size() || !block->lines.empty()) break;
        lines_ = std::make_unique<JsonLineReader>(make_decoded_input(open_input(files_[file_], {})), kRowBytesMax);
      }
      if (!lines_->next(line)) {
        for (const Damage& damage : lines_->take_damage())
          throw Error(fmt::format("{}: damaged at byte {}: {}", files_[file_], damage.offset, damage.code.view()));
        lines_.reset();
        ++file_;
        continue;
      }
      if (!line.verdict.kept())
        throw Error(fmt::format("{}: line {}: {}", files_[file_], line.number, line.verdict.reason.view()));
      if (block->lines.empty()) {
        block->first_line = line.number;
        block->file = file_;
      }
      block->lines += line.text;
      if (!line.text.ends_with('\n')) block->lines += '\n';
    }
    return block->lines.empty() ? nullptr : std::move(block);
  }

 private:
  const std::vector<std::string>& files_;
  size_t file_ = 0;
  std::unique_ptr<JsonLineReader> lines_;
};

void read_rows(const std::vector<std::string>& files, const WantedColumns& wanted, RepeatedTexts& texts,
               LineBlock& block) {
  thread_local MeasuredRowReader reader;
  uint64_t number = block.first_line;
  for (size_t begin = 0; begin < block.lines.size(); ++number) {
    const size_t end = block.lines.find('\n', begin);
    const MeasuredRow* const row = reader.read(std::string_view(block.lines).substr(begin, end - begin));
    if (row == nullptr)
      throw Error(fmt::format("{}: line {}: not a row of `ftok run --measure`", files[block.file], number));
    block.rows.add(*row, wanted, texts);
    begin = end + 1;
  }
  block.rows.finish();
  std::string().swap(block.lines);
}

}  // namespace

void read_measures(const std::vector<std::string>& files, size_t threads, MeasuredRows& rows) {
  LineBlockReader reader(files);
  threads = threads_or_all(threads);
  run_on_threads(threads, [&] {
    ordered_pipeline<LineBlock>(
        2 * threads + 2, [&] { return reader.next(); },
        [&](LineBlock& block) { read_rows(files, rows.wanted, rows.texts, block); },
        [&](LineBlock& block) {
          for (size_t row = 0; row < block.rows.rows(); ++row)
            rows.repeats.add(block.rows.keys[row], block.file, block.rows.inputs[row]);
          std::vector<std::vector<uint64_t>>().swap(block.rows.keys);
          std::vector<uint64_t>().swap(block.rows.inputs);
          rows.blocks.push_back(std::move(block.rows));
        });
    rows.repeats.finish();
  });
}

std::vector<std::string> language_stages(const RecipeConfig& recipe) {
  std::vector<std::string> stages;
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.get<LanguageOptions>() != nullptr) stages.push_back(entry.name);
  }
  return stages;
}

}  // namespace ftok
