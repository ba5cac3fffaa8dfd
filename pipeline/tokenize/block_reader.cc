#include "pipeline/tokenize/block_reader.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/shown.h"
#include "pipeline/inputs.h"

namespace ftok {
namespace {

// Enough that a thread is busy for some milliseconds, and little enough that many are in flight.
constexpr size_t kReadBlockBytes = size_t{1} << 20;
constexpr size_t kBlockRecords = 16384;  // so that empty documents do not make a block without end

}  // namespace

BlockReader::BlockReader(const std::string& input, const std::string& name, const SourceOptions& options,
                         const Log& log)
    : name_(shown_input(input)) {
  SourceOptions named = options;
  named.file_path = name_;
  named.name = name;
  auto digesting = std::make_unique<DigestingSource>(open_input(input, log));
  bytes_ = digesting.get();
  opened_ = open_lines_or_records(std::move(digesting), named);
}

bool BlockReader::next(Block& block) {
  block = Block{};
  block.locator = opened_.locator;
  if (opened_.lines != nullptr) {
    read_lines(block);
    block.damage = opened_.lines->take_damage();
  } else {
    read_items(block);
    block.damage = opened_.records->take_damage();
  }
  const uint64_t count = block.lines.size() + block.items.size();
  if (records_ == 0 && count == 0 && !block.damage.empty()) {
    const Damage& first = block.damage.front();
    throw Error(fmt::format("{} holds no record: damage at {} {}: {} {}", name_, block.locator, first.offset,
                            first.code.view(), first.detail));
  }
  records_ += count;
  block.records = records_;
  block.stored_bytes = bytes_->bytes();
  block.digest = digest_.hex();
  return count > 0 || !block.damage.empty();
}

void BlockReader::read_lines(Block& block) {
  JsonLine line;
  while (block.text.size() < kReadBlockBytes && block.lines.size() < kBlockRecords && opened_.lines->next(line)) {
    block.lines.push_back({block.text.size(), line.text.size(), line.number, line.offset, std::move(line.verdict)});
    block.text += line.text;
  }
  digest_.update(block.text);
  block.text.reserve(block.text.size() + ByteWindow::kPadding);
}

void BlockReader::read_items(Block& block) {
  size_t bytes = 0;
  while (bytes < kReadBlockBytes && block.items.size() < kBlockRecords) {
    Item item;
    if (!opened_.records->next(item)) break;
    bytes += item.document.text.size() + item.document.payload.size();
    digest_.update(item.document.id);
    digest_.update(item.document.text);
    block.items.push_back(std::move(item));
  }
}

}  // namespace ftok
